/** The calls that a view makes: promises of plain results, of which none is rejected. */
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { CallOptions } from "../client/ActionCaller.ts"
import * as CallResult from "../client/CallResult.ts"
import type { Replica } from "../client/Replica.ts"
import type * as Component from "../Component.ts"
import { tagOf } from "../FieldTag.ts"
import type { LiveError } from "../LiveError.ts"
import * as Log from "../Log.ts"
import * as TimeLimit from "../TimeLimit.ts"
import type { PromiseCalls, RunAction, SetField } from "./LiveComponent.ts"

/** How long the calls of a view that is left may take, before its connection goes. */
const patience = Duration.seconds(1)

/** The calls of one mount. */
export class ViewCalls<C extends Component.Typed> {
  readonly #component: C
  readonly #ended: (result: CallResult.CallResult<unknown, unknown>) => void
  readonly #replica: () => Deferred.Deferred<Replica<C>, LiveError>
  /** Calls without an answer. */
  readonly #open = new Set<Promise<CallResult.CallResult<unknown, unknown>>>()
  /** The actions as functions. */
  readonly call: PromiseCalls<Component.Actions<C>>

  /** Calls wait for the replica of the moment; `ended` is told of each that was made with `call`, but for those that were interrupted. */
  constructor(
    component: C,
    replica: () => Deferred.Deferred<Replica<C>, LiveError>,
    ended: (result: CallResult.CallResult<unknown, unknown>) => void
  ) {
    this.#component = component
    this.#replica = replica
    this.#ended = ended
    this.call = Object.fromEntries(
      [...component.codec.actions.keys()].map((action) => [
        action,
        (payload: unknown, options?: CallOptions) => this.#start(action, payload, options, ended)
      ])
    ) as never
  }

  /** Sets a field. */
  readonly set: SetField<C> = (field, value, options) =>
    this.#start(tagOf(field), value, options, this.#ended) as Promise<CallResult.CallResult<void, LiveError>>

  /** Calls an action for who shows its error: it is not told to `ended`. */
  readonly run: RunAction = (action, payload, options) => this.#start(action, payload, options, () => {})

  /** Whether a call has no answer yet. */
  get isBusy(): boolean {
    return this.#open.size > 0
  }

  /** Waits a short time until the calls that these have begun are answered. */
  static answered<C extends Component.Typed>(of: ReadonlyArray<ViewCalls<C>>): Effect.Effect<unknown> {
    const calls = of.flatMap((calls) => Array.from(calls.#open))
    return calls.length === 0
      ? Effect.void
      : TimeLimit.timeoutOption(
          Effect.promise(() => Promise.all(calls)),
          patience
        )
  }

  #start(
    action: string,
    payload: unknown,
    options: CallOptions | undefined,
    ended: (result: CallResult.CallResult<unknown, unknown>) => void
  ): Promise<CallResult.CallResult<unknown, unknown>> {
    const call = Effect.runPromise(
      Effect.flatMap(Deferred.await(this.#replica()), (replica) => replica.call(action, payload, options)).pipe(
        Effect.exit,
        Effect.tap((exit) => this.#logDefect(action, exit)),
        Effect.map((exit) => {
          const result = CallResult.fromExit(this.#component, exit)
          // An interrupted call, as when the page is left, is no error to show.
          if (Exit.isSuccess(exit) || !Cause.hasInterruptsOnly(exit.cause)) ended(result)
          return result
        })
      )
    )
    this.#open.add(call)
    void call.then(() => this.#open.delete(call))
    return call
  }

  #logDefect(action: string, exit: Exit.Exit<unknown, unknown>): Effect.Effect<void> {
    if (Exit.isSuccess(exit) || !Cause.hasDies(exit.cause)) return Effect.void
    return Log.error(`The call of "${action}" of "${this.#component.componentName}" failed`, { cause: exit.cause })
  }
}
