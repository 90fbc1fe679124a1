/**
 * The running children of one supervisor. Everything that happens to them is a step, and the fiber of the supervisor
 * takes the steps one after the other. A step waits for children that stop, and never for a backoff.
 */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Queue from "effect/Queue"
import * as Log from "../Log.ts"
import * as Thrown from "../Thrown.ts"
import { failureOf, isNoInterruption } from "./Activation.ts"
import { affected, type Backoff, type Child, type ChildStatus, restarts, type Strategy } from "./ChildSpec.ts"
import * as Limit from "./Limit.ts"
import * as Monotonic from "./Monotonic.ts"
import { sleepWithJitter } from "./Recovery.ts"
import * as RestartPolicy from "./RestartPolicy.ts"
import { DuplicateChild, RestartIntensityExceeded, SupervisorError } from "./SupervisorError.ts"
import { below, ParentPath, type RunningSupervisor } from "./Supervisors.ts"

/** How a supervisor works. */
export interface Options extends Backoff {
  /** Its name in errors and logs: `supervisor`. */
  readonly name?: string
  /** `oneForOne`. */
  readonly strategy?: Strategy
  /** Crashes of all children together that are tolerated `within` the window: 5. */
  readonly intensity?: number
  /** 30 seconds. */
  readonly within?: Duration.Input
}

/** A child with its state. */
interface Member {
  readonly child: Child
  readonly context: Context.Context<never>
  readonly policy: RestartPolicy.RestartPolicy
  /** While it runs. */
  fiber: Fiber.Fiber<unknown, unknown> | undefined
  /** While it waits for its restart, with those that were stopped for its crash. */
  timer: Fiber.Fiber<unknown, unknown> | undefined
  /** The child for whose crash it was stopped, itself or another, while it waits for the restart. */
  waitsFor: Member | undefined
  history: RestartPolicy.History
  runningSince: number
  restarts: number
}

/** Something that happens to the children. When it fails, the supervisor fails. */
export type Step = Effect.Effect<void, SupervisorError>

/** The children of one supervisor. */
export class Children implements RunningSupervisor {
  readonly #name: string
  readonly path: string
  readonly strategy: Strategy
  readonly #backoff: Backoff
  /** Counts the crashes of all children. */
  readonly #policy: RestartPolicy.RestartPolicy
  #history = RestartPolicy.healthy
  readonly #members: Array<Member> = []
  readonly #steps: Queue.Queue<Step>

