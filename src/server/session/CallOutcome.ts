/** What became of a call: what its actor answered, in the words of the contract or of the house. */
import * as Cause from "effect/Cause"
import * as Exit from "effect/Exit"
import { ActorError, type ActorErrorReason } from "../../actor/ActorError.ts"
import {
  CallExpired,
  ComponentCrashed,
  ComponentFaulted,
  InstanceStopped,
  LiveError,
  type LiveErrorReason,
  ComponentMailboxFull,
  NotAllowed,
  PayloadRejected,
  UnknownAction
} from "../../LiveError.ts"
import type * as ActionResult from "../instance/ActionResult.ts"
import type { InstanceRef } from "../instance/InstanceRef.ts"
import type { NotAsked } from "./ReplyCache.ts"

/** What became of a call; results and typed errors are JSON texts. */
export type CallOutcome =
  | { readonly _tag: "Success"; readonly text: string }
  /** The action's own typed error. */
  | { readonly _tag: "Failure"; readonly text: string; readonly message: string }
  | { readonly _tag: "Refused"; readonly error: LiveError }

/** The house refuses. */
export const refused = (reason: LiveErrorReason): CallOutcome => ({ _tag: "Refused", error: new LiveError({ reason }) })

/** The client has mounted nothing of that id. */
export const notMounted = (what: string, componentId: string): NotAllowed =>
  new NotAllowed({ what: `${what} ${JSON.stringify(componentId.slice(0, 64))}` })

/** The outcome of an action that ended. */
export const outcomeOf = (instance: InstanceRef, action: string, exit: Exit.Exit<unknown, unknown>): CallOutcome => {
  if (Exit.isSuccess(exit)) return { _tag: "Success", text: exit.value as string }
  const failure = exit.cause.reasons.find(Cause.isFailReason)
  if (failure === undefined) return refused(interrupted(instance.component.componentName, action))
  const { error } = failure
  // The handler has passed on what the house refused.
  if (error instanceof LiveError) return { _tag: "Refused", error }
  return error instanceof ActorError
    ? refused(reasonOf(error.reason, instance.component.componentName, action, instance.capacity))
    : { _tag: "Failure", ...(error as ActionResult.Failure) }
}

/** What was begun ended half-way, and it was not whoever asked that has ended it. */
export const interrupted = (component: string, action: string): CallExpired =>
  new CallExpired({ component, action, outcome: "interrupted" })

/** Why a request cannot be asked under its id. */
export const notAsked = (
  why: NotAsked,
  component: string,
  action: string,
  callId: number | string
): CallExpired | PayloadRejected =>
  why === "forgotten"
    ? new CallExpired({ component, action, outcome: "unknown" })
    : new PayloadRejected({
        action,
        issue: `the callId ${JSON.stringify(callId)} belongs to another request`
      })

/** What the actor runtime refuses, in the words of the house. */
const reasonOf = (reason: ActorErrorReason, component: string, action: string, capacity: number): LiveErrorReason => {
  switch (reason._tag) {
    case "MailboxFull":
    case "MessageReplaced":
      return new ComponentMailboxFull({ component, capacity })
    case "MessageExpired":
      return new CallExpired({ component, action, outcome: "notRun" })
    case "AskTimeout":
    case "HandlerTimeout":
      return new CallExpired({ component, action, outcome: "interrupted", timeout: reason.millis })
    case "ActorCrashed":
      return new ComponentCrashed({ component })
    case "ActorFaulted":
      return new ComponentFaulted({ component, retryAfter: reason.retryAfter })
    case "ActorStopped":
      return reason.begun ? interrupted(component, action) : new InstanceStopped({ component })
    case "UnknownMessage":
      return new UnknownAction({ component, action })
    default:
      return new ComponentCrashed({ component })
  }
}

/** All that a client is told of a defect; what it was is in the log. */
export const internalError = "Internal server error. Try again; if it persists, report it with the time it happened."
