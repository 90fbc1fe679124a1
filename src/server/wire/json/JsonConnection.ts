/**
 * One connection on the JSON wire: decodes messages and passes them to its session, which is new or the one that its
 * client had before.
 */
import type { RequestId } from "../../../JsonProtocol.ts"
import { RateLimited } from "../../../LiveError.ts"
import { CloseCode } from "../../../LiveProtocol.ts"
import type { Principal } from "../../../Principal.ts"
import type * as LiveConfig from "../../LiveConfig.ts"
import { notMounted } from "../../session/CallOutcome.ts"
import type { FeedConsumer } from "../../session/ClientFeed.ts"
import type { Session } from "../../session/Session.ts"
import type { Sessions } from "../../session/Sessions.ts"
import type { WireEncoder } from "../../sync/WireEncoder.ts"
import type { Connection, ProtocolHandler } from "../../transport/Connection.ts"
import { Ingress } from "../Ingress.ts"
import * as Base64 from "./Base64.ts"
import { type ErrorFields, errorFieldsOf, MessageRejected, NotJson } from "./JsonError.ts"
import * as JsonMessage from "./JsonMessage.ts"
import type { MessageOf, MountMessage, UploadMessage } from "./JsonMessage.ts"
import { JsonOutbox } from "./JsonOutbox.ts"
import { JsonCallReply, JsonMountReply, JsonSetReply, JsonUnmountReply } from "./JsonReply.ts"
import * as JsonResponse from "./JsonResponse.ts"
import { base64, JsonUploads } from "./JsonUploads.ts"
import * as LongPart from "./LongPart.ts"

/** What all connections of a server share. */
export interface JsonHost {
  readonly config: LiveConfig.Settings
  readonly encoder: WireEncoder
  /** What a connection may send without being refused. */
  readonly limits: string
  readonly sessions: Sessions["Service"]
  /** Milliseconds since 1970. */
  readonly now: () => number
}

/** What a client says in the query of its request. */
export interface JsonOptions {
  /** The token of its previous session. */
  readonly sessionToken: string | undefined
  /** Whether all messages of one turn are sent as one array. */
  readonly isBatching: boolean
}

/** One connection. */
export class JsonConnection extends Ingress<RequestId> implements ProtocolHandler, FeedConsumer {
  readonly #host: JsonHost
  readonly #outbox: JsonOutbox
  /** The token of the previous session, until that was looked for. */
  #sessionToken: string | undefined
  /** Undefined when another connection has taken it over. */
  #session: Session | undefined
  /** The batch that the client had been sent at the last ping. */
  #asked: number | undefined
  #uploads: JsonUploads | undefined
  /** Whether the frame that is being read is larger than a message may be. */
  #isLarge = false

  constructor(host: JsonHost, connection: Connection, { isBatching, sessionToken }: JsonOptions) {
    super(connection)
    this.#host = host
    this.#outbox = new JsonOutbox(connection, isBatching, host.now)
    this.#sessionToken = sessionToken
  }

  get principal(): Principal | undefined {
    return this.connection.principal
  }

  get address(): string | undefined {
    return this.connection.address
  }

  get encoder(): WireEncoder {
    return this.#host.encoder
  }

  /** Its session, unless another connection has taken it over. */
  get session(): Session | undefined {
    return this.#session
  }

  opened(): void {
    const resumed = this.#resume()
    const session = (this.#session ??= this.#host.sessions.openUnsafe(this))
    if (resumed) this.connection.spoke()
    this.#outbox.first(this.#established(session, resumed))
    this.connection.flush()
    // When it answers, the token it came with is void.
    if (resumed) this.connection.ping()
  }

  /** Resumes the previous session, if it still exists. */
  #resume(): boolean {
    const token = this.#sessionToken
    this.#sessionToken = undefined
    const claimed = token === undefined ? undefined : this.#host.sessions.claimUnsafe(token, this, undefined)
    if (typeof claimed !== "object") return false
    this.#session = claimed
    claimed.resume(this)
    return true
  }

