/**
 * One connection on the RPC wire: decodes requests and passes them to its session, which begins with the first request
 * or is the one that its client had before.
 */
import * as Cause from "effect/Cause"
import * as Exit from "effect/Exit"
import * as Thrown from "../../../Thrown.ts"
import { PayloadRejected, RateLimited, type TokenRejection } from "../../../LiveError.ts"
import { inline } from "../../../ErrorText.ts"
import type { ComponentId } from "../../../LiveId.ts"
import {
  type CallId,
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
import { Ingress, tooDeep } from "../Ingress.ts"
import { RpcEncoder } from "./RpcEncoder.ts"
import type { RpcRequest, RpcRequestId } from "./RpcEnvelope.ts"
import { RpcOutbox } from "./RpcOutbox.ts"
import { RpcReplies } from "./RpcReplies.ts"
import { CallReply, MountReply, UnmountReply } from "./RpcReply.ts"
import * as RpcRequests from "./RpcRequests.ts"
import * as RpcResponse from "./RpcResponse.ts"

/** What all connections of a server share. */
export interface RpcHost {
  readonly sessions: Sessions["Service"]
  /** How long state tokens are valid, in milliseconds. */
  readonly tokenAge: number
  /** Milliseconds over which clients distribute their return when the server ends. */
  readonly reconnectWithin: number
  /** Milliseconds since 1970. */
  readonly now: () => number
}

/** One connection. */
export class RpcConnection extends Ingress<RpcRequest> implements ProtocolHandler, FeedConsumer {
  readonly #host: RpcHost
  readonly #outbox: RpcOutbox
  readonly #replies: RpcReplies
  /** Undefined before the first request, and when another connection has taken it over. */
  #session: Session | undefined
  /** Whether the client has the token of its session. */
  #confirmed = false
  /** The batch that announces the end of the server. */
  #farewell: number | undefined
  /** The client has said that it does not come back. */
  #leaving = false

  constructor(host: RpcHost, connection: Connection) {
    super(connection)
    this.#host = host
    this.#outbox = new RpcOutbox(connection)
    this.#replies = new RpcReplies(this, this.#outbox)
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

  draining(within: number): void {
    if (!this.#outbox.isOpen) return
    this.#farewell = this.#outbox.tell(`{"_tag":"Draining","within":${within}}`)
  }

  knows(): boolean {
    return this.#farewell === undefined || this.#outbox.received >= this.#farewell
  }

  flush(): void {
    this.#outbox.flush(this.#session)
  }

  closed(): void {
    const session = this.#session
    this.#session = undefined
    this.#outbox.close()
    if (session === undefined) return
    session.leaves(this)
    if (this.#leaving) this.#host.sessions.closeUnsafe(session)
    else this.#host.sessions.parkUnsafe(session)
  }

  protected notJson(): void {
    this.#mistake("A frame is not JSON. Send one RPC message, or an array of messages.")
  }

  protected slower(request: RpcRequest | undefined, retryAfter: number): void {
    if (request !== undefined) this.#replies.refuse(request, new RateLimited({ retryAfter }))
  }

  protected message(value: unknown, size: number, depth: number): void {
    const decoded = RpcRequests.decodeMessage(value)
    if (Exit.isFailure(decoded)) {
      return this.#mistake(
        `A message was not understood: ${inline(issueOf(decoded.cause))}. Send Request, Ack, Interrupt, Ping or Eof, as effect/rpc does.`
      )
    }
    const message = decoded.value
    switch (message._tag) {
      case "Request":
        // The payload begins one level below the message.
        if (this.isTooDeep(depth, 1)) return this.#tooDeep(message)
        switch (message.tag) {
          case "Call":
            return this.#call(message, size)
          case "Received":
            return this.#received(message)
          case "Connect":
            return this.#connect(message)
          case "Mount":
            return this.#mount(message, size, RpcRequests.decodeMount)
          case "Rehydrate":
            return this.#mount(message, size, RpcRequests.decodeRehydrate)
          case "Unmount":
            return this.#unmount(message, size)
          case "Resync":
            return this.#resync(message)
          case "Ping":
            return this.#ping(message)
          default:
            return this.#unknown(message)
        }
      case "Ack":
        if (this.#outbox.isStream(JSON.stringify(message.requestId))) this.#acknowledge()
        else this.connection.spend()
        return
      case "Interrupt":
        // Cheap messages count against the rate and are always handled: a client that has to wait must be able to
        // cancel, and to answer pings.
        this.connection.spend()
        return this.#interrupt(message.requestId)
      case "Ping":
        this.connection.spend()
        return this.#outbox.reply(RpcResponse.pong)
      case "Eof":
        this.connection.spend()
        this.#leaving = true
    }
  }

  #call(request: RpcRequest, size: number): void {
    const call = this.#asked(request, RpcRequests.decodeCall)
    if (call === undefined || !this.#mayBegin(request, call.callId, size)) return
    const reply = new CallReply(this.#replies, request, size, call.callId)
    const trace = request.traceId === undefined ? undefined : TraceContext.ofRequest(request)
    reply.begun(this.#own.call(trace === undefined ? call : { ...call, trace }, reply))
  }

  #mount(request: RpcRequest, size: number, decode: RpcRequests.Decode<MountRequest | RehydrateRequest>): void {
    const mount = this.#asked(request, decode)
    if (mount === undefined || !this.#mayBegin(request, mount.callId, size)) return
    const session = this.#own
    const reply = new MountReply(this.#replies, request, size, mount.callId, session)
    reply.begun(session.mount(mount, reply, TraceContext.ofRequest(request)))
  }

  #unmount(request: RpcRequest, size: number): void {
    const unmount = this.#asked(request, RpcRequests.decodeNamed)
    if (unmount === undefined || !this.#mayBegin(request, undefined, size)) return
    const reply = new UnmountReply(this.#replies, request, size)
    reply.begun(this.#own.unmount(unmount.componentId, reply))
  }

  #resync(request: RpcRequest): void {
    const resync = this.#asked(request, RpcRequests.decodeNamed)
    if (resync === undefined) return
    const exit = this.#own.resync(resync.componentId)
    if (Exit.isSuccess(exit)) this.#replies.succeed(request, "null")
    else this.#replies.fail(request, exit.cause)
  }

  #ping(request: RpcRequest): void {
    if (this.#asked(request, RpcRequests.decodePing) === undefined) return
    this.#replies.succeed(request, `{"time":${this.#host.now()}}`)
  }

  /** The decoded payload of a request, if it may be handled. Otherwise the client is told why. */
  #asked<A>(request: RpcRequest, decode: RpcRequests.Decode<A>): A | undefined {
    return this.mayGoOn(request) ? this.#decoded(request, decode) : undefined
  }

  #decoded<A>(request: RpcRequest, decode: RpcRequests.Decode<A>): A | undefined {
    const decoded = decode(request.payload ?? null)
    if (Exit.isSuccess(decoded)) return decoded.value
    this.#reject(request, issueOf(decoded.cause))
    return undefined
  }

  #received(request: RpcRequest): void {
    const received = RpcRequests.decodeReceived(request.payload)
    if (Exit.isFailure(received)) {
      if (this.connection.spend() === 0) this.#reject(request, issueOf(received.cause))
      return
    }
    const { abandoned, batch, settled } = received.value
    this.#acknowledge(batch)
    if (settled !== undefined) this.#session?.settled(settled)
    if (abandoned !== undefined) this.#session?.abandon(abandoned)
    this.#replies.succeed(request, "null")
  }

  #acknowledge(batch?: number): void {
    const received = this.#outbox.acknowledge(batch)
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
    const connect = this.#decoded({ ...request, payload: request.payload ?? {} }, RpcRequests.decodeConnect)
    if (connect === undefined) return
    if (this.#outbox.isOpen) {
      return this.#replies.die(
        request,
        "This connection receives its events already. Send one Connect per socket, or interrupt the first."
      )
    }
    this.#outbox.open(JSON.stringify(request.id))
    this.#confirmed = false
    const resumed = connect.resume === undefined ? undefined : this.#resume(connect.resume)
    this.#outbox.tell(this.#established(this.#own, resumed))
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
    const established: ConnectionEstablished = {
      _tag: "ConnectionEstablished",
      connectionId: session.connectionId as ConnectionEstablished["connectionId"],
      sessionToken: this.#host.sessions.ticketUnsafe(session),
      protocolVersion,
      resumed: typeof resumed === "object",
      components: typeof resumed === "object" ? resumed : [],
      tokenAge: this.#host.tokenAge
    }
    if (typeof resumed !== "string") return JSON.stringify(established)
    return JSON.stringify({ ...established, rejected: { _tag: "TokenRejected", reason: resumed } })
  }

  #interrupt(id: RpcRequestId): void {
    if (!this.#outbox.isStream(JSON.stringify(id))) return this.#replies.cancel(id)
    this.#outbox.close()
    this.#outbox.reply(RpcResponse.success(id, "null"))
  }

  /** The session of this connection; begins with the first use. */
  get #own(): Session {
    return (this.#session ??= this.#host.sessions.openUnsafe(this))
  }

  /** Whether a request that is kept until its answer may begin: there is room for it, and its id is free. */
  #mayBegin(request: RpcRequest, callId: CallId | undefined, size: number): boolean {
    const { id } = request
    switch (this.#replies.use(id, callId)) {
      case "free":
        return this.mayWait(request, size, this.#session?.inherited(callId))
      case "same":
        // A request that is sent again is answered with the first.
        return false
      case "taken":
        this.#replies.die(
          request,
          `The request id ${JSON.stringify(id)} is in use. Give each request an id of its own.`
        )
        return false
    }
  }

  #reject(request: RpcRequest, issue: string): void {
    this.#replies.refuse(request, new PayloadRejected({ action: request.tag, issue }))
  }

  #tooDeep(request: RpcRequest): void {
    if (this.mayGoOn(request)) this.#reject(request, tooDeep)
  }

  #unknown(request: RpcRequest): void {
    if (!this.mayGoOn(request)) return
    const [tag, known] = [JSON.stringify(request.tag.slice(0, 64)), RpcRequests.requests.join(", ")]
    this.#replies.die(request, `There is no request ${tag}. Send one of ${known}.`)
  }

  #mistake(text: string): void {
    if (this.mayGoOn(undefined)) this.#outbox.reply(RpcResponse.defect(text))
  }
}

const issueOf = (cause: Cause.Cause<unknown>): string => Thrown.describe(Cause.squash(cause))
