// Relies on effect's insides: test/actor/effectInternals.test.ts fails when an upgrade changes them.
/**
 * One connection that speaks the open wire: what comes in is decoded and goes to its session, which is a new one or the one its client
 * had before.
 */
import * as Cause from "effect/Cause"
import type * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import { type ClientMessage, clientMessages, isSetting, RequestId } from "../../../JsonProtocol.ts"
import { LiveError, RateLimited } from "../../../LiveError.ts"
import { CloseCode, type Mounted, type MountRequest } from "../../../LiveProtocol.ts"
import type { Connection, ProtocolHandler } from "../../transport/Connection.ts"
import type { WireEncoder } from "../../sync/WireEncoder.ts"
import {
  MessageRejected,
  NotJson,
  type ErrorFields,
  errorFieldsOf,
  UnknownMessageType,
  UploadRejected
} from "./JsonError.ts"
import type { RestoreRequest } from "../../instance/Instances.ts"
import { JsonOutbox } from "./JsonOutbox.ts"
import * as JsonResponse from "./JsonResponse.ts"
import type * as LiveConfig from "../../LiveConfig.ts"
import { isTooDeep, mayBeTooDeep, tooDeep } from "../JsonDepth.ts"
import type { FeedConsumer } from "../../session/ClientFeed.ts"
import { internalError, notMounted } from "../../session/CallOutcome.ts"
import type { Session } from "../../session/Session.ts"
import type { Sessions } from "../../session/Sessions.ts"

type Message<Type extends ClientMessage["type"]> = Extract<ClientMessage, { readonly type: Type }>
type UploadMessage = Extract<ClientMessage, { readonly type: `FILE_UPLOAD_${string}` }>
type MountMessage = Message<"COMPONENT_MOUNT"> | Message<"COMPONENT_REHYDRATE">

const known = Object.keys(clientMessages)
const decoders = new Map(
  Object.entries(clientMessages).map(([type, schema]) => [
    type,
    Schema.decodeUnknownExit(schema as Schema.Codec<ClientMessage>)
  ])
)
const isRequestId = Schema.is(RequestId)

/** What all connections of a server share. */
export interface JsonHost {
  readonly config: LiveConfig.Settings
  readonly encoder: WireEncoder
  readonly sessions: Sessions["Service"]
  /** Milliseconds since the epoch. */
  readonly now: () => number
  readonly run: <A, E>(effect: Effect.Effect<A, E>) => Fiber.Fiber<A, E>
}

/** What a client says when it connects. */
export interface JsonOptions {
  /** The session it had before. */
  readonly sessionToken: string | undefined
  /** Whether all messages of one turn are to go out as one array. */
  readonly isBatching: boolean
}

/** One connection. */
export class JsonConnection implements ProtocolHandler, FeedConsumer {
  readonly #host: JsonHost
  readonly #connection: Connection
  readonly #outbox: JsonOutbox
  /** Undefined when another connection has it. */
  #session: Session | undefined
  /** What the client had been sent when it was asked last for a sign of life. */
  #asked: number | undefined

  constructor(host: JsonHost, connection: Connection, { isBatching, sessionToken }: JsonOptions) {
    this.#host = host
    this.#connection = connection
    this.#outbox = new JsonOutbox(connection, isBatching)
    const { principal } = connection
    const { sessions } = host
    const claimed = sessionToken === undefined ? undefined : sessions.claimUnsafe(sessionToken, principal, host.encoder)
    const resumed = typeof claimed === "object" ? claimed : undefined
    this.#session = resumed ?? sessions.openUnsafe(this, principal)
    if (resumed !== undefined) {
      resumed.takeUp(this)
      connection.spoke()
    }
    this.#outbox.first(this.#established(this.#session, resumed !== undefined))
  }

  get encoder(): WireEncoder {
    return this.#host.encoder
  }

  opened(): void {
    const session = this.#session
    this.#connection.flush()
    if (session?.previousSecret === undefined) return
    // When its client has answered, the token it has come back with is worth nothing any more.
    this.#connection.ping()
  }

