/**
 * The engine of one actor: it takes one message at a time, holds the state, and restarts after a crash. A handler that ends
 * at once is run in place; an idle actor holds no fiber, no timer and no queue. What a user of the runtime sees of it is
 * `Actor`; what a component adds to it, it adds through `Observer`.
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Random from "effect/Random"
import { Activation, type Handlers } from "./Activation.ts"
import {
  ActorCrashed,
  ActorError,
  type ActorErrorReason,
  ActorFaulted,
  ActorStopped,
  HandlerTimeout,
  MailboxFull,
  MessageExpired,
  UnknownMessage
} from "./ActorError.ts"
import * as DeadLetters from "./DeadLetters.ts"
import { Mailbox, type Overflow } from "./Mailbox.ts"
import * as Message from "./Message.ts"
import * as RestartPolicy from "./RestartPolicy.ts"

/** Where an actor is in its life. */
export type Status = "starting" | "running" | "restarting" | "faulted" | "stopping" | "stopped"

/** Why an actor is no more. */
export type Termination =
  | { readonly _tag: "Stopped" }
  | { readonly _tag: "Crashed"; readonly cause: Cause.Cause<unknown> }

/** What a component hangs on to an actor. Calls are synchronous; `settled` and `suspended` crash the actor by throwing. */
export interface Observer<State> {
  /** The state was replaced, by a handler or by going back to the last good one. */
  readonly changed: (state: State) => void
  /** A message ended without a crash; what it changed is good. */
  readonly settled: () => void
  /** A handler that goes on has changed the state. */
  readonly suspended: () => void
  readonly statusChanged: (status: Status) => void
}

/** What one actor is made of. */
export interface Options<State> {
  readonly address: string
  readonly initial: () => State
  readonly build: Effect.Effect<Handlers, unknown, unknown>
  readonly context: Context.Context<never>
  readonly capacity: number
  readonly overflow: Overflow
  readonly restart: RestartPolicy.RestartPolicy
  readonly handlerTimeout: Duration.Duration | undefined
  readonly observer: Observer<State> | undefined
}

/** Messages one actor handles before it lets others run. */
const messagesPerTurn = 64

const noop = (): void => {}

/** One running actor. */
export class ActorCell<State> {
  readonly options: Options<State>
  state!: State
  status: Status = "starting"
  termination: Termination | undefined

  readonly #clock: Clock.Clock
  #mailbox: Mailbox<Message.Message> | undefined
  #activation: Activation | undefined
  #current: Message.Message | undefined
  /** The state after the last message that did not crash. */
  #lastGood!: State
  /** Whether the running handler changed the state since it was last published. */
  #changed = false
  #history = RestartPolicy.healthy
  #runningSince: number | undefined
  #faultedUntil = 0
  /** The fiber that brings a crashed actor back. */
  #recovery: Fiber.Fiber<unknown, unknown> | undefined
  #watchdog: Fiber.Fiber<unknown, unknown> | undefined
  #idleWaiters: Array<() => void> | undefined
  #watchers: Array<(termination: Termination) => void> | undefined

  constructor(options: Options<State>) {
    this.options = options
    this.#clock = Context.get(options.context, Clock.Clock)
  }

  /** Messages waiting. */
  get pending(): number {
    return this.#mailbox?.size ?? 0
  }

