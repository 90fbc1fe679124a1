/**
 * An instance as its own behaviour sees it. Its members are made when they are read, so that they can be passed around on their
 * own and an instance that nobody asks holds none of them.
 */
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"
import type * as Component from "../Component.ts"
import type { ComponentId } from "../LiveId.ts"

/** The instance, as far as its behaviour may reach it. */
export interface Owner {
  readonly id: ComponentId
  readonly key: string | undefined
  readonly props: unknown
  readonly activation: number
  readonly cell: {
    readonly state: unknown
    readonly change: (update: (state: unknown) => unknown) => Effect.Effect<unknown>
  }
  readonly broadcast: (event: string, payload: unknown) => Effect.Effect<void>
  readonly listen: (listener: (state: unknown) => void) => () => void
}

/** The service a behaviour gets for its component's class. */
export class Self implements Component.Instance<unknown, unknown, Component.Events> {
  readonly #instance: Owner

  constructor(instance: Owner) {
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

  get broadcast(): (event: string, payload: unknown) => Effect.Effect<void> {
    const instance = this.#instance
    return (event, payload) => instance.broadcast(event, payload)
  }

  get changes(): Stream.Stream<unknown> {
    const instance = this.#instance
    return Stream.callback(
      (queue) =>
        Effect.acquireRelease(
          Effect.sync(() => {
            Queue.offerUnsafe(queue, instance.cell.state)
            return instance.listen((state) => void Queue.offerUnsafe(queue, state))
          }),
          (stop) => Effect.sync(stop)
        ),
      { bufferSize: 1, strategy: "sliding" }
    )
  }
}
