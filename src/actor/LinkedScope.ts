// Relies on effect's insides: test/actor/effectInternals.test.ts fails when an upgrade changes them.
/**
 * The Scope of one activation of an actor. It is an ordinary Scope that also says which fibers were forked in it, so that
 * a background fiber and its actor share one fate without the author having to link them, and lets its finalizers be bounded.
 * Fibers of a scope inside this one (a `FiberMap`, `Effect.scoped`) belong to that scope and are not reported. Nor is a fiber that
 * was started at once (`startImmediately`) and has ended before it first waited: it never comes into the Scope, so its failure is
 * nobody's crash.
 */
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"

/** Who is told of the fibers, and closes the Scope. */
export interface Listener {
  readonly forked: (fiber: Fiber.Fiber<unknown, unknown>) => void
  /** Runs a finalizer, of a fiber if it is one that interrupts it. */
  readonly finalize: (
    finalizer: Effect.Effect<void>,
    fiber: Fiber.Fiber<unknown, unknown> | undefined
  ) => Effect.Effect<void>
}

type Finalizer = (exit: Exit.Exit<unknown, unknown>) => Effect.Effect<void>

/** Creates a Scope that tells `listener` of every fiber that is forked in it. */
export const makeUnsafe = (listener: Listener): Scope.Closeable => new LinkedScope(listener) as never

/** A Scope keeps its finalizers in `state`; whoever replaces it is given one that sees the fibers. */
class LinkedScope {
  readonly #listener: Listener
  #state!: Scope.Scope["state"]

  constructor(listener: Listener) {
    this.#listener = listener
    Object.assign(this, Scope.makeUnsafe())
  }

  get state(): Scope.Scope["state"] {
    return this.#state
  }

  set state(next: Scope.Scope["state"]) {
    this.#state = next._tag === "Open" ? withLinkedFinalizers(next, this.#listener) : next
  }
}

const withLinkedFinalizers = (open: Scope.State.Open, listener: Listener): Scope.State.Open => {
  const finalizers = new LinkedFinalizers(listener)
  if (open.finalizerKey !== undefined && open.finalizer !== undefined) finalizers.set(open.finalizerKey, open.finalizer)
  return { _tag: "Open", finalizerKey: undefined, finalizer: undefined, finalizers }
}

/**
 * `Effect.forkIn` registers a fiber's interruption under the fiber itself; that is how it is seen here. For a fiber that has ended
 * already it registers nothing, and tells nobody of it.
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