  #established(session: Session, resumed: boolean): string {
    const { config, now, sessions } = this.#host
    const { components, connectionId } = session
    return JSON.stringify({
      type: "CONNECTION_ESTABLISHED",
      connectionId,
      sessionToken: sessions.ticketUnsafe(session),
      resumed,
      components,
      features: {
        compression: this.#connection.writer.isCompressing,
        encryption: config.encryptTokens,
        offlineQueue: false,
        loadBalancing: false
      },
      timestamp: now()
    })
  }

  schedule(): void {
    this.#connection.schedule()
  }

  flushNow(): void {
    this.#connection.flush()
  }

  replaced(): void {
    this.#session = undefined
    this.#connection.end(CloseCode.resumedElsewhere, "The session was resumed on another connection")
  }

  /** There is no word for it: the connection is closed when the server ends. */
  draining(): void {}

  knows(): boolean {
    return true
  }

  pinged(): void {
    this.#asked ??= this.#outbox.endBatch()
  }

  ponged(): void {
    const asked = this.#asked
    const session = this.#session
    if (asked === undefined || session === undefined) return
    this.#asked = undefined
    // The first it was sent was the token of its session.
    this.#host.sessions.confirmUnsafe(session)
    session.acknowledged(asked)
  }

  flush(): void {
    this.#outbox.flush(this.#session)
  }

  closed(): void {
    const session = this.#session
    this.#session = undefined
    if (session !== undefined) this.#host.run(this.#host.sessions.park(session))
  }

  receive(text: string): void {
    let parsed: unknown
    try {
      parsed = JSON.parse(text)
    } catch {
      if (this.#mayGoOn(undefined)) this.#error(new NotJson(), undefined)
      return
    }
    const isSuspect = mayBeTooDeep(text)
    if (!Array.isArray(parsed)) return this.#message(parsed, text.length, isSuspect)
    this.#outbox.isBatching = true
    const { maxMessages } = this.#host.config
    if (parsed.length > maxMessages) {
      return this.#connection.end(1008, `A frame carries more than ${maxMessages} messages`)
    }
    if (parsed.length === 0) return void this.#mayGoOn(undefined)
    const size = Math.ceil(text.length / parsed.length)
    for (const message of parsed) if (this.#connection.isOpen) this.#message(message, size, isSuspect)
  }

  #message(value: unknown, size: number, isSuspect: boolean): void {
    const message = withoutNulls(value)
    const { requestId, type } = message ?? {}
    if (!this.#mayGoOn(requestId)) return
    const decode = typeof type === "string" ? decoders.get(type) : undefined
    if (decode === undefined) {
      return this.#error(new UnknownMessageType({ type: message && (type ?? null), known }), requestId)
    }
    if (isSuspect && isTooDeep(message)) {
      return this.#error(new MessageRejected({ type: String(type), issue: tooDeep }), requestId)
    }
    const decoded = decode(message)
    if (Exit.isFailure(decoded)) {
      return this.#error(
        new MessageRejected({ type: String(type), issue: String(Cause.squash(decoded.cause)) }),
        requestId
      )
    }
    const retryAfter = this.#connection.hold(size)
    if (retryAfter > 0) return this.#tooFast(retryAfter, requestId)
    this.#handle(decoded.value, size)
  }

  /** Counts a message; what is too much is not done. */
  #mayGoOn(requestId: unknown): boolean {
    const retryAfter = this.#connection.spend()
    if (retryAfter === 0) return true
    if (retryAfter < Infinity) this.#tooFast(retryAfter, requestId)
    return false
  }

  #tooFast(retryAfter: number, requestId: unknown): void {
    this.#error({ ...errorFieldsOf(new RateLimited({ retryAfter })), _tag: "RATE_LIMITED" }, requestId)
  }

  /** Does what a message asks for; what is kept until it is answered is released then. */
  #handle(message: ClientMessage, size: number): void {
    switch (message.type) {
      case "CALL_ACTION":
        return this.#call(message, size)
      case "COMPONENT_MOUNT":
      case "COMPONENT_REHYDRATE":
        return this.#mount(message, size)
      case "PROPERTY_UPDATE":
        return this.#set(message, size)
      case "COMPONENT_UNMOUNT":
        return this.#unmount(message, size)
      case "COMPONENT_PING":
        this.#ping(message)
        return this.#connection.release(size)
      default:
        this.#upload(message)
        return this.#connection.release(size)
    }
  }

  #mount(message: MountMessage, size: number): void {
    const { requestId } = message
    const isBack = message.type === "COMPONENT_REHYDRATE"
    const { room } = message.payload
    this.#session?.mount(requestOf(message), (exit) => {
      this.#connection.release(size)
      const reply = {
        type: isBack ? "COMPONENT_REHYDRATED" : "COMPONENT_MOUNTED",
        componentId: message.componentId,
        requestId,
        timestamp: this.#host.now()
      }
      if (Exit.isSuccess(exit)) this.#mounted(reply, exit.value, room)
      else if (!Cause.hasInterruptsOnly(exit.cause)) {
        this.#outbox.reply(JsonResponse.failure(reply, errorOf(exit.cause)))
      }
    })
  }

  /** The answer goes out before any news of the instance. */
  #mounted(reply: JsonResponse.Reply, { componentId, revision, state }: Mounted, room: string | undefined): void {
    const signedState = this.#session?.takeToken(componentId)
    const result =
      reply.type === "COMPONENT_MOUNTED"
        ? { componentId, initialState: state, signedState, room, revision }
        : { newComponentId: componentId, state, signedState, revision }
    const text = JsonResponse.success(
      { ...reply, componentId: reply.componentId ?? componentId },
      JSON.stringify(result)
    )
    if (this.#outbox.first(text)) this.#session?.announce(componentId)
  }

  #unmount({ componentId, requestId }: Message<"COMPONENT_UNMOUNT">, size: number): void {
    const session = this.#session
    if (session === undefined) return
    const fiber = this.#host.run(session.unmount(componentId))
    const done = (exit: Exit.Exit<unknown, unknown>) => {
      this.#connection.release(size)
      const reply = { type: "COMPONENT_UNMOUNTED", componentId, requestId, timestamp: this.#host.now() }
      this.#outbox.reply(
        Exit.isSuccess(exit) ? JsonResponse.success(reply) : JsonResponse.failure(reply, errorOf(exit.cause))
      )
    }
    const exit = fiber.pollUnsafe()
    if (exit === undefined) fiber.addObserver(done)
    else done(exit)
  }

  #call(message: Message<"CALL_ACTION">, size: number): void {
    const { action, callId, componentId, expectResponse, payload, requestId } = message
    const request = {
      componentId,
      action,
      ...(payload === undefined ? {} : { payload }),
      // Numbers of a stranger are in no order: they are names like others.
      ...(callId === undefined ? {} : { callId: JSON.stringify(callId) })
    }
    this.#session?.call(request, (outcome) => {
      this.#connection.release(size)
      const timestamp = this.#host.now()
      if (expectResponse === true) {
        this.#outbox.answer(
          JsonResponse.answer({ type: "ACTION_RESPONSE", componentId, requestId, timestamp }, outcome)
        )
      } else if (requestId !== undefined) {
        const reply = { type: "MESSAGE_RESPONSE", originalType: "CALL_ACTION", componentId, requestId, timestamp }
        this.#outbox.answer(JsonResponse.answer(reply, outcome))
      }
    })
  }

  #set(message: Message<"PROPERTY_UPDATE">, size: number): void {
    const { componentId, payload, property, requestId, value } = message
    const setting = isSetting(payload ?? {}) ? payload : { property, value }
    const request = { componentId, property: setting?.property ?? "", value: setting?.value }
    this.#session?.set(request, (outcome) => {
      this.#connection.release(size)
      const reply = { type: "PROPERTY_UPDATED", componentId, requestId, timestamp: this.#host.now() }
      this.#outbox.answer(
        outcome._tag === "Success" ? JsonResponse.success(reply) : JsonResponse.answer(reply, outcome)
      )
    })
  }

  #ping({ componentId, requestId }: Message<"COMPONENT_PING">): void {
    const reply = { type: "COMPONENT_PONG", componentId, requestId, timestamp: this.#host.now() }
    this.#outbox.reply(
      this.#session?.has(componentId) === true
        ? JsonResponse.success(reply)
        : JsonResponse.failure(reply, errorFieldsOf(notMounted("Pinging", componentId)))
    )
  }

  /** No component takes uploads yet. */
  #upload({ componentId, requestId, type, uploadId }: UploadMessage): void {
    const timestamp = this.#host.now()
    const isStart = type === "FILE_UPLOAD_START"
    const error =
      this.#session?.has(componentId) === true
        ? new UploadRejected({ issue: isStart ? "the component takes none" : "there is none of this id" })
        : errorFieldsOf(notMounted("Uploading to", componentId))
    this.#outbox.reply(
      isStart
        ? JsonResponse.failure({ type: "FILE_UPLOAD_START_RESPONSE", uploadId, requestId, timestamp }, error)
        : JsonResponse.uploadError({ type: "FILE_UPLOAD_ERROR", uploadId, requestId, timestamp }, error)
    )
  }

  /** The answer to what cannot be handled; it is not known whether what came with it can be a `requestId`. */
  #error(error: ErrorFields, requestId: unknown): void {
    this.#outbox.reply(JsonResponse.error(error, this.#host.now(), isRequestId(requestId) ? requestId : undefined))
  }
}

