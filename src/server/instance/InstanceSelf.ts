/**
 * The instance as its behaviour sees it. Functions are made when they are read: a behaviour can pass them around on
 * their own, and an instance that uses none of them holds none.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import { CurrentTurn } from "../../actor/Activation.ts"
import type { Caller } from "../../Caller.ts"
import type * as Component from "../../Component.ts"
import * as LatestStream from "../../LatestStream.ts"
import type { LiveError } from "../../LiveError.ts"
import type { ComponentId } from "../../LiveId.ts"
import type { Person } from "../../Presence.ts"
import { ClientInfo } from "../sync/ClientInfo.ts"
import type { Instance } from "./Instance.ts"
import type { InstanceActor } from "./InstanceActor.ts"

/** The service that a behaviour gets for the class of its component. */
export class InstanceSelf implements Component.InstanceContext<unknown, unknown, Component.Events, unknown> {
  readonly #actor: InstanceActor

  constructor(actor: InstanceActor) {
    this.#actor = actor
  }

  get #instance(): Instance {
    return this.#actor.instance
  }

  get id(): ComponentId {
    return this.#instance.id
  }

  get key(): string | undefined {
    return this.#instance.key
  }

  get props(): unknown {
    return this.#instance.props
  }

  get activation(): number {
    return this.#actor.activation
  }

  get get(): Effect.Effect<unknown> {
    const { cell } = this.#instance
    return Effect.sync(() => cell.state)
  }

  get set(): (state: unknown) => Effect.Effect<void> {
    const { cell } = this.#instance
    return (state) => Effect.asVoid(cell.change(() => state))
  }

  get update(): (f: (state: unknown) => unknown) => Effect.Effect<unknown> {
    const { cell } = this.#instance
    return (f) => cell.change(f)
  }

  get room(): string | undefined {
    return this.rooms[0]
  }

  get rooms(): ReadonlyArray<string> {
    return this.#actor.rooms.names
  }

  get join(): (room: string) => Effect.Effect<void, LiveError> {
    const { rooms } = this.#actor
    return (room) => rooms.join(room)
  }

  get leave(): (room: string) => Effect.Effect<void> {
    const { rooms } = this.#actor
    return (room) => Effect.sync(() => rooms.leave(room))
  }

  get broadcast(): (
    event: string,
    payload: unknown,
    options?: Component.BroadcastOptions
  ) => Effect.Effect<void, LiveError> {
    const { rooms } = this.#actor
    return (event, payload, options = {}) =>
      Effect.flatMap(caller, (client) => rooms.broadcast(event, payload, options, client))
  }

  get changes(): Stream.Stream<unknown> {
    const instance = this.#instance
    return LatestStream.make((tell) => {
      tell(instance.cell.state)
      return instance.listen(tell)
    })
  }

  get presence(): Effect.Effect<ReadonlyArray<Person>> {
    const { rooms } = this.#actor
    return Effect.sync(() => rooms.people)
  }

  get presenceChanges(): Stream.Stream<ReadonlyArray<Person>> {
    const { rooms } = this.#actor
    return LatestStream.make((tell) => rooms.listen(tell))
  }

  get track(): (metadata: unknown, of?: Caller) => Effect.Effect<void, LiveError> {
    const { rooms } = this.#actor
    return (metadata, of) =>
      Effect.flatMap(caller, (client) => rooms.track(metadata, of instanceof ClientInfo ? of : client))
  }
}

/** The caller of the message that is being handled. */
const caller = Effect.withFiber((fiber) =>
  Effect.succeed(Context.get(fiber.context, CurrentTurn)?.from as ClientInfo | undefined)
)
