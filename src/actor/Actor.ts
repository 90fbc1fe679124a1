/**
 * Actors: state behind a mailbox, with one message at a time and supervision. A `Behavior` is data; `spawn` runs it as
 * an actor in a Scope and returns an `ActorRef`, the only way to reach it. An actor without messages holds no fiber.
 * Addresses are found by the Directory, and groups of children are kept by the Supervisor.
 */
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import type * as Scope from "effect/Scope"
import * as Thrown from "../Thrown.ts"
import type { Handlers } from "./Activation.ts"
import { ActorCell, type Termination } from "./ActorCell.ts"
import { ActorCrashed, ActorError, type ActorErrorReason, AskTimeout } from "./ActorError.ts"
import { limits } from "./CellOptions.ts"
import { Overflow } from "./Mailbox.ts"
import type { SendOptions } from "./Message.ts"
import type { Status } from "./Observer.ts"
import * as RestartPolicy from "./RestartPolicy.ts"

export type { Handlers } from "./Activation.ts"
export type { Termination } from "./ActorCell.ts"
export type { SendOptions } from "./Message.ts"
export type { Status } from "./Observer.ts"

/** The actor as its behaviour sees it. */
export interface Self<State> {
  readonly address: string
  readonly get: Effect.Effect<State>
  readonly set: (state: State) => Effect.Effect<void>
  /**
   * Replaces the state, and returns the new one. Inside a handler, and in the fibers that it waits for, the change is
   * immediate. From a background fiber it is a message that waits for its turn: a handler must not wait for such a
   * fiber.
   */
  readonly update: (f: (state: State) => State) => Effect.Effect<State>
  /** Begins to stop the actor, without waiting for the end. Messages that wait already are handled. */
  readonly stop: Effect.Effect<void>
}

/** The limits of an actor; each has a default. */
export interface Options {
  /** Messages that the mailbox holds: 256. */
  readonly capacity?: number
  /** What happens to a message when the mailbox is full: `Overflow.fail`. */
  readonly overflow?: Overflow
  /** 5 crashes within 30 seconds, then probes. */
  readonly restart?: RestartPolicy.Options | RestartPolicy.RestartPolicy
  /** How long one handler may run before it is interrupted: 5 minutes. */
  readonly handlerTimeout?: Duration.Input
  /** How long one build may run before it counts as failed: 30 seconds. */
  readonly buildTimeout?: Duration.Input
  /**
   * How long messages may drain when the Scope closes, and how long handlers, background fibers and finalizers may take
   * to end after an interruption or a crash. What takes longer is left behind: 5 seconds.
   */
  readonly shutdown?: Duration.Input
}

/** A behaviour: the initial state, the build that acquires, forks and returns the handlers, and the limits. */
export interface Behavior<State, H extends Handlers, E = never, R = never> {
  readonly name: string
  readonly initial: () => State
  readonly build: (self: Self<State>) => Effect.Effect<H, E, R>
  readonly capacity: number
  readonly overflow: Overflow
  readonly restart: RestartPolicy.RestartPolicy
  readonly handlerTimeout: Duration.Duration
  readonly buildTimeout: Duration.Duration
  readonly shutdown: Duration.Duration
}

/** Services that the handlers need. */
export type HandlerServices<H extends Handlers> = {
  [Tag in keyof H]: Effect.Services<ReturnType<H[Tag]>>
}[keyof H]

type Arguments<Handler extends Handlers[string], O> =
  Parameters<Handler> extends readonly []
    ? [payload?: undefined, options?: O]
    : [payload: Parameters<Handler>[0], options?: O]

/** A running actor, as others see it. */
export interface ActorRef<State, H extends Handlers> {
  readonly address: string
  /**
   * Sends a message without waiting for its handler. Succeeds when the mailbox has accepted it; also when an overflow
   * policy of `dropNewest` has dropped it, which makes a dead letter.
   */
  readonly tell: <Tag extends keyof H & string>(
    tag: Tag,
    ...args: Arguments<H[Tag], SendOptions>
  ) => Effect.Effect<void, ActorError>
  /** Sends a message and waits for its handler. Interrupting the wait interrupts the handler. */
  readonly ask: <Tag extends keyof H & string>(
    tag: Tag,
    ...args: Arguments<H[Tag], AskOptions>
  ) => Effect.Effect<Effect.Success<ReturnType<H[Tag]>>, Effect.Error<ReturnType<H[Tag]>> | ActorError>
  /** Waits for the end of the actor, and returns the reason. */
  readonly watch: Effect.Effect<Termination>
  /**
   * Handles the messages that wait for at most `drain` (default: the `shutdown` of the behaviour), then interrupts, and
   * waits at most that `shutdown`.
   */
  readonly stop: (options?: { readonly drain?: Duration.Input }) => Effect.Effect<void>
  readonly state: Effect.Effect<State>
  readonly status: Effect.Effect<Status>
  /** Messages that wait in the mailbox. */
  readonly pending: Effect.Effect<number>
}

/** How a message is asked. */
export interface AskOptions extends SendOptions {
  /** How long the asker waits, in the mailbox and for the handler. After that the handler is interrupted. */
  readonly timeout?: Duration.Input | undefined
}

/** Makes a behaviour. */
export const make = <State, H extends Handlers, E = never, R = never>(
  name: string,
  behavior: {
    readonly initial: State | (() => State)
    readonly build: (self: Self<State>) => Effect.Effect<H, E, R>
  } & Options
): Behavior<State, H, E, R> => {
  const { build, buildTimeout, capacity, handlerTimeout, initial, overflow, restart, shutdown } = behavior
  return {
    name,
    initial: typeof initial === "function" ? (initial as () => State) : () => initial,
    build,
    capacity: capacity ?? 256,
    overflow: overflow ?? Overflow.fail,
    restart: RestartPolicy.make(restart),
    handlerTimeout: Duration.fromInputUnsafe(handlerTimeout ?? limits.handlerTimeout),
    buildTimeout: Duration.fromInputUnsafe(buildTimeout ?? limits.buildTimeout),
    shutdown: Duration.fromInputUnsafe(shutdown ?? limits.shutdown)
  }
}

