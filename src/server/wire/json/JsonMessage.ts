/** Decodes the messages of JsonProtocol, and removes what is null in them. */
import * as Cause from "effect/Cause"
import * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"
import * as Thrown from "../../../Thrown.ts"
import { type ClientMessage, clientMessages, settingOf, type RequestId } from "../../../JsonProtocol.ts"
import type { MountRequest } from "../../../LiveProtocol.ts"
import type { RestoreRequest } from "../../instance/Instances.ts"
import * as TraceContext from "../../instance/TraceContext.ts"
import type { ActionCall, FieldWrite } from "../../session/CallDispatch.ts"
import type { AllowanceKind } from "../../transport/Connection.ts"
import { tooDeep } from "../Ingress.ts"
import * as JsonCall from "./JsonCall.ts"
import { MessageRejected, UnknownMessageType } from "./JsonError.ts"

/** A message of this type. */
export type MessageOf<Type extends ClientMessage["type"]> = Extract<ClientMessage, { readonly type: Type }>

/** A message about an upload. */
export type UploadMessage = Extract<ClientMessage, { readonly type: `FILE_UPLOAD_${string}` }>

/** A message that mounts or rehydrates a component. */
export type MountMessage = MessageOf<"COMPONENT_MOUNT"> | MessageOf<"COMPONENT_REHYDRATE">

/** The fields of a possible message. */
export interface JsonFields {
  readonly [field: string]: unknown
}

const known = Object.keys(clientMessages)
const decoders = new Map(
  Object.entries(clientMessages).map(([type, schema]) => [
    type,
    Schema.decodeUnknownExit(schema as Schema.Codec<ClientMessage>)
  ])
)

/** The id for the reply, if what was given is one. */
export const requestIdOf = (id: unknown): RequestId | undefined => (JsonCall.isRequestId(id) ? id : undefined)

/** A message with an existing type and the fields of that type. */
export const decode = (
  fields: JsonFields | undefined,
  isTooDeep: boolean
): ClientMessage | MessageRejected | UnknownMessageType => {
  if (fields !== undefined && !isTooDeep && JsonCall.isCall(fields)) return fields
  const type = fields?.["type"]
  const decodeFields = typeof type === "string" ? decoders.get(type) : undefined
  if (decodeFields === undefined) return new UnknownMessageType({ type: fields && (type ?? null), known })
  const reject = (issue: string) => new MessageRejected({ type: String(type), issue })
  if (isTooDeep) return reject(tooDeep)
  const decoded = decodeFields(fields)
  return Exit.isSuccess(decoded) ? decoded.value : reject(Thrown.describe(Cause.squash(decoded.cause)))
}

/** What a message counts towards. */
export const kindOf = (fields: JsonFields | undefined): AllowanceKind => {
  const type = fields?.["type"]
  return type === "COMPONENT_MOUNT" || type === "COMPONENT_REHYDRATE" ? "mount" : "message"
}

/** The fields of a message, and the options in it, without null: many languages write null for what is missing. */
export const fieldsOf = (value: unknown): JsonFields | undefined => {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined
  const message = value as JsonFields
  const { payload } = message
  // In a call that is recognised nothing is null that is read.
  if (message["type"] === "CALL_ACTION") return JsonCall.isCall(message) ? message : given(message, payloads)
  const options = typeof payload !== "object" || payload === null ? payload : given(payload, values)
  return given(options === payload ? message : { ...message, payload: options }, values)
}

/** In these, null is a value. */
const payloads = new Set(["payload"])
const values = new Set(["value"])

/** Removes fields that are null; returns the same object when there are none. */
const given = (fields: object, but: ReadonlySet<string>): JsonFields => {
  const all = fields as JsonFields
  for (const name in all) {
    if (all[name] === null && !but.has(name)) {
      return Object.fromEntries(Object.entries(all).filter(([name, value]) => value !== null || but.has(name)))
    }
  }
  return all
}

/** The span of a client, if it has given one. */
export const traceOf = (traceparent: string | undefined): TraceContext.TraceContext | undefined =>
  traceparent === undefined ? undefined : TraceContext.ofHeader(traceparent)

/** The call of a message. */
export const callOf = ({
  action,
  callId,
  componentId,
  payload,
  traceparent
}: MessageOf<"CALL_ACTION">): ActionCall => ({
  componentId,
  action,
  payload,
  // The numbers of other clients may have no order: they are used as texts.
  callId: callId === undefined ? undefined : JSON.stringify(callId),
  trace: traceOf(traceparent)
})

/** The write of a message. */
export const writeOf = (message: MessageOf<"PROPERTY_UPDATE">): FieldWrite => {
  const { property = "", value } = settingOf(message)
  return { componentId: message.componentId, property, value, trace: traceOf(message.traceparent) }
}

/** The mount of a message. */
export const mountOf = (message: MountMessage): MountRequest | RestoreRequest => {
  const { component, componentName, room } = message.payload
  const common = { component: component ?? componentName ?? "", ...(room === undefined ? {} : { room }) }
  if (message.type === "COMPONENT_REHYDRATE") return { ...common, token: message.payload.signedState }
  const { key, props = {} } = message.payload
  return { ...common, props: props as MountRequest["props"], seal: true, ...(key === undefined ? {} : { key }) }
}
