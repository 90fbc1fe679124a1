/**
 * The Scope of one activation of an actor. It is an ordinary Scope that also says which fibers were forked in it, so that
 * a background fiber and its actor share one fate without the author having to link them.
 */
import type * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"

type Finalizer = (exit: Exit.Exit<unknown, unknown>) => Effect.Effect<void>

/** Creates a Scope that calls `onFork` with every fiber that is forked in it. */
export const makeUnsafe = (onFork: (fiber: Fiber.Fiber<unknown, unknown>) => void): Scope.Closeable => {
  const scope = Scope.makeUnsafe()
  let state = scope.state
  Object.defineProperty(scope, "state", {
    enumerable: true,
    get: () => state,
    set: (next: Scope.Scope["state"]) => {
      state = next._tag === "Open" ? withLinkedFinalizers(next, onFork) : next
    }
  })
  return scope
}

const withLinkedFinalizers = (
  open: Scope.State.Open,
  onFork: (fiber: Fiber.Fiber<unknown, unknown>) => void
): Scope.State.Open => {
  const finalizers = new LinkedFinalizers(onFork)
  if (open.finalizerKey !== undefined && open.finalizer !== undefined) finalizers.set(open.finalizerKey, open.finalizer)
  return { _tag: "Open", finalizerKey: undefined, finalizer: undefined, finalizers }
}

/** `Effect.forkIn` registers a fiber's interruption under the fiber itself; that is how it is seen here. */
class LinkedFinalizers extends Map<object, Finalizer> {
  readonly #onFork: (fiber: Fiber.Fiber<unknown, unknown>) => void

  constructor(onFork: (fiber: Fiber.Fiber<unknown, unknown>) => void) {
    super()
    this.#onFork = onFork
  }

  override set(key: object, finalizer: Finalizer): this {
    super.set(key, finalizer)
    if (Fiber.isFiber(key)) this.#onFork(key as Fiber.Fiber<unknown, unknown>)
    return this
  }
}
