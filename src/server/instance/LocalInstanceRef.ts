/** A reference to an instance in this process. */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import type { Resume, SendOptions } from "../../actor/Message.ts"
import type * as Component from "../../Component.ts"
import { ComponentCrashed, type LiveError, refuse } from "../../LiveError.ts"
import type { ComponentId } from "../../LiveId.ts"
import type { Mounted, ResumePoint } from "../../LiveProtocol.ts"
import type { Json } from "../../Patch.ts"
import * as Footprint from "../Footprint.ts"
import type { StateCursor } from "../sync/StateCursor.ts"
import type { InstanceActor } from "./InstanceActor.ts"
import type { InstanceRef } from "./InstanceRef.ts"
import type { InstanceRunner } from "./InstanceRunner.ts"
import type { Subscriber } from "./Subscriber.ts"

/** What a client mounts an instance with. */
export interface Brought {
  readonly props: unknown
  /** What was tracked of it in an earlier session, encoded. */
  readonly presence?: Json | undefined
}

/** A reference to an instance in this process. */
export class LocalInstanceRef implements InstanceRef {
  readonly #actor: InstanceActor
  /** The props of this mount. A shared instance was made with those of its first. */
  readonly #props: unknown
  /** Their size, once somebody has asked for it. */
  #propsBytes: number | undefined
  readonly #runner: InstanceRunner["Service"]
  /** Keeps a keyed instance active; undefined for a private one, which counts its holders. */
  readonly #scope: Scope.Closeable | undefined
  /** What was tracked of this client in an earlier session, encoded. */
  readonly #presence: Json | undefined

  constructor(
    actor: InstanceActor,
    { presence, props }: Brought,
    runner: InstanceRunner["Service"],
    scope?: Scope.Closeable
  ) {
    this.#actor = actor
    this.#props = props
    this.#presence = presence
    this.#runner = runner
    this.#scope = scope
  }

  get id(): ComponentId {
    return this.#actor.instance.id
  }

  get epoch(): number {
    return this.#actor.instance.epoch
  }

  get key(): string | undefined {
    return this.#actor.instance.key
  }

  get component(): Component.Any {
    return this.#actor.instance.definition.component
  }

  get capacity(): number {
    return this.#actor.capacity
  }

  bytesFor(cursor: StateCursor<Subscriber>): number {
    const { instance, roomsIfAny: rooms } = this.#actor
    const brought = (this.#propsBytes ??= propsBytes(this.component, this.#props)) + (rooms?.metadataBytes(cursor) ?? 0)
    if (instance.key !== undefined) return Footprint.sharedMount + brought
    return Footprint.privateMount + brought + instance.bytes + (rooms?.bytes ?? 0)
  }

  send(tag: string, payload: unknown, options: SendOptions, listener: Resume): () => void {
    return this.#actor.instance.cell.send(tag, payload, options, listener)
  }

  onStop(listener: () => void): () => void {
    return this.#actor.onStop(listener)
  }

  subscribe(subscriber: Subscriber): Effect.Effect<StateCursor<Subscriber>, LiveError> {
    const { instance, roomsIfAny: rooms } = this.#actor
    if (rooms?.fits(subscriber) === false) return refuse(rooms.tooMany)
    let cursor: StateCursor<Subscriber>
    try {
      cursor = instance.open(subscriber)
    } catch (defect) {
      instance.report("The view of a component failed", defect)
      return refuse(new ComponentCrashed({ component: instance.address }))
    }
    rooms?.arrived(cursor, this.#props, this.#presence)
    return Effect.succeed(cursor)
  }

  unsubscribe(cursor: StateCursor<Subscriber>): void {
    const { instance, roomsIfAny: rooms } = this.#actor
    if (!instance.cursors.has(cursor)) return
    rooms?.departed(cursor)
    instance.close(cursor)
  }

  detach(cursor: StateCursor<Subscriber>): void {
    cursor.leave()
    this.#actor.roomsIfAny?.seen(cursor)
  }

  resume(cursor: StateCursor<Subscriber>, from: ResumePoint | undefined): void {
    this.#actor.instance.resume(cursor, from)
    this.#actor.roomsIfAny?.seen(cursor)
  }

  startAgain(cursor: StateCursor<Subscriber>): void {
    cursor.unannounce()
    this.#actor.roomsIfAny?.seen(cursor)
  }

  snapshot(
    cursor: StateCursor<Subscriber>,
    { index, seals }: { readonly index: number | undefined; readonly seals: boolean }
  ): Mounted {
    const { instance, roomsIfAny: rooms } = this.#actor
    // A client that is back has used up its token, and another tab may try to use the same.
    if (instance.key === undefined) instance.keep(seals ? "now" : "soon")
    else if (seals) rooms?.carry(cursor)
    return instance.snapshot(cursor, index ?? rooms?.index ?? 0)
  }

  get release(): Effect.Effect<void> {
    return this.#scope === undefined ? this.#runner.release(this.#actor) : Scope.close(this.#scope, Exit.void)
  }

  get farewell(): Effect.Effect<string | undefined> {
    return this.#runner.farewell(this.#actor)
  }
}

const propsBytes = ({ codec }: Component.Any, props: unknown): number => {
  const encoded = codec.encodeProps(props)
  return Exit.isSuccess(encoded) ? Footprint.ofJson(encoded.value) : 0
}
