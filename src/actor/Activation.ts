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
export type Handlers = { readonly [tag: string]: (payload: never) => Effect.Effect<unknown, unknown, unknown> }

/** The activation whose handler the current fiber runs in, if it runs in one. */
const CurrentActivation = Context.Reference<Activation | undefined>("fibra/actor/CurrentActivation", {
  defaultValue: () => undefined
})

/** One life of an actor. */
export class Activation {
  readonly context: Context.Context<never>
  handlers: Handlers = {}
  readonly #scope: Scope.Closeable
  readonly #crashed: (cause: Cause.Cause<unknown>, activation: Activation) => void

  /** `crashed` is told of background fibers that fail while the activation lives. */
  constructor(
    context: Context.Context<never>,
    crashed: (cause: Cause.Cause<unknown>, activation: Activation) => void
  ) {
    this.#crashed = crashed
    this.#scope = LinkedScope.makeUnsafe((fiber) => this.#link(fiber))
    this.context = Context.add(Context.add(context, Scope.Scope, this.#scope), CurrentActivation, this)
  }

  /** Runs the build; what it acquires and forks lives as long as this activation. */
  build(build: Effect.Effect<Handlers, unknown, unknown>): Effect.Effect<void, unknown> {
    return Effect.map(
      Effect.provideContext(build as Effect.Effect<Handlers, unknown>, this.context),
      (handlers) => void (this.handlers = handlers)
    )
  }

  /** The handler of a tag, if the build returned one. */
  handler(tag: string): Handlers[string] | undefined {
    return Object.hasOwn(this.handlers, tag) ? this.handlers[tag] : undefined
  }

  /** Whether the fiber runs in the build or in a handler of this activation, and not in its background. */
  owns(fiber: Fiber.Fiber<unknown, unknown>): boolean {
    return Context.get(fiber.context, CurrentActivation) === this
  }

  /** Interrupts the background fibers and releases what was acquired. */
  close(exit: Exit.Exit<unknown, unknown>): Effect.Effect<void> {
    return Scope.close(this.#scope, exit)
  }

  #link(fiber: Fiber.Fiber<unknown, unknown>): void {
    fiber.setContext(Context.add(fiber.context, CurrentActivation, undefined))
    fiber.addObserver((exit) => {
      if (Exit.isFailure(exit) && !Cause.hasInterruptsOnly(exit.cause)) this.#crashed(exit.cause, this)
    })
  }
}
