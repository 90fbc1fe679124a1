// Relies on effect's insides: test/actor/effectInternals.test.ts fails when an upgrade changes them.
/**
 * One life of an actor between two crashes: the Scope its build acquires in, the fibers forked there, the handlers it
 * returned. A new activation is a new object; what belongs to an old one is recognised and ignored.
 */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import * as LinkedScope from "./LinkedScope.ts"

/** What `build` returns: for each tag the effect that handles it. */
export type Handlers = {
  readonly [tag: string]: (payload: never, from: never) => Effect.Effect<unknown, unknown, unknown>
}

/** Whose activation it is. */
export interface Owner {
  /** Told of a background fiber that failed, whether the activation still lives or not. */
  readonly backgroundFailed: (activation: Activation, cause: Cause.Cause<unknown>) => void
}

/** What a fiber does for an actor: the message it handles, the activation it builds, or neither (it runs in the background). */
export interface Turn {
  readonly activation: Activation | undefined
  /** Who sent the message, if that is known. */
  readonly from: unknown
  /** How many handlers are on the stack below, each run in place by the one before it. */
  readonly depth: number
}

/** The turn of the current fiber, if it works for an actor; the fibers it forks inherit it. */
export const CurrentTurn = Context.Reference<Turn | undefined>("fibra/actor/CurrentTurn", {
  defaultValue: () => undefined
})

/** One life of an actor. */
export class Activation implements Turn, LinkedScope.Listener {
  readonly owner: Owner
  readonly context: Context.Context<never>
  /** Undefined while the build runs. */
  handlers: Handlers | undefined
  /** When the build was done, milliseconds since the epoch. */
  runningSince: number | undefined
  /** Why the first background fiber failed. */
  failure: Cause.Cause<unknown> | undefined
  readonly #scope: Scope.Closeable

  constructor(owner: Owner, context: Context.Context<never>) {
    this.owner = owner
    this.#scope = LinkedScope.makeUnsafe(this)
    this.context = Context.add(Context.add(context, Scope.Scope, this.#scope), CurrentTurn, this)
    this.handlers = undefined
    this.runningSince = undefined
    this.failure = undefined
  }

  /** As a turn, an activation is its own: the one that is being built. */
  get activation(): Activation {
    return this
  }

  get from(): undefined {
    return undefined
  }

  get depth(): number {
    return 0
  }

  /** Runs the build; what it acquires and forks lives as long as this activation. */
  build(build: Effect.Effect<Handlers, unknown, unknown>): Effect.Effect<void, unknown> {
    return Effect.map(
      Effect.updateContext(build as Effect.Effect<Handlers, unknown>, () => this.context),
      (handlers) => void (this.handlers = handlers)
    )
  }

  /** The handler of a tag, if the build returned one. */
  handler(tag: string): Handlers[string] | undefined {
    const handlers = this.handlers
    return handlers !== undefined && Object.hasOwn(handlers, tag) ? handlers[tag] : undefined
  }

  /** Interrupts the background fibers and releases what was acquired; a finalizer that fails is no reason not to go on. */
  close(exit: Exit.Exit<unknown, unknown>): Effect.Effect<void> {
    const closed = Scope.close(this.#scope, exit)
    return Effect.ignoreCause(closed, { log: "Warn", message: "A finalizer of an actor failed" })
  }

  /** Makes a fiber of the Scope a background fiber of the actor, and links their fates. */
  forked(fiber: Fiber.Fiber<unknown, unknown>): void {
    const background: Turn = { activation: this, from: Context.get(fiber.context, CurrentTurn)?.from, depth: 0 }
    fiber.setContext(Context.add(fiber.context, CurrentTurn, background))
    fiber.addObserver((exit) => {
      if (Exit.isSuccess(exit) || Cause.hasInterruptsOnly(exit.cause)) return
      this.failure ??= exit.cause
      this.owner.backgroundFailed(this, exit.cause)
    })
  }
}