  #established(session: Session, resumed: boolean): string {
    const { config, now, sessions } = this.#host
    const { components, connectionId } = session
    const established = JSON.stringify({
      type: "CONNECTION_ESTABLISHED",
      connectionId,
      sessionToken: sessions.ticketUnsafe(session),
      authenticated: this.principal !== undefined,
      resumed,
      components,
      features: {
        compression: this.connection.writer.isCompressing,
        encryption: config.encryptTokens,
        offlineQueue: false,
        loadBalancing: false
      }
    })
    return `${established.slice(0, -1)},"limits":${this.#host.limits},"timestamp":${now()}}`
  }

  schedule(): void {
    this.connection.schedule()
  }

  flushNow(): void {
    this.connection.flush()
  }

  replaced(): void {
    this.#session?.leaves(this)
    this.#session = undefined
    this.connection.end(CloseCode.resumedElsewhere, "The session was resumed on another connection")
  }

  /** The JSON wire has no message for that: the connection is closed when the server ends. */
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
    this.connection.spoke()
    // The first message was the token of its session.
    this.#host.sessions.confirmUnsafe(session)
    session.acknowledged(asked)
  }

  flush(): void {
    this.#outbox.flush(this.#session)
  }

  closed(): void {
    const session = this.#session
    this.#session = undefined
    if (session === undefined) return
    session.leaves(this)
    this.#host.sessions.parkUnsafe(session)
  }

  protected override batched(): void {
    this.#outbox.isBatching = true
  }

  protected notJson(): void {
    if (this.mayGoOn(undefined)) this.#error(new NotJson(), undefined)
  }

  protected slower(requestId: RequestId | undefined, retryAfter: number): void {
    this.#error({ ...errorFieldsOf(new RateLimited({ retryAfter })), _tag: "RATE_LIMITED" }, requestId)
  }

  protected message(value: unknown, size: number, depth: number): void {
    const fields = JsonMessage.fieldsOf(value)
    const requestId = JsonMessage.requestIdOf(fields?.["requestId"])
    // Parts of files are counted when it is known whether they are stored.
    const isPart = fields?.["type"] === "FILE_UPLOAD_CHUNK"
    if (this.#isLarge && !isPart) return this.#tooLarge()
    const isCounted = !isPart && !this.#isPaid(fields)
    if (isCounted && !this.mayGoOn(requestId, JsonMessage.kindOf(fields))) return
    const message = JsonMessage.decode(fields, this.isTooDeep(depth))
    if (message instanceof Error) {
      if (isCounted || this.mayGoOn(requestId)) this.#error(message, requestId)
      return
    }
    const session = this.#session
    if (session === undefined) return
    switch (message.type) {
      case "CALL_ACTION":
        return this.#call(session, message, size)
      case "COMPONENT_MOUNT":
      case "COMPONENT_REHYDRATE":
        return this.#mount(session, message, size)
      case "PROPERTY_UPDATE":
        return this.#set(session, message, size)
      case "COMPONENT_UNMOUNT":
        return this.#unmount(session, message, size)
      case "COMPONENT_PING":
        return this.#ping(session, message)
      default:
        return this.#upload(session, message, size)
    }
  }

  /** Whether this is an unmount of what is mounted: the mount has paid for it. */
  #isPaid(fields: JsonMessage.JsonFields | undefined): boolean {
    const id = fields?.["type"] === "COMPONENT_UNMOUNT" ? fields["componentId"] : undefined
    return typeof id === "string" && this.#session?.has(id) === true
  }

  #call(session: Session, message: MessageOf<"CALL_ACTION">, size: number): void {
    const call = JsonMessage.callOf(message)
    if (!this.mayWait(message.requestId, size, session.inherited(call.callId))) return
    session.call(call, new JsonCallReply(this, this.#outbox, size, message))
  }

  #mount(session: Session, message: MountMessage, size: number): void {
    if (!this.mayWait(message.requestId, size, session.inherited(undefined))) return
    const reply = new JsonMountReply(this, this.#outbox, size, message, session)
    session.mount(JsonMessage.mountOf(message), reply, JsonMessage.traceOf(message.traceparent))
  }

  #set(session: Session, message: MessageOf<"PROPERTY_UPDATE">, size: number): void {
    if (!this.mayWait(message.requestId, size, session.inherited(undefined))) return
    session.set(JsonMessage.writeOf(message), new JsonSetReply(this, this.#outbox, size, message))
  }

  #unmount(session: Session, message: MessageOf<"COMPONENT_UNMOUNT">, size: number): void {
    if (!this.mayWait(message.requestId, size, session.inherited(undefined))) {
      // Only an unmount that is done was paid for by its mount.
      this.connection.spend()
      return
    }
    session.unmount(message.componentId, new JsonUnmountReply(this, this.#outbox, size, message))
  }

  #ping(session: Session, { componentId, requestId }: MessageOf<"COMPONENT_PING">): void {
    const reply = { type: "COMPONENT_PONG", componentId, requestId, timestamp: this.#host.now() }
    this.#outbox.reply(
      session.has(componentId)
        ? JsonResponse.success(reply)
        : JsonResponse.failure(reply, errorFieldsOf(notMounted("Pinging", componentId)))
    )
  }

  get uploads(): JsonUploads {
    return (this.#uploads ??= new JsonUploads(this, this.#outbox))
  }

  #upload(session: Session, message: UploadMessage, size: number): void {
    switch (message.type) {
      case "FILE_UPLOAD_START":
        if (this.mayWait(message.requestId, size, session.inherited(undefined))) {
          this.uploads.start(session, message, size)
        }
        return
      case "FILE_UPLOAD_COMPLETE":
        if (this.mayWait(message.requestId, size, session.inherited(undefined))) {
          this.uploads.complete(session, message, size)
        }
        return
      case "FILE_UPLOAD_CANCEL":
        return this.uploads.cancel(session, message)
      case "FILE_UPLOAD_CHUNK":
        return this.uploads.receive(session, message, base64(message.data))
    }
  }

  /** A part of a file came in as a binary frame. */
  receivePart(header: unknown, bytes: Buffer): void {
    this.connection.messagesReceived++
    const fields = JsonMessage.fieldsOf(header)
    const part = JsonMessage.decode(fields && { ...fields, data: "" }, false)
    const session = this.#session
    if (!(part instanceof Error) && part.type === "FILE_UPLOAD_CHUNK") {
      if (session !== undefined) this.uploads.receive(session, part, { length: bytes.length, decode: () => bytes })
      return
    }
    const requestId = JsonMessage.requestIdOf(fields?.["requestId"])
    if (!this.mayGoOn(requestId)) return
    const issue = "a binary frame is a FILE_UPLOAD_CHUNK"
    this.#error(part instanceof Error ? part : new MessageRejected({ type: part.type, issue }), requestId)
  }

  /** A part of a file is read from its bytes. */
  receiveLong(text: Buffer): boolean {
    const long = LongPart.read(text)
    if (long === undefined) return false
    const { data, fields } = long
    const part = JsonMessage.decode(JsonMessage.fieldsOf(fields), false)
    // What is wrong with it is told to those who send it as any other message.
    if (part instanceof Error || part.type !== "FILE_UPLOAD_CHUNK") return false
    this.connection.messagesReceived++
    const session = this.#session
    const bytes = { length: data.length, decode: () => Base64.decodeInPlace(data) }
    if (session !== undefined) this.uploads.receive(session, part, bytes)
    return true
  }

  /** What is larger than a message may be has to be a part of a file. */
  receiveLarge(text: string): void {
    this.#isLarge = true
    // Most of what is something else is not even read.
    if (text.includes(`"FILE_UPLOAD_CHUNK"`)) this.receive(text)
    else this.#tooLarge()
    this.#isLarge = false
  }

  #tooLarge(): void {
    this.connection.end(1009, "A message is too large")
  }

  /** Reports a message that cannot be handled. */
  #error(error: ErrorFields, requestId: RequestId | undefined): void {
    this.#outbox.reply(JsonResponse.error(error, this.#host.now(), requestId))
  }
}