/** A message, and the options in it, without what is null: many languages write that for what is not given. */
const withoutNulls = (value: unknown): { readonly [field: string]: unknown } | undefined => {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined
  const message = value as { readonly [field: string]: unknown }
  const { payload } = message
  if (message["type"] === "CALL_ACTION") return given(message, payloads)
  const options = typeof payload !== "object" || payload === null ? payload : given(payload, values)
  return given(options === payload ? message : { ...message, payload: options }, values)
}

/** Of these, null is as good as any other. */
const payloads = new Set(["payload"])
const values = new Set(["value"])

/** What is null is not there; the same object when nothing is. */
const given = (fields: object, but: ReadonlySet<string>): { readonly [field: string]: unknown } => {
  const all = fields as { readonly [field: string]: unknown }
  for (const name in all) {
    if (all[name] === null && !but.has(name)) {
      return Object.fromEntries(Object.entries(all).filter(([name, value]) => value !== null || but.has(name)))
    }
  }
  return all
}

const requestOf = (message: MountMessage): MountRequest | RestoreRequest => {
  const { component, componentName, room } = message.payload
  const common = { component: component ?? componentName ?? "", ...(room === undefined ? {} : { room }) }
  if (message.type === "COMPONENT_REHYDRATE") return { ...common, token: message.payload.signedState }
  const { key, props = {} } = message.payload
  return { ...common, props: props as MountRequest["props"], seal: true, ...(key === undefined ? {} : { key }) }
}

/** What is told of a failure: what the house refused, or that something is broken. */
const errorOf = (cause: Cause.Cause<unknown>): ErrorFields => {
  const error = cause.reasons.find(Cause.isFailReason)?.error
  return error instanceof LiveError ? errorFieldsOf(error.reason) : { _tag: "InternalError", message: internalError }
}
