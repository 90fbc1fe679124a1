/** The outcome of a call: its result, the error of its action, or a refusal. */
import * as Cause from "effect/Cause"
import * as Exit from "effect/Exit"
import { ActorError, type ActorErrorReason } from "../../actor/ActorError.ts"
import {
  isOfRequest,
  CallExpired,
  ComponentCrashed,
  ComponentFaulted,
  InstanceStopped,
  LiveError,
  type LiveErrorReason,
  ComponentMailboxFull,
  NotMounted,
  PayloadRejected,
  UnknownAction
} from "../../LiveError.ts"
import type * as ActionResult from "../instance/ActionResult.ts"
import type { InstanceRef } from "../instance/InstanceRef.ts"
import type { NotAsked } from "./ReplyCache.ts"

/** The outcome of a call. Results and errors of actions are JSON texts. */
export type CallOutcome =
  | { readonly _tag: "Success"; readonly text: string }
  /** The error that the action declares. */
  | { readonly _tag: "Failure"; readonly text: string; readonly message: string }
  | { readonly _tag: "Refused"; readonly error: LiveError }

/** A refusal with this reason. */
export const refused = (reason: LiveErrorReason): CallOutcome => ({ _tag: "Refused", error: new LiveError({ reason }) })

/** The error for an id that the client has not mounted. */
export const notMounted = (what: string, componentId: string): NotMounted =>
  new NotMounted({ what: asked(what, componentId) })

/** What was asked of an id, as the subject of a sentence. */
export const asked = (what: string, componentId: string): string =>
  `${what} ${JSON.stringify(componentId.slice(0, 64))}`

/** The outcome of an action that has ended. */
export const outcomeOf = (instance: InstanceRef, action: string, exit: Exit.Exit<unknown, unknown>): CallOutcome => {
  if (Exit.isSuccess(exit)) return { _tag: "Success", text: exit.value as string }
  const failure = exit.cause.reasons.find(Cause.isFailReason)
  if (failure === undefined) return refused(interrupted(instance.component.componentName, action))
  const { error } = failure
  // A LiveError that the handler passed on. What says that a call did not run is not true of this one, which has begun.
  if (error instanceof LiveError) {
    return isOfRequest(error)
      ? refused(interrupted(instance.component.componentName, action))
      : { _tag: "Refused", error }
  }
  return error instanceof ActorError
    ? refused(reasonOf(error.reason, instance.component.componentName, action, instance.capacity))
    : { _tag: "Failure", ...(error as ActionResult.Failure) }
}

/** A request that was interrupted, and not by its client. */
export const interrupted = (component: string, action: string): CallExpired =>
  new CallExpired({ component, action, outcome: "interrupted" })

/** Why a request cannot run under its id. */
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

/** The LiveError for an error of the actor runtime. */
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

/** All that a client learns of a defect; the log has the details. */
export const internalError = "Internal server error. Try again; if it persists, report it with the time it happened."