/**
 * Runs an actor until its Scope closes. Fails with `ActorCrashed` when the initial state or the build does.
 *
 * <!-- snippet: test/examples/actors/Ask.test.ts#behavior -->
 *
 * ```ts
 * import { assert, describe, it } from "@effect/vitest"
 * import { Effect, Fiber, Latch, Schema } from "effect"
 * import { TestClock } from "effect/testing"
 * import { Actor } from "fibra/actor"
 *
 * class Overdrawn extends Schema.TaggedError<Overdrawn>()("Overdrawn", { balance: Schema.Int }) {}
 *
 * const account = Actor.make("account", {
 *   initial: { balance: 0 },
 *   build: (self) =>
 *     Effect.succeed({
 *       deposit: (amount: number) => self.update(({ balance }) => ({ balance: balance + amount })),
 *       withdraw: Effect.fnUntraced(function* (amount: number) {
 *         const { balance } = yield* self.get
 *         if (amount > balance) return yield* new Overdrawn({ balance })
 *         yield* self.set({ balance: balance - amount })
 *         return balance - amount
 *       })
 *     })
 * })
 * ```
 *
 * <!-- snippet: test/examples/actors/Ask.test.ts#ask -->
 *
 * ```ts
 * const ada = yield* Actor.spawn(account, { address: "account/ada" }) // stops when the Scope closes
 * yield* ada.tell("deposit", 100) // the mailbox has it
 * assert.strictEqual(yield* ada.ask("withdraw", 30), 70) // the handler has run
 *
 * const error = yield* Effect.flip(ada.ask("withdraw", 1_000)) // Overdrawn | ActorError
 * assert.strictEqual(error._tag, "Overdrawn")
 * assert.deepStrictEqual(yield* ada.state, { balance: 70 })
 * ```
 */
export const spawn = <State, H extends Handlers, E, R>(
  behavior: Behavior<State, H, E, R>,
  options?: { readonly address?: string }
): Effect.Effect<ActorRef<State, H>, ActorError, Exclude<R | HandlerServices<H>, Scope.Scope> | Scope.Scope> =>
  Effect.contextWith((context) => {
    const address = options?.address ?? behavior.name
    const { buildTimeout, capacity, handlerTimeout, initial, overflow, restart, shutdown } = behavior
    const self: Self<State> = {
      address,
      get: Effect.sync(() => cell.state),
      set: (state) => Effect.asVoid(cell.change(() => state)),
      update: (f) => cell.change(f),
      stop: Effect.asVoid(
        Effect.forkDetach(
          Effect.suspend(() => cell.stop(shutdown)),
          { startImmediately: true }
        )
      )
    }
    const cell: ActorCell<State> = new ActorCell<State>({
      address,
      initial,
      build: Effect.suspend(() => behavior.build(self)),
      context: context as never,
      capacity,
      overflow,
      restart,
      handlerTimeout,
      buildTimeout,
      shutdown,
      observer: undefined
    })
    const started = Effect.catchCause(cell.start(), (cause) => Effect.fail(crashed(address, cause)))
    return Effect.as(
      Effect.acquireRelease(started, () => cell.stop(shutdown), { interruptible: true }),
      refOf<State, H>(cell, shutdown)
    )
  })

/** Fails a supervised child when its actor ends by a crash; succeeds when the actor was stopped. */
export const untilStopped = <State, H extends Handlers>(ref: ActorRef<State, H>): Effect.Effect<void, ActorError> =>
  Effect.flatMap(ref.watch, (termination) =>
    termination._tag === "Stopped" ? Effect.void : Effect.fail(crashed(ref.address, termination.cause))
  )

const crashed = (actor: string, cause: Cause.Cause<unknown>): ActorError =>
  new ActorError({ reason: new ActorCrashed({ actor, cause: Thrown.toError(Cause.squash(cause)) }) })

const refOf = <State, H extends Handlers>(cell: ActorCell<State>, shutdown: Duration.Duration): ActorRef<State, H> => ({
  address: cell.options.address,
  tell: (tag, ...[payload, options]) =>
    Effect.callback<void, ActorError>((resume) => {
      const accepted = (reason: ActorErrorReason | undefined) =>
        resume(reason === undefined ? Effect.void : Effect.fail(new ActorError({ reason })))
      return Effect.sync(cell.send(tag, payload, options, undefined, accepted))
    }),
  ask: (tag, ...[payload, options]) => {
    const answer = Effect.callback<never>((resume) => {
      const cancel = cell.send(tag, payload, options, (exit) => resume(exit as Exit.Exit<never>))
      return Effect.sync(cancel)
    })
    if (options?.timeout === undefined) return answer
    const timeout = Duration.fromInputUnsafe(options.timeout)
    const reason = () => new AskTimeout({ actor: cell.options.address, tag, millis: Duration.toMillis(timeout) })
    return Effect.timeoutOrElse(answer, {
      duration: timeout,
      orElse: () => Effect.fail(new ActorError({ reason: reason() }))
    })
  },
  watch: cell.watch(),
  stop: (options) => cell.stop(options?.drain === undefined ? shutdown : Duration.fromInputUnsafe(options.drain)),
  state: Effect.sync(() => cell.state),
  status: Effect.sync(() => cell.status),
  pending: Effect.sync(() => cell.pending)
})
