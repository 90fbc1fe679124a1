/**
 * One connection on the RPC wire: passes requests to its session, which begins with the first request or is the one
 * that its client had before.
 */
import * as Exit from "effect/Exit"
import type { TokenRejection } from "../../../LiveError.ts"
import type { ComponentId } from "../../../LiveId.ts"
import {
  type CallRequest,
  CloseCode,
  type ConnectionEstablished,
  type MountRequest,
  protocolVersion,
  type RehydrateRequest,
  type ResumeRequest
} from "../../../LiveProtocol.ts"
import type { Principal } from "../../../Principal.ts"
import * as TraceContext from "../../instance/TraceContext.ts"
import type { FeedConsumer } from "../../session/ClientFeed.ts"
import type { Session } from "../../session/Session.ts"
import type { Sessions } from "../../session/Sessions.ts"
import type { WireEncoder } from "../../sync/WireEncoder.ts"
import type { Connection, ProtocolHandler } from "../../transport/Connection.ts"
import { CallOrder } from "./CallOrder.ts"
import { RpcEncoder } from "./RpcEncoder.ts"
import type { RpcRequest, RpcRequestId } from "./RpcEnvelope.ts"
import { RpcIngress } from "./RpcIngress.ts"
import { CallReply, MountReply, UnmountReply } from "./RpcReply.ts"
import * as RpcRequests from "./RpcRequests.ts"
import * as RpcResponse from "./RpcResponse.ts"
import { RpcUploads, UploadReply } from "./RpcUploads.ts"

/** What all connections of a server share. */
export interface RpcHost {
  readonly sessions: Sessions["Service"]
  /** How long state tokens are valid, in milliseconds. */
  readonly tokenAge: number
  /** What a connection may send without being refused: `ClientLimits` as JSON. */
  readonly limits: string
  /** Milliseconds over which clients distribute their return when the server ends. */
  readonly reconnectWithin: number
  /** Milliseconds since 1970. */
  readonly now: () => number
}

/** One connection. */
export class RpcConnection extends RpcIngress implements ProtocolHandler, FeedConsumer {
  readonly #host: RpcHost
  /** Undefined before the first request, and when another connection has taken it over. */
  #session: Session | undefined
  /** Whether the client has the token of its session. */
  #confirmed = false
  /** The batch that announces the end of the server. */
  #farewell: number | undefined
  /** The client has said that it does not come back, and of which instances it may bring the tokens. */
  #leaving: ReadonlySet<string> | undefined
  #uploads: RpcUploads | undefined
  /** Of a client that wants its calls in order. */
  #order: CallOrder | undefined

  constructor(host: RpcHost, connection: Connection) {
    super(connection)
    this.#host = host
  }

  get principal(): Principal | undefined {
    return this.connection.principal
  }

  get address(): string | undefined {
    return this.connection.address
  }

  get encoder(): WireEncoder {
    return RpcEncoder
  }

  /** Its session, after the first request. */
  get session(): Session | undefined {
    return this.#session
  }

