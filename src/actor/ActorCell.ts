// Relies on effect's insides: test/actor/effectInternals.test.ts fails when an upgrade changes them.
/**
 * The engine of one actor: it handles one message at a time, holds the state, and restarts after a crash. A handler
 * that ends at once runs in place, on the stack of the sender. An idle actor holds no fiber, no timer and no queue.
 * `Actor` is its public interface; components attach to it through `Observer`.
 */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Log from "../Log.ts"
import * as Thrown from "../Thrown.ts"
import { Activation, CurrentTurn, failureOf, isNoInterruption, type Owner } from "./Activation.ts"
import * as Begun from "./Begun.ts"
import { ActorCrashed, ActorFaulted, ActorStopped, HandlerTimeout, UnknownMessage } from "./ActorError.ts"
import type { Options } from "./CellOptions.ts"
import * as Handled from "./Handled.ts"
import { Inbox } from "./Inbox.ts"
import * as Limit from "./Limit.ts"
import * as Message from "./Message.ts"
import type { Status } from "./Observer.ts"
import { Recovery } from "./Recovery.ts"
import { labelsOf, release } from "./Release.ts"
import { Watchdog } from "./Watchdog.ts"

export type { Options } from "./CellOptions.ts"
export type { Observer, Status } from "./Observer.ts"

/** Why an actor has ended. */
export type Termination =
  | { readonly _tag: "Stopped" }
  | { readonly _tag: "Crashed"; readonly cause: Cause.Cause<unknown> }

const noop = (): void => {}

/** One running actor. */
export class ActorCell<State> extends Inbox implements Owner {
  readonly options: Options<State>
  state!: State
  status: Status = "starting"
  termination: Termination | undefined

  /** The state after the last message that did not crash. */
  #lastGood!: State
  /** Whether the running handler has changed the state since it was last published. */
  #changed = false
  #current: Message.Message | undefined
  #activation: Activation | undefined
  #recovery: Recovery | undefined
  #watchdog: Watchdog | undefined
  #whenIdle: (() => void) | undefined
  /** Undefined while nobody waits for the end. */
  #end: Deferred.Deferred<Termination> | undefined

  constructor(options: Options<State>) {
    super()
    this.options = options
  }

  /** The services of its activations. */
  get services(): Context.Context<never> {
    return this.options.activationContext ?? this.options.context
  }

  /** The `reference` of the message that is being handled. */
  get reference(): string | undefined {
    return this.#current?.reference
  }

  /** The message of a sender that is being handled, and the one that has waited longest. */
  get current(): Message.Message | undefined {
    return this.#current?.run === undefined ? this.#current : undefined
  }

  /** Computes the initial state and runs the build. When either fails, nothing is left behind. */
  start(): Effect.Effect<void, unknown> {
    return Effect.suspend(() => this.startUnsafe())
  }

