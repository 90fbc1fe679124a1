/**
 * What a client asks of an instance it has mounted, on its way into the mailbox: looked up in the contract, decoded, and handed over.
 * The listener is told once what became of it, and nothing when what is returned has taken it back.
 */
import * as Cause from "effect/Cause"
import * as Exit from "effect/Exit"
import * as Predicate from "effect/Predicate"
import type { Resume } from "../../actor/Message.ts"
import type { ActionCodec } from "../../ComponentCodec.ts"
import { Draining, PayloadRejected, UnknownAction } from "../../LiveError.ts"
import * as Thrown from "../../Thrown.ts"
import type { ClientInfo } from "../sync/ClientInfo.ts"
import type { InstanceRef } from "../instance/InstanceRef.ts"
import type { Id } from "./ReplyCache.ts"
import { over, type Pending, type ReplyListener } from "./ReplyListener.ts"
import { notMounted, type CallOutcome, outcomeOf, refused } from "./CallOutcome.ts"
import { tagOf } from "../instance/WritableFields.ts"

/** An action is to be called. */
export interface ActionCall {
  readonly componentId: string
  readonly action: string
  /** Encoded by the contract. */
  readonly payload?: unknown
  /** Names the call, so that asking for it twice runs it once. */
  readonly callId?: Id
  /** All requests of a lower id have been answered. */
  readonly settled?: number
}

/** A field of a state is to be set. */
export interface FieldWrite {
  readonly componentId: string
  readonly property: string
  /** Encoded by the contract. */
  readonly value: unknown
}

/** Who asks. */
export interface Sender {
  readonly client: ClientInfo
  /** Whether nothing new is taken any more. */
  readonly isDraining: () => boolean
}

/** Gets to know what became of it. */
export type OutcomeListener = Pick<ReplyListener<CallOutcome>, "answered">

/** There is nothing to wait for, or to take back. */
const end = (listener: OutcomeListener, outcome: CallOutcome): Pending => {
  listener.answered(outcome)
  return over
}

/** Calls an action of an instance; undefined when the client has not mounted it. */
export const call = (
  instance: InstanceRef | undefined,
  { action, callId, componentId, payload }: ActionCall,
  sender: Sender,
  listener: OutcomeListener
): Pending => {
  if (instance === undefined)
    return end(listener, refused(notMounted(`Calling "${action.slice(0, 64)}" on`, componentId)))
  if (sender.isDraining()) return end(listener, refused(new Draining()))
  const { component } = instance
  const codec = component.codec.actions.get(action)
  if (codec === undefined) {
    return end(
      listener,
      refused(new UnknownAction({ component: component.componentName, action: action.slice(0, 256) }))
    )
  }
  const decoded = codec.decodePayload(isNothing(codec, payload) ? null : payload)
  if (Exit.isFailure(decoded)) return end(listener, payloadRejected(action, decoded.cause))
  // Clients that guess what an action does have to know when they see what it did.
  const reference =
    codec.reduce === undefined || typeof callId !== "number"
      ? undefined
      : `{"connectionId":"${sender.client.connection}","callId":${callId}}`
  const resume = tellOutcome(instance, action, sender, listener)
  return { cancel: instance.send(action, decoded.value, { from: sender.client, reference }, resume) }
}

/** Sets a field of an instance that clients may set; undefined when the client has not mounted it. */
export const set = (
  instance: InstanceRef | undefined,
  { componentId, property, value }: FieldWrite,
  sender: Sender,
  listener: OutcomeListener
): Pending => {
  const decode = instance?.component.codec.writable.get(property)
  if (instance === undefined || decode === undefined) {
    return end(listener, refused(notMounted(`Setting "${property.slice(0, 64)}" on`, componentId)))
  }
  const decoded = decode(value)
  if (Exit.isFailure(decoded)) return end(listener, payloadRejected(property, decoded.cause))
  if (sender.isDraining()) return end(listener, refused(new Draining()))
  const tag = tagOf(property)
  return {
    cancel: instance.send(tag, decoded.value, { from: sender.client }, tellOutcome(instance, tag, sender, listener))
  }
}

/** An action without payload is `Void`, whose JSON form is null; an empty object is as empty. */
const isNothing = ({ takesNothing }: ActionCodec, payload: unknown): boolean =>
  payload === undefined || (takesNothing && Predicate.isObject(payload) && Object.keys(payload).length === 0)

/** Tells what became of a message to the instance. */
const tellOutcome =
  (instance: InstanceRef, tag: string, { isDraining }: Sender, listener: OutcomeListener): Resume =>
  (exit) => {
    const outcome = outcomeOf(instance, tag, exit)
    // What still waited when the server ended can be asked of the next one.
    const isLeft = isDraining() && outcome._tag === "Refused" && outcome.error.reason._tag === "InstanceStopped"
    listener.answered(isLeft ? refused(new Draining()) : outcome)
  }

const payloadRejected = (action: string, cause: Cause.Cause<unknown>): CallOutcome =>
  refused(new PayloadRejected({ action, issue: Thrown.describe(Cause.squash(cause)) }))