  get uploads(): RpcUploads {
    return (this.#uploads ??= new RpcUploads(this.connection, this.outbox))
  }

  schedule(): void {
    this.connection.schedule()
  }

  flushNow(): void {
    this.connection.flush()
  }

  /** Another connection has taken over the session. */
  replaced(): void {
    this.#session?.leaves(this)
    this.#session = undefined
    this.connection.end(CloseCode.resumedElsewhere, "The session was resumed on another connection")
  }

  /** No client has to understand it: it is what it gets when it asks whether the server is there. */
  arriving(): void {
    this.outbox.reply(RpcResponse.pong)
  }

  draining(within: number): void {
    if (!this.outbox.isOpen) return
    this.#farewell = this.outbox.tell(`{"_tag":"Draining","within":${within}}`)
  }

  knows(): boolean {
    return this.#farewell === undefined || this.outbox.received >= this.#farewell
  }

  flush(): void {
    this.outbox.flush(this.#session)
  }

  closed(): void {
    const session = this.#session
    this.#session = undefined
    this.outbox.close()
    if (session === undefined) return
    session.leaves(this)
    if (this.#leaving !== undefined) this.#host.sessions.departUnsafe(session, this.#leaving)
    else this.#host.sessions.parkUnsafe(session)
  }

  protected leave(keep: ReadonlyArray<string>): void {
    // Of all that it names, no more is remembered than it has.
    this.#leaving = new Set(keep.filter((id) => this.#session?.has(id) === true))
  }

  protected request(request: RpcRequest, size: number): void {
    switch (request.tag) {
      case "Call":
        return this.#call(request, size)
      case "Received":
        return this.#received(request)
      case "Connect":
        return this.#connect(request)
      case "Mount":
        return this.#mount(request, size, RpcRequests.decodeMount)
      case "Rehydrate":
        return this.#mount(request, size, RpcRequests.decodeRehydrate)
      case "Unmount":
        return this.#unmount(request, size)
      case "Resync":
        return this.#resync(request)
      case "Ping":
        return this.#ping(request)
      case "UploadStart":
        return this.#uploadStart(request, size)
      case "UploadComplete":
        return this.#uploadComplete(request, size)
      case "UploadCancel":
        return this.#uploadCancel(request)
      default:
        return this.unknown(request)
    }
  }

  #call(request: RpcRequest, size: number): void {
    const call = this.admitted(request, RpcRequests.decodeCall)
    if (call === undefined || !this.#isNext(request, call) || !this.mayBegin(request, call.callId, size)) return
    const reply = new CallReply(this.replies, request, size, call.callId)
    const trace = request.traceId === undefined ? undefined : TraceContext.ofRequest(request)
    reply.begun(this.#own.call(trace === undefined ? call : { ...call, trace }, reply))
  }

  /** Whether no call before this one is to be sent again. */
  #isNext(request: RpcRequest, { callId, settled }: CallRequest): boolean {
    if (this.#order === undefined || callId === undefined) return true
    if (settled !== undefined) this.#order.settled(settled)
    if (this.#order.mayRun(callId)) return true
    this.slower(request, 1)
    return false
  }

  protected arrived(request: RpcRequest): void {
    const callId = this.#order === undefined ? undefined : callIdOf(request)
    if (callId !== undefined) this.#order?.delete(callId)
  }

  protected override slower(request: RpcRequest | undefined, retryAfter: number): void {
    const callId = request === undefined ? undefined : callIdOf(request)
    if (request !== undefined && callId !== undefined) this.#order?.refused(callId, request.id)
    super.slower(request, retryAfter)
  }

  #mount(request: RpcRequest, size: number, decode: RpcRequests.Decode<MountRequest | RehydrateRequest>): void {
    const mount = this.admitted(request, decode, "mount")
    if (mount === undefined || !this.mayBegin(request, mount.callId, size)) return
    const session = this.#own
    const reply = new MountReply(this.replies, request, size, mount.callId, session)
    reply.begun(session.mount(mount, reply, TraceContext.ofRequest(request)))
  }

  #unmount(request: RpcRequest, size: number): void {
    const isPaid = this.#session?.has(RpcRequests.componentOf(request.payload)) === true
    const unmount = isPaid
      ? this.decoded(request, RpcRequests.decodeNamed)
      : this.admitted(request, RpcRequests.decodeNamed)
    if (unmount === undefined || !this.mayBegin(request, undefined, size)) {
      // Only an unmount that is done was paid for by its mount.
      if (isPaid) this.connection.spend()
      return
    }
    const reply = new UnmountReply(this.replies, request, size)
    reply.begun(this.#own.unmount(unmount.componentId, reply))
  }

  #resync(request: RpcRequest): void {
    const resync = this.admitted(request, RpcRequests.decodeNamed)
    if (resync === undefined) return
    const exit = this.#own.resync(resync.componentId)
    if (Exit.isSuccess(exit)) this.replies.succeed(request, "null")
    else this.replies.fail(request, exit.cause)
  }

  #ping(request: RpcRequest): void {
    if (this.admitted(request, RpcRequests.decodePing) === undefined) return
    this.replies.succeed(request, `{"time":${this.#host.now()}}`)
  }

  #uploadStart(request: RpcRequest, size: number): void {
    const start = this.admitted(request, RpcRequests.decodeUploadStart)
    if (start === undefined || !this.mayBegin(request, undefined, size)) return
    const { componentId, name, size: bytes, token, type, upload, uploadId } = start
    const reply = new UploadReply(this.replies, request, size)
    const declared = { name, type, size: bytes }
    const trace = TraceContext.ofRequest(request)
    reply.begun(
      this.#own.uploads.start({ componentId, upload, uploadId, declared, token, isResumable: true, trace }, reply)
    )
  }

  #uploadComplete(request: RpcRequest, size: number): void {
    const complete = this.admitted(request, RpcRequests.decodeUpload)
    if (complete === undefined || !this.mayBegin(request, undefined, size)) return
    const reply = new UploadReply(this.replies, request, size)
    reply.begun(this.#own.uploads.complete(complete.uploadId, reply))
  }

  #uploadCancel(request: RpcRequest): void {
    const cancel = this.admitted(request, RpcRequests.decodeUpload)
    if (cancel === undefined) return
    this.#session?.uploadsIfAny?.cancel(cancel.uploadId)
    this.replies.succeed(request, "null")
  }

