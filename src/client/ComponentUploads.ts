/** The uploads of one mounted component: checks files before a byte is sent, and lets each wait for its turn. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Semaphore from "effect/Semaphore"
import * as Tracer from "effect/Tracer"
import type * as Component from "../Component.ts"
import { type LiveError, refuse, UploadRejected } from "../LiveError.ts"
import * as Log from "../Log.ts"
import * as Upload from "../Upload.ts"
import type { Callee } from "./ActionCaller.ts"
import type { ClientConnection } from "./ClientConnection.ts"
import * as UploadSource from "./UploadSource.ts"
import { UploadTask } from "./UploadTask.ts"

/** The uploads of one mounted component. */
export class ComponentUploads {
  readonly #component: Component.Any
  readonly #connection: ClientConnection
  readonly #callee: Pick<Callee, "refusal" | "target">
  /** Those that have not ended. */
  readonly #tasks = new Set<UploadTask>()
  readonly #turns = new Map<string, Semaphore.Semaphore>()

  constructor(component: Component.Any, connection: ClientConnection, callee: Pick<Callee, "refusal" | "target">) {
    this.#component = component
    this.#connection = connection
    this.#callee = callee
  }

  /** Begins to upload a file. Fails when it is not taken. */
  begin(
    upload: string,
    source: UploadSource.UploadSource,
    options?: UploadSource.UploadOptions
  ): Effect.Effect<UploadTask, LiveError> {
    return Effect.flatMap(Effect.serviceOption(Tracer.ParentSpan), (span) => {
      const refusal = this.#callee.refusal()
      if (refusal !== undefined) return Effect.fail(refusal)
      const policy = this.#component.codec.uploads.get(upload)
      if (policy === undefined) {
        return refuse(new UploadRejected({ upload, reason: "unknown", detail: "the component has no such upload" }))
      }
      const file = UploadSource.open(upload, source, options)
      const rejected = Upload.check(upload, policy, file.declared)
      if (rejected !== undefined) return refuse(rejected)
      const { maxQueuedCalls: most } = this.#connection.limits
      if (this.#tasks.size >= most) {
        return refuse(new UploadRejected({ upload, reason: "tooMany", detail: `${most} files wait already` }))
      }
      return Effect.sync(() => this.#begun(upload, policy, file, Option.getOrUndefined(span)))
    })
  }

  /** They may be sent now. */
  wake(): void {
    for (const task of this.#tasks) task.wake()
  }

  /** The connection is lost. */
  disconnected(): void {
    for (const task of this.#tasks) task.disconnected()
  }

  /** The component is gone: all of them fail. */
  fail(error: LiveError): void {
    for (const task of Array.from(this.#tasks)) task.fail(error)
  }

  /** Its requests are children of the span of whoever began it. */
  #begun(
    upload: string,
    { maxFiles }: Upload.UploadPolicy,
    file: UploadSource.OpenedFile,
    span: Tracer.AnySpan | undefined
  ): UploadTask {
    const { componentName } = this.#component
    const job = {
      component: componentName,
      upload,
      file,
      target: this.#callee.target,
      abandoned: (uploadId: string) => this.#abandoned(uploadId),
      report: (defect: unknown) =>
        void this.#connection.run(Log.error(`A listener of an upload to "${componentName}" failed`, { cause: defect }))
    }
    const task = new UploadTask(job, this.#connection)
    const turn = this.#turns.get(upload) ?? Semaphore.makeUnsafe(maxFiles)
    this.#turns.set(upload, turn)
    this.#tasks.add(task)
    task.start((effect) =>
      this.#connection.run(
        Effect.ensuring(
          turn.withPermit(span === undefined ? effect : Effect.withParentSpan(effect, span)),
          Effect.sync(() => this.#tasks.delete(task))
        )
      )
    )
    return task
  }

  /** Has the server remove what it has of an upload, now or with the next connection. */
  #abandoned(uploadId: string): void {
    const connection = this.#connection
    const cancel = () => void connection.run(Effect.ignore(connection.requests.UploadCancel({ uploadId })))
    if (connection.isConnected()) return cancel()
    const stop = connection.subscribe({
      connected: () => {
        stop()
        cancel()
      },
      disconnected: () => {},
      closed: () => {},
      place: () => undefined
    })
  }
}