  /** `parent` is the path of the child that it runs in. */
  constructor(options: Options, steps: Queue.Queue<Step>, parent: string) {
    const { name, strategy, ...policy } = options
    this.#name = name ?? "supervisor"
    this.path = below(parent, this.#name)
    this.strategy = strategy ?? "oneForOne"
    this.#backoff = policy
    this.#policy = RestartPolicy.make({ ...policy, exhausted: "stop" })
    this.#steps = steps
  }

  get intensity(): number {
    return this.#policy.intensity
  }

  get within(): Duration.Duration {
    return this.#policy.within
  }

  get isEmpty(): boolean {
    return this.#members.length === 0
  }

  get list(): ReadonlyArray<ChildStatus> {
    return this.#members.map(({ child: { id, restart }, fiber, restarts }) => ({
      id,
      restart,
      status: fiber === undefined ? "waiting" : "running",
      restarts
    }))
  }

  /** Adds a step. */
  next(step: Step): void {
    Queue.offerUnsafe(this.#steps, step)
  }

  /** Takes steps until `isOver`, or until one fails. */
  supervise(isOver: () => boolean): Step {
    return Effect.suspend(() =>
      isOver()
        ? Effect.void
        : Effect.flatMap(Queue.take(this.#steps), (step) =>
            Effect.andThen(Effect.uninterruptible(step), this.supervise(isOver))
          )
    )
  }

  start<R>(child: Child<R>, context: Context.Context<R>): Step {
    return Effect.suspend(() => {
      if (this.#members.some((member) => member.child.id === child.id)) {
        const reason = new DuplicateChild({ supervisor: this.#name, child: child.id })
        return Effect.fail(new SupervisorError({ reason }))
      }
      const member: Member = {
        child: child as Child<never>,
        context: Context.add(context as Context.Context<never>, ParentPath, below(this.path, child.id)),
        policy: RestartPolicy.make({ ...this.#backoff, ...child.backoff, intensity: Infinity }),
        fiber: undefined,
        timer: undefined,
        waitsFor: undefined,
        history: RestartPolicy.healthy,
        runningSince: 0,
        restarts: 0
      }
      this.#members.push(member)
      return this.#launch(member)
    })
  }

  stop(id: string): Effect.Effect<boolean> {
    return Effect.suspend(() => {
      const member = this.#members.find(({ child }) => child.id === id)
      if (member === undefined) return Effect.succeed(false)
      return Effect.gen({ self: this }, function* () {
        yield* this.#halt(member)
        this.#forget(member)
        yield* this.#relaunch(this.#members.filter(({ waitsFor }) => waitsFor === member))
        return true
      })
    })
  }

  /** Stops the children, the last one first. */
  stopAll(): Effect.Effect<void> {
    return Effect.forEach(this.#members.toReversed(), (member) => this.#halt(member), { discard: true })
  }

  #launch(member: Member): Effect.Effect<void> {
    return Effect.map(Monotonic.millis, (now) => {
      member.timer = undefined
      member.waitsFor = undefined
      member.runningSince = now
      const fiber = (member.fiber = Effect.runForkWith(member.context)(member.child.run))
      fiber.addObserver((exit) => {
        if (member.fiber === fiber) this.next(Effect.suspend(() => this.#ended(member, fiber, exit)))
      })
    })
  }

  /** Restarts the children that do not run, in order. */
  #relaunch(members: ReadonlyArray<Member>): Effect.Effect<void> {
    const waiting = members.filter(({ fiber }) => fiber === undefined)
    return Effect.forEach(
      waiting,
      (member) => {
        member.restarts++
        return this.#launch(member)
      },
      { discard: true }
    )
  }

  /** Interrupts a child, and waits for its finalizers until its deadline. */
  #halt(member: Member): Effect.Effect<void> {
    return Effect.suspend(() => {
      const { child, fiber, timer } = member
      member.fiber = undefined
      member.timer = undefined
      timer?.interruptUnsafe()
      if (fiber === undefined) return Effect.void
      fiber.interruptUnsafe()
      return Effect.flatMap(Limit.ended(fiber, Effect.sleep(child.shutdown)), (inTime) =>
        inTime
          ? Effect.void
          : Limit.leftBehind("child", "A child did not stop in time and is left behind", this.#labels(member))
      )
    })
  }

  #forget(member: Member): void {
    this.#members.splice(this.#members.indexOf(member), 1)
  }

  #ended(member: Member, fiber: Member["fiber"], exit: Exit.Exit<unknown, unknown>): Step {
    if (member.fiber !== fiber) return Effect.void
    member.fiber = undefined
    const cause = failureOf(exit, isNoInterruption)
    if (cause !== undefined) this.#report(member, cause)
    if (restarts(member.child.restart, exit)) return this.#restart(member, cause)
    this.#forget(member)
    return Effect.void
  }

  #restart(member: Member, cause: Cause.Cause<unknown> | undefined): Step {
    return Effect.gen({ self: this }, function* () {
      const crash: RestartPolicy.Crash = { now: yield* Monotonic.millis, runningSince: member.runningSince }
      const allowed = RestartPolicy.decide(this.#policy, this.#history, crash)
      const decision = RestartPolicy.decide(member.policy, member.history, crash)
      if (allowed._tag !== "Restart" || decision._tag !== "Restart") return yield* this.#giveUp(member, cause)
      this.#history = allowed.history
      member.history = decision.history
      for (const sibling of this.#affected(member).toReversed()) {
        yield* this.#halt(sibling)
        sibling.waitsFor = member
        if (sibling.child.restart === "temporary") this.#forget(sibling)
      }
      if (decision.delay === 0) return yield* this.#due(member)
      const due = Effect.suspend(() => (member.timer === timer ? this.#due(member) : Effect.void))
      const later = Effect.andThen(
        sleepWithJitter(decision.delay),
        Effect.sync(() => this.next(due))
      )
      const timer: Fiber.Fiber<void> = Effect.runForkWith(member.context)(later)
      member.timer = timer
    })
  }

  #due(member: Member): Effect.Effect<void> {
    return this.#relaunch(this.#affected(member))
  }

  #affected(member: Member): ReadonlyArray<Member> {
    return affected(this.strategy, this.#members, this.#members.indexOf(member))
  }

  #giveUp(member: Member, cause: Cause.Cause<unknown> | undefined): Step {
    const reason = new RestartIntensityExceeded({
      supervisor: this.#name,
      child: member.child.id,
      intensity: this.#policy.intensity,
      millis: Duration.toMillis(this.#policy.within),
      cause: cause === undefined ? new Error("it ended, and is permanent") : Thrown.toError(Cause.squash(cause))
    })
    return Effect.andThen(this.stopAll(), Effect.fail(new SupervisorError({ reason })))
  }

  /** On a fiber of its own, so that no step waits for the log. */
  #report(member: Member, cause: Cause.Cause<unknown>): void {
    Effect.runForkWith(member.context)(Log.error("A child crashed", { ...this.#labels(member), cause }))
  }

  #labels({ child: { id: child } }: Member): Log.LogDetails {
    return { supervisor: this.#name, child }
  }
}