  receivePart(header: unknown, bytes: Buffer): void {
    this.uploads.receive(this.#session, header, bytes)
  }

  #received(request: RpcRequest): void {
    const received = RpcRequests.decodeReceived(request.payload)
    if (Exit.isFailure(received)) {
      if (this.connection.spend() === 0) this.reject(request, received.cause)
      return
    }
    const { abandoned, batch, settled } = received.value
    this.acknowledge(batch)
    if (settled !== undefined) this.#session?.settled(settled)
    for (const id of abandoned ?? []) this.#order?.delete(id)
    if (abandoned !== undefined) this.#session?.abandon(abandoned)
    // Nearly always: its answer need not be made either.
    if (request.isNotification !== true) this.replies.succeed(request, "null")
  }

  protected acknowledge(batch?: number): void {
    const received = this.outbox.acknowledge(batch)
    const session = this.#session
    // A new acknowledgement is due to the server's own batches, and costs the client nothing.
    if (received === undefined) this.connection.spend()
    if (received === undefined || session === undefined) return
    // The first batch had the token of the session.
    if (!this.#confirmed) this.#host.sessions.confirmUnsafe(session)
    this.#confirmed = true
    session.acknowledged(received)
    if (session.isBehind) this.connection.schedule()
  }

  /** Counts against the rate, and is always handled. */
  #connect(request: RpcRequest): void {
    this.connection.spend()
    const connect = this.decoded({ ...request, payload: request.payload ?? {} }, RpcRequests.decodeConnect)
    if (connect === undefined) return
    if (this.outbox.isOpen) {
      return this.replies.die(
        request,
        "This connection receives its events already. Send one Connect per socket, or interrupt the first."
      )
    }
    this.outbox.open(JSON.stringify(request.id), connect.parts === true)
    this.#confirmed = false
    if (connect.inOrder === true) this.#order ??= new CallOrder()
    const resumed = connect.resume === undefined ? undefined : this.#resume(connect.resume)
    this.outbox.tell(this.#established(this.#own, resumed))
    // A client that connects now was not told with the others.
    if (this.#host.sessions.isDraining()) this.draining(this.#host.reconnectWithin)
  }

  /** Resumes the session of a token. Returns the components that the client still has there, or why it has none. */
  #resume(request: ResumeRequest): ReadonlyArray<ComponentId> | TokenRejection {
    const claimed = this.#host.sessions.claimUnsafe(request.sessionToken, this, this.#session)
    if (typeof claimed === "string") return claimed
    this.#session = claimed
    const components = claimed.resume(this, request)
    if (claimed.isBehind) this.connection.schedule()
    return components
  }

  #established(session: Session, resumed: ReadonlyArray<ComponentId> | TokenRejection | undefined): string {
    const established: Omit<ConnectionEstablished, "limits"> = {
      _tag: "ConnectionEstablished",
      connectionId: session.connectionId as ConnectionEstablished["connectionId"],
      sessionToken: this.#host.sessions.ticketUnsafe(session),
      protocolVersion,
      resumed: typeof resumed === "object",
      components: typeof resumed === "object" ? resumed : [],
      tokenAge: this.#host.tokenAge
    }
    const rejected = typeof resumed === "string" ? `,"rejected":{"_tag":"TokenRejected","reason":"${resumed}"}` : ""
    return `${JSON.stringify(established).slice(0, -1)},"limits":${this.#host.limits}${rejected}}`
  }

  protected interrupt(id: RpcRequestId): void {
    if (!this.outbox.isStream(JSON.stringify(id))) {
      this.#order?.cancelled(id)
      return this.replies.cancel(id)
    }
    this.outbox.close()
    this.outbox.reply(RpcResponse.success(id, "null"))
  }

  /** The session of this connection; begins with the first use. */
  get #own(): Session {
    return (this.#session ??= this.#host.sessions.openUnsafe(this))
  }
}

/** The id of a call, of whatever its request carries. */
const callIdOf = ({ payload, tag }: RpcRequest) => (tag === "Call" ? RpcRequests.callIdOf(payload) : undefined)
