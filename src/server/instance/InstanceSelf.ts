/**
 * An instance as its own behaviour sees it. Its members are made when they are read, so that they can be passed around on their
 * own and an instance that nobody asks holds none of them.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"
import { CurrentTurn } from "../../actor/Activation.ts"
import type { Caller } from "../../Caller.ts"
import type * as Component from "../../Component.ts"
import type { LiveError } from "../../LiveError.ts"
import type { ComponentId } from "../../LiveId.ts"
import type { Person } from "../../Presence.ts"
import { ClientInfo } from "../sync/ClientInfo.ts"
import type { InstanceRooms } from "./InstanceRooms.ts"

/** The instance, as far as its behaviour may reach it. */
export interface SelfOwner {
  readonly id: ComponentId
  readonly key: string | undefined
  readonly props: unknown
  readonly activation: number
  readonly cell: {
    readonly state: unknown
    readonly change: (update: (state: unknown) => unknown) => Effect.Effect<unknown>
  }
  readonly rooms: InstanceRooms
  readonly listen: (listener: (state: unknown) => void) => () => void
}

/** The service a behaviour gets for its component's class. */
export class InstanceSelf implements Component.InstanceContext<unknown, unknown, Component.Events, unknown> {
  readonly #instance: SelfOwner

  constructor(instance: SelfOwner) {
    this.#instance = instance
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
    return this.#instance.activation
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
    return this.#instance.rooms.names
  }

  get join(): (room: string) => Effect.Effect<void, LiveError> {
    const { rooms } = this.#instance
    return (room) => rooms.join(room)
  }

  get leave(): (room: string) => Effect.Effect<void> {
    const { rooms } = this.#instance
    return (room) => Effect.sync(() => rooms.leave(room))
  }

  get broadcast(): (
    event: string,
    payload: unknown,
    options?: Component.BroadcastOptions
  ) => Effect.Effect<void, LiveError> {
    const { rooms } = this.#instance
    return (event, payload, options = {}) =>
      Effect.flatMap(caller, (client) => rooms.broadcast(event, payload, options, client))
  }

  get changes(): Stream.Stream<unknown> {
    const instance = this.#instance
    return latest((tell) => {
      tell(instance.cell.state)
      return instance.listen(tell)
    })
  }

  get presence(): Effect.Effect<ReadonlyArray<Person>> {
    const { rooms } = this.#instance
    return Effect.sync(() => rooms.people)
  }

  get presenceChanges(): Stream.Stream<ReadonlyArray<Person>> {
    const { rooms } = this.#instance
    return latest((tell) => rooms.listen(tell))
  }

  get track(): (metadata: unknown, of?: Caller) => Effect.Effect<void, LiveError> {
    const { rooms } = this.#instance
    return (metadata, of) =>
      Effect.flatMap(caller, (client) => rooms.track(metadata, of instanceof ClientInfo ? of : client))
  }
}

/** Whose call is being handled. */
const caller = Effect.withFiber((fiber) =>
  Effect.succeed(Context.get(fiber.context, CurrentTurn)?.from as ClientInfo | undefined)
)

/** What is told, of which a slow reader gets the latest. */
const latest = <A>(listen: (tell: (value: A) => void) => () => void): Stream.Stream<A> =>
  Stream.callback<A>(
    (queue) =>
      Effect.acquireRelease(
        Effect.sync(() => listen((value) => void Queue.offerUnsafe(queue, value))),
        (stop) => Effect.sync(stop)
      ),
    { bufferSize: 1, strategy: "sliding" }
  )
