/** A reference to an instance that runs in this process. */
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Resume, SendOptions } from "../../actor/Message.ts"
import type * as Component from "../../Component.ts"
import type { LiveError } from "../../LiveError.ts"
import type { ComponentId } from "../../LiveId.ts"
import type { Mounted, ResumePoint } from "../../LiveProtocol.ts"
import type { StateCursor } from "../sync/StateCursor.ts"
import type { Instance } from "./Instance.ts"
import type { InstanceRef } from "./InstanceRef.ts"
import type { Subscriber } from "./Subscriber.ts"

/** Who runs the instances of this process, as far as a reference needs it. */
export interface Releaser {
  readonly release: (instance: Instance, scope: Scope.Closeable | undefined) => Effect.Effect<void>
  readonly farewell: (instance: Instance) => Effect.Effect<string | undefined>
}

/** A hold on an instance of this process. */
export class LocalInstanceRef implements InstanceRef {
  readonly instance: Instance
  /** What this holder has mounted it with; a shared instance was made with those of the first. */
  readonly #props: unknown
  /** Holds a keyed instance active; a private one counts its holders. */
  readonly #scope: Scope.Closeable | undefined
  readonly #releaser: Releaser

  constructor(instance: Instance, props: unknown, scope: Scope.Closeable | undefined, releaser: Releaser) {
    this.instance = instance
    this.#props = props
    this.#scope = scope
    this.#releaser = releaser
  }

  get id(): ComponentId {
    return this.instance.id
  }

  get key(): string | undefined {
    return this.instance.key
  }

  get component(): Component.Any {
    return this.instance.definition.component
  }

  get capacity(): number {
    return this.instance.capacity
  }

  get bytes(): number {
    return this.instance.bytes
  }

  send(tag: string, payload: unknown, options: SendOptions, listener: Resume): () => void {
    return this.instance.cell.send(tag, payload, options, listener)
  }

  subscribe(subscriber: Subscriber): Effect.Effect<StateCursor<Subscriber>, LiveError> {
    return this.instance.read(subscriber, this.#props)
  }

  unsubscribe(cursor: StateCursor<Subscriber>): void {
    this.instance.leave(cursor)
  }

  detach(cursor: StateCursor<Subscriber>): void {
    cursor.leave()
    this.instance.seen(cursor)
  }

  resume(cursor: StateCursor<Subscriber>, from: ResumePoint | undefined): void {
    this.instance.resume(cursor, from)
  }

  startAgain(cursor: StateCursor<Subscriber>): void {
    cursor.hold()
    this.instance.seen(cursor)
  }

  snapshot(
    cursor: StateCursor<Subscriber>,
    { index, seals }: { readonly index: number | undefined; readonly seals: boolean }
  ): Mounted {
    this.instance.keep(seals)
    return this.instance.snapshot(cursor, index)
  }

  get release(): Effect.Effect<void> {
    return this.#releaser.release(this.instance, this.#scope)
  }

  get farewell(): Effect.Effect<string | undefined> {
    return this.#releaser.farewell(this.instance)
  }
}
