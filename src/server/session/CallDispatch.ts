/**
 * What a client asks of an instance it has mounted, on its way into the mailbox: looked up in the contract, decoded, and handed over.
 * The listener is called once with what became of it, and not at all when the function returned has cancelled it.
 */
import * as Cause from "effect/Cause"
import * as Exit from "effect/Exit"
import * as Predicate from "effect/Predicate"
import type { Resume } from "../../actor/Message.ts"
import type { ActionCodec } from "../../ComponentCodec.ts"
import { Draining, PayloadRejected, UnknownAction } from "../../LiveError.ts"
import type { ClientInfo } from "../sync/ClientInfo.ts"
import type { InstanceRef } from "../instance/InstanceRef.ts"
import type { Id } from "./ReplyCache.ts"
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
export type OutcomeListener = (outcome: CallOutcome) => void

const noop = (): void => {}

/** There is nothing to wait for, or to cancel. */
const end = (done: OutcomeListener, outcome: CallOutcome): (() => void) => {
  done(outcome)
  return noop
}

/** Calls an action of an instance; undefined when the client has not mounted it. */
export const call = (
  instance: InstanceRef | undefined,
  { action, callId, componentId, payload }: ActionCall,
  sender: Sender,
  done: OutcomeListener
): (() => void) => {
  if (instance === undefined) return end(done, refused(notMounted(`Calling "${action.slice(0, 64)}" on`, componentId)))
  if (sender.isDraining()) return end(done, refused(new Draining()))
  const { component } = instance
  const codec = component.codec.actions.get(action)
  if (codec === undefined) {
    return end(done, refused(new UnknownAction({ component: component.componentName, action: action.slice(0, 256) })))
  }
  const decoded = codec.decodePayload(isNothing(codec, payload) ? null : payload)
  if (Exit.isFailure(decoded)) return end(done, payloadRejected(action, decoded.cause))
  // Clients that guess what an action does have to know when they see what it did.
  const reference =
    codec.reduce === undefined || typeof callId !== "number"
      ? undefined
      : `{"connectionId":"${sender.client.connection}","callId":${callId}}`
  const listener = tellOutcome(instance, action, sender, done)
  return instance.send(action, decoded.value, { from: sender.client, reference }, listener)
}

/** Sets a field of an instance that clients may set; undefined when the client has not mounted it. */
export const set = (
  instance: InstanceRef | undefined,
  { componentId, property, value }: FieldWrite,
  sender: Sender,
  done: OutcomeListener
): (() => void) => {
  const decode = instance?.component.codec.writable.get(property)
  if (instance === undefined || decode === undefined) {
    return end(done, refused(notMounted(`Setting "${property.slice(0, 64)}" on`, componentId)))
  }
  const decoded = decode(value)
  if (Exit.isFailure(decoded)) return end(done, payloadRejected(property, decoded.cause))
  if (sender.isDraining()) return end(done, refused(new Draining()))
  const tag = tagOf(property)
  return instance.send(tag, decoded.value, { from: sender.client }, tellOutcome(instance, tag, sender, done))
}

/** An action without payload is `Void`, whose JSON form is null; an empty object is as empty. */
const isNothing = ({ takesNothing }: ActionCodec, payload: unknown): boolean =>
  payload === undefined || (takesNothing && Predicate.isObject(payload) && Object.keys(payload).length === 0)

/** Tells what became of a message to the instance. */
const tellOutcome =
  (instance: InstanceRef, tag: string, { isDraining }: Sender, done: OutcomeListener): Resume =>
  (exit) => {
    const outcome = outcomeOf(instance, tag, exit)
    // What still waited when the server ended can be asked of the next one.
    const isLeft = isDraining() && outcome._tag === "Refused" && outcome.error.reason._tag === "InstanceStopped"
    done(isLeft ? refused(new Draining()) : outcome)
  }

const payloadRejected = (action: string, cause: Cause.Cause<unknown>): CallOutcome =>
  refused(new PayloadRejected({ action, issue: String(Cause.squash(cause)) }))
