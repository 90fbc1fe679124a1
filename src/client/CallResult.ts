/** What became of a call, as a plain value: for who does not write Effect. */
import * as Cause from "effect/Cause"
import * as Exit from "effect/Exit"
import type * as Component from "../Component.ts"
import type { LiveError } from "../LiveError.ts"
import { crashed, stopped } from "./ReplicaError.ts"

/**
 * What became of a call: its value, or the action's own typed error or a `LiveError`. `exit` is the same as Effect's `Exit`; it
 * is not enumerable, so that the rest can be compared and copied.
 */
export type CallResult<A, E> =
  | { readonly ok: true; readonly value: A; readonly exit: Exit.Exit<A, E> }
  | { readonly ok: false; readonly error: E; readonly exit: Exit.Exit<A, E> }

/** What became of a call of this component. One that was interrupted failed with `InstanceStopped`, a defect with `ClientCrashed`. */
export const fromExit = <A, E>(component: Component.Typed, exit: Exit.Exit<A, E>): CallResult<A, E | LiveError> => {
  const plain = Exit.isSuccess(exit)
    ? { ok: true, value: exit.value }
    : { ok: false, error: errorOf(component, exit.cause) }
  return Object.defineProperty(plain, "exit", { value: exit }) as CallResult<A, E | LiveError>
}

const errorOf = <E>(component: Component.Typed, cause: Cause.Cause<E>): E | LiveError => {
  const failure = cause.reasons.find(Cause.isFailReason)
  if (failure !== undefined) return failure.error
  return Cause.hasInterruptsOnly(cause) ? stopped(component) : crashed(component)
}
