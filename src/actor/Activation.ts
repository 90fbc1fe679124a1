// Relies on effect's insides: test/actor/effectInternals.test.ts fails when an upgrade changes them.
/**
 * One life of an actor between two crashes: the Scope in which its build acquires, the fibers forked there, and the
 * handlers that it returned. Each activation is a new object, so that signals of an old one can be recognised and
 * ignored.
 */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import type * as Latch from "effect/Latch"
import * as Scope from "effect/Scope"
import * as Log from "../Log.ts"
import * as Limit from "./Limit.ts"
import * as LinkedScope from "./LinkedScope.ts"

/** What `build` returns: the handler of each tag. */
export type Handlers = {
  readonly [tag: string]: (payload: never, from: never) => Effect.Effect<unknown, unknown, unknown>
}

/** The actor of an activation. */
export interface Owner {
  /** The services of its activations. */
  readonly services: Context.Context<never>
  /** Called when a background fiber fails, even after the activation has ended. */
  readonly backgroundFailed: (activation: Activation, cause: Cause.Cause<unknown>) => void
}

/** What a fiber does for an actor: it handles a message, builds an activation, or runs in the background (neither). */
export interface Turn {
  readonly activation: Activation | undefined
  /** The sender of the message, if known. */
  readonly from: unknown
  /** The number of handlers on the stack below that run in place, one inside the other. */
  readonly depth: number
}

/** The turn of the current fiber, if it works for an actor. Fibers that it forks inherit it. */
export const CurrentTurn = Context.Reference<Turn | undefined>("fibra/actor/CurrentTurn", {
  defaultValue: () => undefined
})

/** The cause of a failure, if it counts. A cause that throws when it is read counts. */
export const failureOf = (
  exit: Exit.Exit<unknown, unknown>,
  counts: (cause: Cause.Cause<unknown>) => boolean
): Cause.Cause<unknown> | undefined => {
  if (Exit.isSuccess(exit)) return undefined
  try {
    return counts(exit.cause) ? exit.cause : undefined
  } catch (defect) {
    return Cause.die(defect)
  }
}

/** Whether the cause is more than an interruption, which is an orderly end. */
export const isNoInterruption = (cause: Cause.Cause<unknown>): boolean => !Cause.hasInterruptsOnly(cause)

/** How an activation is closed. */
export interface Closing {
  /** Opened when nothing is waited for any more. */
  readonly over: Latch.Latch
  /** The fiber that waits for the end. If it is one of the background fibers, it must not wait for itself. */
  readonly closer: Fiber.Fiber<unknown, unknown> | undefined
  readonly labels: Log.LogDetails
}

/** One life of an actor. */
export class Activation implements Turn, LinkedScope.Listener {
  readonly owner: Owner
  /** The build, unless it ended at once. */
  building: Fiber.Fiber<unknown, unknown> | undefined
  /** Undefined while the build runs. */
  handlers: Handlers | undefined
  /** When the build was done, by `Monotonic`. */
  runningSince: number | undefined
  /** Why the first background fiber failed. */
  failure: Cause.Cause<unknown> | undefined
  readonly #scope: Scope.Closeable
  #context: Context.Context<never> | undefined
  #closing: Closing | undefined

  constructor(owner: Owner) {
    this.owner = owner
    this.#scope = LinkedScope.makeUnsafe(this)
    this.#context = undefined
    this.building = undefined
    this.handlers = undefined
    this.runningSince = undefined
    this.failure = undefined
    this.#closing = undefined
  }

  /** The services of its messages. Kept from the first on: 250 bytes, which an actor that only waits does not hold. */
  get context(): Context.Context<never> {
    return (this.#context ??= this.#ownContext)
  }

  get #ownContext(): Context.Context<never> {
    return Context.add(Context.add(this.owner.services, Scope.Scope, this.#scope), CurrentTurn, this)
  }

  /** The build of an activation is a turn of its own. */
  get activation(): Activation {
    return this
  }

  get from(): undefined {
    return undefined
  }

  get depth(): number {
    return 0
  }

  /** Runs the build on a fiber of its own. What it acquires and forks lives as long as this activation. */
  build(build: Effect.Effect<Handlers, unknown, unknown>): Fiber.Fiber<void, unknown> {
    const built = Effect.map(build as Effect.Effect<Handlers, unknown>, (handlers) => {
      this.handlers = handlers
      this.building = undefined
    })
    const fiber = Effect.runForkWith(this.#ownContext)(built)
    if (fiber.pollUnsafe() === undefined) this.building = fiber
    return fiber
  }

  /** The handler of a tag, if the build returned one. */
  handler(tag: string): Handlers[string] | undefined {
    const handlers = this.handlers
    return handlers !== undefined && Object.hasOwn(handlers, tag) ? handlers[tag] : undefined
  }

  /** Whether there is nothing to release. */
  get isEmpty(): boolean {
    return this.#scope.state._tag !== "Open"
  }

  /**
   * Interrupts the background fibers and releases what was acquired. A finalizer that fails does not stop the others.
   */
  close(exit: Exit.Exit<unknown, unknown>, closing?: Closing): Effect.Effect<void> {
    this.#closing = closing
    return Scope.close(this.#scope, exit)
  }

  /** Makes a fiber of the Scope a background fiber of the actor: when it fails, the actor crashes. */
  forked(fiber: Fiber.Fiber<unknown, unknown>): void {
    const background: Turn = { activation: this, from: Context.get(fiber.context, CurrentTurn)?.from, depth: 0 }
    fiber.setContext(Context.add(fiber.context, CurrentTurn, background))
    fiber.addObserver((exit) => {
      const cause = failureOf(exit, isNoInterruption)
      if (cause === undefined) return
      this.failure ??= cause
      this.owner.backgroundFailed(this, cause)
    })
  }

  /** A finalizer that never ends must not keep the others from starting. */
  finalize(finalizer: Effect.Effect<void>, fiber: Fiber.Fiber<unknown, unknown> | undefined): Effect.Effect<void> {
    const closing = this.#closing
    if (closing === undefined) return finalizer
    if (fiber !== undefined && fiber === closing.closer) return Effect.void
    const finalized = Log.ignore(finalizer, "A finalizer of an actor failed", closing.labels)
    return Effect.flatMap(Effect.forkDetach(finalized, { startImmediately: true, uninterruptible: true }), (fiber) =>
      Effect.asVoid(Limit.ended(fiber, closing.over.await))
    )
  }
}
