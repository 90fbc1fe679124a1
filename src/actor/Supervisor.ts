/**
 * Keeps children running. A child is an effect: `Actor.spawn` and `Actor.untilStopped` make one from an actor, and
 * `run` makes one from another supervisor, so that escalation is simply the failure of a child. A child that crashes
 * begins anew; state that has to survive belongs elsewhere (an actor keeps its own).
 */
import type * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import { Children, type Options, type Step } from "./Children.ts"
import type { Child, ChildStatus } from "./ChildSpec.ts"
import type { SupervisorError } from "./SupervisorError.ts"
import { ParentPath, Supervisors } from "./Supervisors.ts"

export type { Options } from "./Children.ts"
export {
  type Backoff,
  child,
  type Child,
  type ChildOptions,
  type ChildStatus,
  type Restart,
  type Strategy
} from "./ChildSpec.ts"

/** A running supervisor. */
export interface Supervisor {
  /** Starts a child after the others; fails with `DuplicateChild` when the id is taken. */
  readonly start: <R>(child: Child<R>) => Effect.Effect<void, SupervisorError, R>
  /** Stops a child for good; false when there is none with this id. */
  readonly stop: (id: string) => Effect.Effect<boolean, SupervisorError>
  /** The children, in the order in which they were first started. */
  readonly children: Effect.Effect<ReadonlyArray<ChildStatus>>
  /** Never succeeds. Fails when the supervisor has given up and stopped its children. */
  readonly await: Effect.Effect<never, SupervisorError>
}

/** Services that children need. */
export type ChildServices<C> = C extends Child<infer R> ? R : never

/** Runs children until none is left. Stops them in reverse order, and fails when they crash too often. */
export const run = <const C extends Child<unknown>>(
  options: Options,
  children: ReadonlyArray<C>
): Effect.Effect<void, SupervisorError, ChildServices<C>> =>
  Effect.scoped(
    Effect.gen(function* () {
      const context = yield* Effect.context<ChildServices<C>>()
      const running = yield* makeChildren(options)
      for (const child of children) yield* running.start(child as Child<ChildServices<C>>, context)
      yield* running.supervise(() => running.isEmpty)
    })
  )

/** Runs a supervisor without children until the Scope closes. */
export const make = (options: Options = {}): Effect.Effect<Supervisor, never, Scope.Scope> =>
  Effect.gen(function* () {
    const running = yield* makeChildren(options)
    const gaveUp = yield* Deferred.make<never, SupervisorError>()
    const supervised = running.supervise(() => false)
    yield* Effect.forkScoped(Effect.onError(supervised, (cause) => Deferred.failCause(gaveUp, cause)))
    const step = <A>(effect: Effect.Effect<A, SupervisorError>): Effect.Effect<A, SupervisorError> =>
      Effect.suspend(() => {
        const done = Deferred.makeUnsafe<A, SupervisorError>()
        running.next(Effect.asVoid(Deferred.into(effect, done)))
        return Effect.raceFirst(Deferred.await(done), Deferred.await(gaveUp))
      })
    return {
      start: <R>(child: Child<R>) =>
        Effect.contextWith((context: Context.Context<R>) => step(running.start(child, context))),
      stop: (id) => step(running.stop(id)),
      children: Effect.sync(() => running.list),
      await: Deferred.await(gaveUp)
    }
  })

const makeChildren = (options: Options): Effect.Effect<Children, never, Scope.Scope> =>
  Effect.gen(function* () {
    const running = yield* Supervisors
    const parent = yield* ParentPath
    return yield* Effect.acquireRelease(
      Effect.map(Queue.unbounded<Step>(), (steps) => {
        const children = new Children(options, steps, parent)
        running.add(children)
        return children
      }),
      (children) =>
        Effect.andThen(
          children.stopAll(),
          Effect.sync(() => running.delete(children))
        )
    )
  })