  /** The same, begun at once: what has started then is an Exit. */
  startUnsafe(): Effect.Effect<void, unknown> {
    const started = Begun.begin(() => {
      this.state = this.#lastGood = this.options.initial()
      return this.#begin()
    })
    if (Begun.doneOf(started) !== undefined) return started
    return Effect.onError(started, (cause) => this.#terminate({ _tag: "Crashed", cause }))
  }

  /** Sends a message, and calls `resume` once with its outcome. Returns a function that cancels it. */
  send(
    tag: string,
    payload: unknown,
    options: Message.SendOptions | undefined,
    resume: Message.Resume | undefined,
    accepted?: Message.Accepted
  ): () => void {
    const message = Message.make(tag, payload, options, this.expiry(options?.timeToLive), resume, accepted)
    if (this.status === "stopping" || this.status === "stopped") {
      this.refuse(message, new ActorStopped({ actor: this.options.address, begun: false }), "Stopped")
    } else if (this.status === "faulted") {
      this.refuse(message, this.#faulted(), "Faulted")
    } else {
      this.accept(message)
    }
    return message.resume === undefined && message.accepted === undefined ? noop : () => this.#cancel(message)
  }

  /**
   * Replaces the state: at once inside a handler, otherwise by a message. Does nothing when the life of the caller is
   * over.
   */
  change(update: (state: State) => State): Effect.Effect<State> {
    return Effect.withFiber((fiber) => {
      const turn = Context.get(fiber.context, CurrentTurn)
      const activation = turn?.activation
      if (activation?.owner !== this) return this.#changeByMessage(update)
      if (activation !== this.#activation) return Effect.succeed(this.state)
      const inside = turn === this.#current || (turn === activation && activation.handlers === undefined)
      return inside ? Effect.succeed(this.#replace(update(this.state))) : this.#changeByMessage(update)
    })
  }

  /** Waits for the end, and returns the reason. */
  watch(): Effect.Effect<Termination> {
    return Effect.suspend(() =>
      this.termination === undefined
        ? Deferred.await((this.#end ??= Deferred.makeUnsafe()))
        : Effect.succeed(this.termination)
    )
  }

  /** Refuses new messages, handles those that wait for at most `drain`, interrupts, and closes the activation. */
  stop(drain: Duration.Duration): Effect.Effect<void> {
    return Effect.uninterruptibleMask((restore) => {
      if (this.status === "stopping" || this.status === "stopped") {
        if (Duration.isZero(drain)) this.#whenIdle?.()
        return restore(Effect.asVoid(this.watch()))
      }
      const drains = this.status === "running" && !Duration.isZero(drain)
      this.#setStatus("stopping")
      const drained = drains ? Effect.timeoutOption(this.#untilIdle(), drain) : Effect.void
      return Effect.andThen(drained, this.#terminate({ _tag: "Stopped" }))
    })
  }

  /** Whether it can handle a message now. */
  protected get free(): boolean {
    if (this.#current !== undefined || this.#activation === undefined) return false
    return this.status === "running" || this.status === "stopping"
  }

  /** Runs the handler of a message; called by `Inbox`. */
  protected handle(message: Message.Message): void {
    const activation = this.#activation as Activation
    let started: Exit.Exit<unknown, unknown> | Fiber.Fiber<unknown, unknown>
    try {
      const handler = message.run ?? activation.handler(message.tag)
      if (handler === undefined) {
        const reason = new UnknownMessage({ actor: this.options.address, tag: message.tag })
        return this.refuse(message, reason, "Unknown")
      }
      this.#current = message
      message.activation = activation
      if (message.run === undefined) this.options.observer?.begun(message)
      this.options.recorder?.begun(message)
      const handled = Handled.effectOf(message.tag, handler(message.payload as never, message.from as never))
      const effect = message.run === undefined ? (this.options.finish?.(message.tag, handled) ?? handled) : handled
      if (Exit.isExit(effect)) started = effect
      else {
        const context = Context.add(activation.context, CurrentTurn, message)
        const fiber = Effect.runForkWith(context)(effect as Effect.Effect<unknown, unknown>)
        started = fiber.pollUnsafe() ?? fiber
      }
    } catch (defect) {
      this.#current = message
      return this.#settle(message, Exit.die(defect))
    }
    if (Exit.isExit(started)) this.#settle(message, started)
    else this.#continueLater(message, started)
  }

  /** A message waits; called by `Inbox`. */
  protected queued(message: Message.Message): void {
    if (message.run === undefined) this.options.observer?.queued(message)
  }

  /** No message is left; called by `Inbox`. */
  protected idle(): void {
    this.#watchdog?.rest()
    this.#whenIdle?.()
  }

  /** A background fiber has failed: the actor crashes, if its activation is still running. Called by `Activation`. */
  backgroundFailed(activation: Activation, cause: Cause.Cause<unknown>): void {
    if (activation === this.#activation) this.crash(cause)
  }

  /** Crashes the actor, if it runs, because of something that was found outside of its handlers. */
  crash(cause: Cause.Cause<unknown>): void {
    if (this.status === "running" || this.status === "stopping") this.#crash(cause)
  }

  /**
   * Begins another activation from the last good state, after a pause in which others see that it restarts. Nothing has
   * crashed, so it does not count as a crash; a message that is being handled is refused. A faulted actor is probed
   * now. Returns whether there was something to do.
   */
  restart(pause: Duration.Duration): boolean {
    if (this.status !== "running" && this.status !== "faulted") return false
    const message = this.#current
    if (message?.run === undefined && message !== undefined) {
      this.guarded(() => this.options.observer?.ended(message, Exit.interrupt()))
    }
    const released = this.#passivate(Exit.interrupt())
    if (message !== undefined) {
      const cause = new Error("The actor was restarted")
      this.refuse(message, new ActorCrashed({ actor: this.options.address, cause }), "Crashed")
    }
    if (this.status === "running") this.#setStatus("restarting")
    if (message !== undefined) this.options.recorder?.ended(message, Exit.interrupt())
    const recovery = (this.#recovery ??= this.#makeRecovery())
    recovery.begin(this.options.context, Effect.andThen(released, Effect.sleep(pause)))
    return true
  }

  #changeByMessage(update: (state: State) => State): Effect.Effect<State> {
    return Effect.callback<State>((resume) => {
      if (this.status === "stopped") return resume(Effect.succeed(this.state))
      const message = Message.internal(
        "update",
        () => Exit.succeed(this.#replace(update(this.state))),
        // Fails when `update` throws, which ends the activation of the fiber that waits here.
        (exit) => resume(Exit.isSuccess(exit) ? Exit.succeed(exit.value as State) : Effect.interrupt)
      )
      this.accept(message)
      return Effect.sync(() => this.#cancel(message))
    })
  }

  #continueLater(message: Message.Message, fiber: Fiber.Fiber<unknown, unknown>): void {
    if (this.#current !== message) return fiber.interruptUnsafe()
    message.fiber = fiber
    if (message.run === undefined) this.options.observer?.continued(message)
    fiber.addObserver((exit) => {
      if (this.#current !== message) return
      this.#settle(message, exit)
      this.pump()
    })
    if (message.cancelled) fiber.interruptUnsafe()
    this.#guard(message)
    this.#publishEarly()
  }

  #settle(message: Message.Message, handled: Exit.Exit<unknown, unknown>): void {
    if (this.#current !== message) return
    const exit = this.#encoded(message, handled)
    const crash = failureOf(exit, Cause.hasDies)
    if (crash !== undefined) return this.#crash(crash)
    try {
      const { observer } = this.options
      if (message.run === undefined) observer?.ended(message, exit)
      observer?.settled()
    } catch (defect) {
      return this.#crash(Cause.die(defect))
    }
    this.#current = undefined
    this.#changed = false
    this.#lastGood = this.state
    this.options.recorder?.ended(message, exit)
    this.answer(message, exit)
  }

  #encoded(message: Message.Message, handled: Exit.Exit<unknown, unknown>): Exit.Exit<unknown, unknown> {
    if (message.run !== undefined) return handled
    try {
      return this.options.encode?.(message.tag, handled) ?? handled
    } catch (defect) {
      return Exit.die(defect)
    }
  }

  #replace(state: State): State {
    const before = this.state
    if (state === before) return state
    this.state = state
    try {
      this.options.observer?.changed(state)
    } catch (defect) {
      // A state that an observer cannot read is not accepted.
      this.state = before
      throw defect
    }
    this.#changed = true
    this.#publishEarly()
    return state
  }

  /** Publishes the changes of a handler that waits, while it waits. */
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
    else this.remove(message)
  }

  /** Interrupts the handler of a message that runs too long, and leaves it behind when it does not end. */
  #guard(message: Message.Message): void {
    const { address: actor, context, handlerTimeout, shutdown } = this.options
    if (!Duration.isFinite(handlerTimeout) || this.#current !== message) return
    const millis = Duration.toMillis(handlerTimeout)
    this.#watchdog ??= new Watchdog({
      context,
      millis,
      now: () => this.now(),
      overdue: (message) => {
        if (this.#current !== message) return undefined
        if (message.overdue) {
          this.#crash(Cause.die(new Error(`The handler of "${message.tag}" did not end when it was interrupted`)))
          return undefined
        }
        message.overdue = true
        if (message.run === undefined) this.guarded(() => this.options.observer?.overdue(message))
        this.refuse(message, new HandlerTimeout({ actor, tag: message.tag, millis }), "TimedOut")
        message.fiber?.interruptUnsafe()
        return Duration.toMillis(shutdown)
      }
    })
    this.#watchdog.guard(message)
  }

  /** Begins an activation. Most builds end at once. */
  #begin(): Effect.Effect<void, unknown> {
    const { build, buildTimeout } = this.options
    const activation = (this.#activation = new Activation(this))
    const fiber = activation.build(build)
    const exit = fiber.pollUnsafe()
    if (exit !== undefined) return Exit.isSuccess(exit) ? this.#activated(activation) : exit
    const built = Limit.ended(fiber, Effect.sleep(buildTimeout))
    return Effect.flatMap(built, (inTime) =>
      inTime
        ? Effect.flatMap(Fiber.join(fiber), () => this.#activated(activation))
        : Effect.die(new Error(`The build did not end within ${Duration.toMillis(buildTimeout)} ms`))
    )
  }

  #activated(activation: Activation): Effect.Effect<void, unknown> {
    if (this.#activation !== activation) return Effect.interrupt
    if (activation.failure !== undefined) return Effect.failCause(activation.failure)
    this.options.observer?.settled()
    this.#lastGood = this.state
    this.#changed = false
    activation.runningSince = this.now()
    this.#setStatus("running")
    this.pump()
    return Effect.void
  }

  #crash(cause: Cause.Cause<unknown>): void {
    const { address: actor, context } = this.options
    const message = this.#current
    this.guarded(() => this.options.observer?.crashed(message?.run === undefined ? message : undefined, cause))
    const details = this.#detailsOf(message, cause)
    const runningSince = this.#activation?.runningSince
    const released = this.#passivate(Exit.failCause(cause))
    // A stopping actor does not restart.
    const stopping = this.status === "stopping"
    if (!stopping) this.#setStatus("restarting")
    const readable = Thrown.toCause(cause)
    this.options.recorder?.crashed(message, readable)
    if (message !== undefined) {
      this.refuse(message, new ActorCrashed({ actor, cause: Cause.squash(readable) }), "Crashed")
    }
    const recovery = (this.#recovery ??= this.#makeRecovery())
    recovery.run(context, Effect.andThen(released, recovery.recover(cause, runningSince)))
    this.#report(details, cause)
    if (stopping) this.#whenIdle?.()
  }

  /** What the log says of a crash, besides its labels and its cause. */
  #detailsOf(message: Message.Message | undefined, cause: Cause.Cause<unknown>): Log.LogDetails {
    let details: Log.LogDetails = { action: message?.tag }
    this.guarded(() => {
      details = { ...details, ...this.options.crashDetails?.(message?.run === undefined ? message : undefined, cause) }
    })
    return details
  }

  /** On a fiber of its own, so that nothing waits for the log. */
  #report(details: Log.LogDetails, cause: Cause.Cause<unknown>): void {
    Effect.runForkWith(this.options.context)(
      Log.error("An actor crashed", { ...labelsOf(this.options), ...details, cause })
    )
  }

  #makeRecovery(): Recovery {
    return new Recovery(this.options.restart, {
      wanted: () => this.status === "restarting" || this.status === "faulted",
      activate: Effect.suspend(() => this.#begin()),
      release: (cause) => this.#buildFailed(cause),
      probed: () => this.guarded(() => this.options.observer?.probed()),
      faulted: () => {
        this.#setStatus("faulted")
        this.refuseAll(() => this.#faulted(), "Faulted")
      },
      giveUp: (cause) => this.#terminate({ _tag: "Crashed", cause })
    })
  }

  #buildFailed(cause: Cause.Cause<unknown>): Effect.Effect<void> {
    return Effect.suspend(() => {
      if (failureOf(Exit.failCause(cause), isNoInterruption) !== undefined)
        this.#report(this.#detailsOf(undefined, cause), cause)
      return this.#passivate(Exit.failCause(cause))
    })
  }

  /**
   * Ends the activation and restores the last good state. The returned effect releases what was acquired, in bounded
   * time.
   */
  #passivate(exit: Exit.Exit<unknown, unknown>): Effect.Effect<void> {
    const activation = this.#activation
    const message = this.#current
    this.#activation = undefined
    this.#current = undefined
    this.#changed = false
    this.guarded(() => (this.#lastGood = this.options.restore?.(this.#lastGood) ?? this.#lastGood))
    if (this.state !== this.#lastGood) {
      this.state = this.#lastGood
      this.guarded(() => this.options.observer?.changed(this.#lastGood))
    }
    // The fibers that wait for these are about to be interrupted, and may be uninterruptible.
    this.answerInternal(Exit.succeed(this.state))
    if (activation === undefined) return Effect.void
    const running = message?.fiber ?? activation.building
    return Effect.uninterruptible(release(this.options, { activation, running, exit }))
  }

  #terminate(termination: Termination): Effect.Effect<void> {
    return Effect.suspend(() => {
      const message = this.#current
      const stopped = (begun: boolean) => new ActorStopped({ actor: this.options.address, begun })
      const released = this.#passivate(Exit.void)
      this.#setStatus("stopped")
      if (message !== undefined) this.refuse(message, stopped(true), "Stopped")
      this.refuseAll(() => stopped(false), "Stopped")
      this.#watchdog?.rest()
      const ended = Effect.sync(() => this.#ended(termination))
      return Effect.andThen(this.#recovery?.end() ?? Effect.void, Effect.andThen(released, ended))
    })
  }

  #ended(termination: Termination): void {
    this.termination = termination
    if (this.#end !== undefined) Deferred.doneUnsafe(this.#end, Exit.succeed(termination))
  }

  #untilIdle(): Effect.Effect<void> {
    return Effect.callback((resume) => {
      if (this.#current === undefined && this.isEmpty) return resume(Effect.void)
      this.#whenIdle = () => resume(Effect.void)
    })
  }

  #faulted(): ActorFaulted {
    const retryAfter = Math.max(0, (this.#recovery?.retryAt ?? 0) - this.now())
    return new ActorFaulted({ actor: this.options.address, retryAfter })
  }

  #setStatus(status: Status): void {
    if (this.status === status) return
    this.status = status
    this.guarded(() => this.options.observer?.status(status))
  }
}
