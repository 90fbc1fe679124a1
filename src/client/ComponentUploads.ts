/** The uploads of one mounted component that have not ended, as far as every page has to know them: `UploadStarter` begins them. */
import type * as Semaphore from "effect/Semaphore"
import type * as Component from "../Component.ts"
import type { LiveError } from "../LiveError.ts"
import type { Callee } from "./ActionCaller.ts"
import type { ClientConnection } from "./ClientConnection.ts"

/** An upload that is told what becomes of its component. */
export interface ComponentUpload {
  readonly wake: () => void
  readonly disconnected: () => void
  readonly fail: (error: LiveError) => void
}

/** The uploads of one mounted component. */
export class ComponentUploads {
  readonly component: Component.Any
  readonly connection: ClientConnection
  readonly callee: Pick<Callee, "refusal" | "target">
  /** Those that have not ended. */
  readonly tasks = new Set<ComponentUpload>()
  /** Lets those of one name wait for their turn. */
  readonly turns = new Map<string, Semaphore.Semaphore>()

  constructor(component: Component.Any, connection: ClientConnection, callee: Pick<Callee, "refusal" | "target">) {
    this.component = component
    this.connection = connection
    this.callee = callee
  }

  /** They may be sent now. */
  wake(): void {
    for (const task of this.tasks) task.wake()
  }

  /** The connection is lost. */
  disconnected(): void {
    for (const task of this.tasks) task.disconnected()
  }

  /** The component is gone: all of them fail. */
  fail(error: LiveError): void {
    for (const task of Array.from(this.tasks)) task.fail(error)
  }
}