  /** Computes the initial state and runs the build; fails when either does, and then nothing is left behind. */
  start(): Effect.Effect<void, unknown> {
    return Effect.suspend(() => {
      this.state = this.#lastGood = this.options.initial()
      return Effect.onError(this.#activate(), (cause) => this.#terminate({ _tag: "Crashed", cause }, Duration.zero))
    })
  }

  /** Sends a message and calls `resume` once with its outcome; returns how to cancel it. */
  send(
    tag: string,
    payload: unknown,
    options: Message.SendOptions | undefined,
    resume: Message.Resume | undefined,
    accepted?: Message.Accepted
  ): () => void {
    const message = Message.make(tag, payload, this.#clock, options, resume, accepted)
    if (this.status !== "running" || this.#current !== undefined || this.pending > 0) return this.#enqueue(message)
    Message.accept(message)
    this.#run(message)
    if (this.pending > 0) this.#pump()
    return this.#current === message ? () => this.#cancel(message) : noop
  }

  /** Replaces the state: at once inside a handler, else as a message of its own. */
  change(update: (state: State) => State): Effect.Effect<State> {
    return Effect.withFiber((fiber) => {
      const inside = this.#current !== undefined || this.status === "starting"
      return inside && this.#activation?.owns(fiber) === true
        ? Effect.sync(() => this.#replace(update(this.state)))
        : this.#changeByMessage(update)
    })
  }

  /** Waits for the end, and says why. */
  watch(): Effect.Effect<Termination> {
    return Effect.callback((resume) => {
      if (this.termination !== undefined) return resume(Effect.succeed(this.termination))
      const watcher = (termination: Termination) => resume(Effect.succeed(termination))
      const watchers = (this.#watchers ??= [])
      watchers.push(watcher)
      return Effect.sync(() => void watchers.splice(watchers.indexOf(watcher), 1))
    })
  }

  /** Takes no new messages, handles those that wait for at most `drain`, then interrupts, and closes the activation. */
  stop(drain: Duration.Duration): Effect.Effect<void> {
    return Effect.suspend(() => {
      if (this.status === "stopped" || this.status === "stopping") return Effect.asVoid(this.watch())
      const drains = this.status === "running" && Duration.toMillis(drain) > 0
      this.#setStatus("stopping")
      const drained = drains ? Effect.timeoutOption(Effect.interruptible(this.#idle()), drain) : Effect.void
      return Effect.uninterruptible(Effect.andThen(drained, this.#terminate({ _tag: "Stopped" }, drain)))
    })
  }

  #now(): number {
    return this.#clock.currentTimeMillisUnsafe()
  }

  #changeByMessage(update: (state: State) => State): Effect.Effect<State> {
    return Effect.callback<State>((resume) => {
      if (this.status === "stopping" || this.status === "stopped") return resume(Effect.interrupt)
      const message = Message.internal(
        "update",
        () => Effect.sync(() => this.#replace(update(this.state))),
        // It fails only with the activation, whose end interrupts the fiber that waits here.
        (exit) => resume(Exit.isSuccess(exit) ? Exit.succeed(exit.value as State) : Effect.interrupt)
      )
      ;(this.#mailbox ??= this.#makeMailbox()).push(message)
      this.#pump()
      return Effect.sync(() => this.#cancel(message))
    })
  }

  #enqueue(message: Message.Message): () => void {
    const actor = this.options.address
    if (this.status === "stopping" || this.status === "stopped") {
      this.#refuse(message, new ActorStopped({ actor }), "Stopped")
      return noop
    }
    if (this.status === "faulted") {
      this.#refuse(message, this.#faulted(), "Faulted")
      return noop
    }
    const full = () => new MailboxFull({ actor, capacity: this.options.capacity })
    const offered = (this.#mailbox ??= this.#makeMailbox()).offer(message)
    if (offered._tag === "Refused") this.#refuse(message, full(), "MailboxFull")
    if (offered._tag === "Dropped") this.#refuse(offered.dropped, full(), offered.reason)
    if (offered._tag === "Accepted" || (offered._tag === "Dropped" && offered.dropped !== message)) {
      Message.accept(message)
      this.#pump()
    }
    return () => this.#cancel(message)
  }

  #pump(): void {
    for (let handled = 0; this.#current === undefined; handled++) {
      if (this.status !== "running" && this.status !== "stopping") return
      if (handled === messagesPerTurn) return this.#pumpNextTurn()
      const taken = this.#mailbox?.take()
      if (taken === undefined) return this.#becomeIdle()
      if (taken.promoted !== undefined) Message.accept(taken.promoted)
      const message = taken.message
      if (message.expiresAt < Infinity && message.expiresAt < this.#now()) {
        this.#refuse(message, new MessageExpired({ actor: this.options.address, tag: message.tag }), "Expired")
      } else {
        this.#run(message)
      }
    }
  }

  #pumpNextTurn(): void {
    Effect.runForkWith(this.options.context)(Effect.andThen(Effect.yieldNow, Effect.sync(() => this.#pump())))
  }

  #becomeIdle(): void {
    this.#mailbox = undefined
    const waiters = this.#idleWaiters
    this.#idleWaiters = undefined
    waiters?.forEach((resume) => resume())
  }

  #run(message: Message.Message): void {
    const activation = this.#activation
    const handler = message.run ?? activation?.handler(message.tag)
    if (handler === undefined || activation === undefined) {
      return this.#refuse(message, new UnknownMessage({ actor: this.options.address, tag: message.tag }), "Unknown")
    }
    this.#current = message
    let effect: Effect.Effect<unknown, unknown, unknown>
    try {
      effect = handler(message.payload as never)
    } catch (defect) {
      return this.#settle(message, Exit.die(defect))
    }
    if (Exit.isExit(effect)) return this.#settle(message, effect)
    const fiber = Effect.runForkWith(activation.context)(effect as Effect.Effect<unknown, unknown>)
    const exit = fiber.pollUnsafe()
    if (exit !== undefined) return this.#settle(message, exit)
    this.#continueLater(message, fiber)
  }

  #continueLater(message: Message.Message, fiber: Fiber.Fiber<unknown, unknown>): void {
    if (this.#current !== message) return fiber.interruptUnsafe()
    message.fiber = fiber
    if (this.options.handlerTimeout !== undefined) this.#limit(message, this.options.handlerTimeout)
    fiber.addObserver((exit) => {
      if (this.#current !== message) return
      this.#settle(message, exit)
      this.#pump()
    })
    if (message.cancelled) fiber.interruptUnsafe()
    this.#publishEarly()
  }

  #settle(message: Message.Message, exit: Exit.Exit<unknown, unknown>): void {
    if (this.#current !== message) return
    if (Exit.isFailure(exit) && Cause.hasDies(exit.cause)) return this.#crash(exit.cause)
    try {
      this.options.observer?.settled()
    } catch (defect) {
      return this.#crash(Cause.die(defect))
    }
    this.#current = undefined
    this.#changed = false
    this.#lastGood = this.state
    Message.answer(message, exit)
  }

  #replace(state: State): State {
    if (state === this.state) return state
    this.state = state
    this.#changed = true
    this.options.observer?.changed(state)
    this.#publishEarly()
    return state
  }

  /** What a handler that goes on has changed is visible when it happens. */
  #publishEarly(): void {
    if (!this.#changed || this.#current?.fiber === undefined) return
    this.#changed = false
    try {
      this.options.observer?.suspended()
    } catch (defect) {
      this.#crash(Cause.die(defect))
    }
  }

  #cancel(message: Message.Message): void {
    message.resume = undefined
    message.cancelled = true
    if (this.#current === message) message.fiber?.interruptUnsafe()
    else this.#mailbox?.remove(message)
  }

  #refuse(message: Message.Message, reason: ActorErrorReason, letter: DeadLetters.Reason): void {
    if (message.run === undefined) {
      const { address, context } = this.options
      const { payload, tag } = message
      const deadLetters = Context.get(context, DeadLetters.DeadLetters)
      deadLetters.recordUnsafe({ actor: address, tag, payload, reason: letter, at: this.#now() })
    }
    Message.accept(message, this.options.overflow._tag === "DropNewest" ? undefined : reason)
    Message.answer(message, Exit.fail(new ActorError({ reason })))
  }

  #limit(message: Message.Message, timeout: Duration.Duration): void {
    message.deadline = this.#now() + Duration.toMillis(timeout)
    if (this.#watchdog?.pollUnsafe() !== undefined) this.#watchdog = undefined
    this.#watchdog ??= Effect.runForkWith(this.options.context)(this.#interruptOverdue(Duration.toMillis(timeout)))
  }

  /** One timer for however many messages: it wakes when the handler it saw could be overdue, and looks again. */
  #interruptOverdue(millis: number): Effect.Effect<void> {
    return Effect.suspend(() => {
      const message = this.#current
      if (message === undefined || message.deadline === Infinity) return Effect.void
      const left = message.deadline - this.#now()
      if (left > 0) return Effect.andThen(Effect.sleep(left), this.#interruptOverdue(millis))
      message.deadline = Infinity
      this.#refuse(message, new HandlerTimeout({ actor: this.options.address, tag: message.tag, millis }), "TimedOut")
      message.fiber?.interruptUnsafe()
      return Effect.void
    })
  }

  #activate(): Effect.Effect<void, unknown> {
    return Effect.suspend(() => {
      const activation = new Activation(this.options.context, (cause, crashed) => {
        if (crashed === this.#activation && this.status === "running") this.#crash(cause)
      })
      this.#activation = activation
      return Effect.flatMap(activation.build(this.options.build), () =>
        Effect.sync(() => {
          this.options.observer?.settled()
          this.#lastGood = this.state
          this.#changed = false
          this.#runningSince = this.#now()
          this.#setStatus("running")
          this.#pump()
        })
      )
    })
  }

  #crash(cause: Cause.Cause<unknown>): void {
    const actor = this.options.address
    const message = this.#current
    const closed = this.#passivate(Exit.failCause(cause))
    const stopping = this.status === "stopping"
    if (!stopping) this.#setStatus("restarting")
    if (message !== undefined) {
      message.fiber?.interruptUnsafe()
      this.#refuse(message, new ActorCrashed({ actor, cause: Cause.squash(cause) }), "Crashed")
    }
    const log = Effect.annotateLogs(Effect.logWarning("An actor crashed", cause), { actor })
    const recovery = Effect.andThen(log, Effect.andThen(closed, stopping ? Effect.void : this.#recover(cause)))
    this.#recovery = Effect.runForkWith(this.options.context)(recovery)
    // A stopping actor does not come back, so what still waits will not be handled.
    if (stopping) this.#becomeIdle()
  }

  /** Ends the activation and goes back to the last good state; the returned effect releases what was acquired. */
  #passivate(exit: Exit.Exit<unknown, unknown>): Effect.Effect<void> {
    const activation = this.#activation
    this.#activation = undefined
    this.#current = undefined
    this.#changed = false
    if (this.state !== this.#lastGood) {
      this.state = this.#lastGood
      this.options.observer?.changed(this.state)
    }
    return activation?.close(exit) ?? Effect.void
  }

  #recover(cause: Cause.Cause<unknown>): Effect.Effect<void> {
    return Effect.suspend(() => {
      const now = this.#now()
      const decision = RestartPolicy.decide(this.options.restart, this.#history, { now, runningSince: this.#runningSince })
      this.#runningSince = undefined
      if (decision._tag === "Stop") return this.#terminate({ _tag: "Crashed", cause }, Duration.zero)
      this.#history = decision.history
      if (decision._tag === "Restart") return Effect.andThen(sleepWithJitter(decision.delay), this.#restart())
      this.#faultedUntil = now + decision.delay
      this.#setStatus("faulted")
      this.#dropWaiting(() => this.#faulted(), "Faulted")
      return Effect.andThen(Effect.sleep(decision.delay), this.#restart())
    })
  }

  #restart(): Effect.Effect<void> {
    return Effect.catchCause(this.#activate(), (cause) =>
      Effect.andThen(this.#passivate(Exit.failCause(cause)), this.#recover(cause))
    )
  }

  #terminate(termination: Termination, grace: Duration.Duration): Effect.Effect<void> {
    return Effect.suspend(() => {
      const message = this.#current
      const stopped = () => new ActorStopped({ actor: this.options.address })
      const closed = this.#passivate(Exit.void)
      this.#setStatus("stopped")
      if (message !== undefined) this.#refuse(message, stopped(), "Stopped")
      this.#dropWaiting(stopped, "Stopped")
      this.#watchdog?.interruptUnsafe()
      if (this.#recovery !== Fiber.getCurrent()) this.#recovery?.interruptUnsafe()
      return Effect.andThen(
        message?.fiber === undefined ? Effect.void : interruptWithin(message.fiber, grace),
        Effect.ensuring(
          closed,
          Effect.sync(() => this.#ended(termination))
        )
      )
    })
  }

  #ended(termination: Termination): void {
    this.termination = termination
    const watchers = this.#watchers
    this.#watchers = undefined
    watchers?.forEach((watcher) => watcher(termination))
    this.#becomeIdle()
  }

  #dropWaiting(reason: () => ActorErrorReason, letter: DeadLetters.Reason): void {
    for (let taken = this.#mailbox?.take(); taken !== undefined; taken = this.#mailbox?.take()) {
      if (taken.promoted !== undefined) Message.accept(taken.promoted)
      this.#refuse(taken.message, reason(), letter)
    }
  }

  #idle(): Effect.Effect<void> {
    return Effect.callback((resume) => {
      if (this.#current === undefined && this.pending === 0) return resume(Effect.void)
      ;(this.#idleWaiters ??= []).push(() => resume(Effect.void))
    })
  }

  #faulted(): ActorFaulted {
    const retryAfter = Math.max(0, this.#faultedUntil - this.#now())
    return new ActorFaulted({ actor: this.options.address, retryAfter })
  }

  #makeMailbox(): Mailbox<Message.Message> {
    return new Mailbox(this.options.capacity, this.options.overflow)
  }

  #setStatus(status: Status): void {
    if (this.status === status) return
    this.status = status
    this.options.observer?.statusChanged(status)
  }
}

const sleepWithJitter = (millis: number): Effect.Effect<void> =>
  millis === 0 ? Effect.void : Effect.flatMap(Random.nextBetween(millis / 2, millis), Effect.sleep)

/** Interrupts a handler and waits for its finalizers, but not for ever. */
const interruptWithin = (fiber: Fiber.Fiber<unknown, unknown>, grace: Duration.Duration): Effect.Effect<void> =>
  Duration.toMillis(grace) === 0
    ? Effect.sync(() => fiber.interruptUnsafe())
    : Effect.asVoid(Effect.timeoutOption(Effect.interruptible(Fiber.interrupt(fiber)), grace))
