/**
 * Makes a message to its instance of what a client asks: finds the action or the field in the contract and decodes the
 * payload. What became of the message is told as a `CallOutcome`.
 */
import * as Cause from "effect/Cause"
import * as Exit from "effect/Exit"
import * as Predicate from "effect/Predicate"
import type { Resume, SendOptions } from "../../actor/Message.ts"
import { type ActionCodec, issueOf } from "../../ComponentCodec.ts"
import { Draining, NotAllowed, PayloadRejected, UnknownAction } from "../../LiveError.ts"
import type { ClientInfo } from "../sync/ClientInfo.ts"
import type { InstanceRef } from "../instance/InstanceRef.ts"
import type { TraceContext } from "../instance/TraceContext.ts"
import type { Id } from "./ReplyCache.ts"
import type { ReplyListener } from "./ReplyListener.ts"
import { asked, notMounted, type CallOutcome, outcomeOf, refused } from "./CallOutcome.ts"
import { fieldOf, tagOf } from "../../FieldTag.ts"

/** A call of an action, or by the name of `FieldTag` a write to a field. */
export interface ActionCall {
  readonly componentId: string
  readonly action: string
  /** Encoded by the contract. */
  readonly payload?: unknown
  /** Identifies the call: sent twice, it runs once. */
  readonly callId?: Id | undefined
  /** The client has the answers of all requests below this id. */
  readonly settled?: number
  /** The span of the client that makes the call. */
  readonly trace?: TraceContext | undefined
}

/** A write to a field of the state. */
export interface FieldWrite {
  readonly componentId: string
  readonly property: string
  /** Encoded by the contract. */
  readonly value: unknown
  readonly trace?: TraceContext | undefined
}

/** The client of a call. */
export interface Sender {
  readonly client: ClientInfo
  /** Whether the server accepts nothing new any more. */
  readonly isDraining: () => boolean
  /** The schema of an action or a field has failed by itself. */
  readonly schemaFailed: (instance: InstanceRef, action: string, cause: Cause.Cause<unknown>) => void
}

/** A request as a message to its instance. */
export interface InstanceMessage extends SendOptions {
  readonly _tag: "Message"
  readonly instance: InstanceRef
  readonly tag: string
  readonly payload: unknown
}

/** The message of a call, or why it is refused. `instance` is undefined when the client has not mounted it. */
export const call = (
  instance: InstanceRef | undefined,
  { action, callId, componentId, payload, trace }: ActionCall,
  sender: Sender
): InstanceMessage | CallOutcome => {
  if (instance === undefined) return refused(notMounted(`Calling "${action.slice(0, 64)}" on`, componentId))
  if (sender.isDraining()) return refused(new Draining())
  const { component } = instance
  const codec = component.codec.actions.get(action)
  if (codec === undefined) {
    const property = fieldOf(action)
    if (property !== undefined && component.codec.writable.has(property)) {
      return set(instance, { componentId, property, value: payload ?? null, trace }, sender)
    }
    return refused(new UnknownAction({ component: component.componentName, action: action.slice(0, 256) }))
  }
  const decoded = isNothing(codec, payload) ? nothing : codec.decodePayload(payload ?? null)
  if (Exit.isFailure(decoded)) return payloadRejected(instance, action, decoded.cause, sender)
  // The contract's own text is found faster among the handlers than the client's.
  const { tag } = codec
  // Clients with optimistic actions have to know which change comes from which call.
  const reference =
    codec.reduce === undefined || typeof callId !== "number"
      ? undefined
      : `{"connectionId":"${sender.client.connection}","callId":${callId}}`
  return { _tag: "Message", instance, tag, payload: decoded.value, from: sender.client, reference, trace }
}

/** The message that sets a writable field, or why it is refused. */
export const set = (
  instance: InstanceRef | undefined,
  { componentId, property, trace, value }: FieldWrite,
  sender: Sender
): InstanceMessage | CallOutcome => {
  const what = `Setting "${property.slice(0, 64)}" on`
  if (instance === undefined) return refused(notMounted(what, componentId))
  const codec = instance.component.codec.writable.get(property)
  if (codec === undefined) return refused(new NotAllowed({ what: asked(what, componentId) }))
  const decoded = codec.decodePayload(value)
  if (Exit.isFailure(decoded)) return payloadRejected(instance, property, decoded.cause, sender)
  if (sender.isDraining()) return refused(new Draining())
  return { _tag: "Message", instance, tag: tagOf(property), payload: decoded.value, from: sender.client, trace }
}

const nothing = Exit.succeed(undefined)

/** An action without a payload accepts nothing, null and an empty object. */
const isNothing = ({ takesNothing }: ActionCodec, payload: unknown): boolean =>
  takesNothing && (payload === undefined || payload === null || isEmptyObject(payload))

const isEmptyObject = (payload: unknown): boolean => Predicate.isObject(payload) && Object.keys(payload).length === 0

/** Passes the outcome of a message to the listener. */
export const tellOutcome =
  (
    { instance, tag }: InstanceMessage,
    { isDraining }: Sender,
    listener: Pick<ReplyListener<CallOutcome>, "answered">
  ): Resume =>
  (exit) => {
    const outcome = outcomeOf(instance, tag, exit)
    // A message that was not begun when the server ended can be sent to the next one.
    const isLeft = outcome._tag === "Refused" && isDraining() && outcome.error.reason._tag === "InstanceStopped"
    listener.answered(isLeft ? refused(new Draining()) : outcome)
  }

const payloadRejected = (
  instance: InstanceRef,
  action: string,
  cause: Cause.Cause<unknown>,
  sender: Sender
): CallOutcome => {
  if (Cause.hasDies(cause)) sender.schemaFailed(instance, action, cause)
  return refused(new PayloadRejected({ action, issue: issueOf(cause) }))
}
