// Relies on effect's insides: test/actor/effectInternals.test.ts fails when an upgrade changes them.
/**
 * The Scope of one activation. It is an ordinary Scope that also reports the fibers forked in it, so that the failure
 * of a background fiber is a crash of its actor, and that limits its finalizers. Fibers of a Scope inside this one (a
 * `FiberMap`, `Effect.scoped`) belong to that Scope and are not reported. Neither is a fiber that was started with
 * `startImmediately` and has ended before it first waited: it never enters the Scope.
 */
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"

/** The owner of the Scope. */
export interface Listener {
  readonly forked: (fiber: Fiber.Fiber<unknown, unknown>) => void
  /** Runs a finalizer. `fiber` is the one that it interrupts, if it does. */
  readonly finalize: (
    finalizer: Effect.Effect<void>,
    fiber: Fiber.Fiber<unknown, unknown> | undefined
  ) => Effect.Effect<void>
}

type Finalizer = (exit: Exit.Exit<unknown, unknown>) => Effect.Effect<void>

/** A Scope that reports every fiber forked in it. */
export const makeUnsafe = (listener: Listener): Scope.Closeable => new LinkedScope(listener) as never

/** A Scope keeps its finalizers in `state`; this one replaces each new state by one that reports fibers. */
class LinkedScope {
  readonly #listener: Listener
  #state: Scope.Scope["state"]

  constructor(listener: Listener) {
    this.#listener = listener
    this.#state = empty
  }

  get state(): Scope.Scope["state"] {
    return this.#state
  }

  set state(next: Scope.Scope["state"]) {
    this.#state = next._tag === "Open" ? withLinkedFinalizers(next, this.#listener) : next
  }
}

// What is the same for all is not held by each: there is one for every actor.
const { state: empty, ...constant } = Scope.makeUnsafe()
Object.assign(LinkedScope.prototype, constant)

const withLinkedFinalizers = (open: Scope.State.Open, listener: Listener): Scope.State.Open => {
  const finalizers = new LinkedFinalizers(listener)
  if (open.finalizerKey !== undefined && open.finalizer !== undefined) finalizers.set(open.finalizerKey, open.finalizer)
  return { _tag: "Open", finalizerKey: undefined, finalizer: undefined, finalizers }
}

/**
 * `Effect.forkIn` registers the finalizer of a fiber under the fiber itself. It registers none for a fiber that has
 * ended already.
 */
class LinkedFinalizers extends Map<object, Finalizer> {
  readonly #listener: Listener

  constructor(listener: Listener) {
    super()
    this.#listener = listener
  }

  override set(key: object, finalizer: Finalizer): this {
    const listener = this.#listener
    const fiber = Fiber.isFiber(key) ? (key as Fiber.Fiber<unknown, unknown>) : undefined
    super.set(key, (exit) =>
      listener.finalize(
        Effect.suspend(() => finalizer(exit)),
        fiber
      )
    )
    if (fiber !== undefined) listener.forked(fiber)
    return this
  }
}
