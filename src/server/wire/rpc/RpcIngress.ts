/**
 * Receives the messages of one connection on the RPC wire: decodes them, and tells the client why one is not handled
 * when it is not understood, nested too deeply, one too many, or has an id that is in use. `RpcConnection` does what
 * they ask for.
 */
import * as Cause from "effect/Cause"
import * as Exit from "effect/Exit"
import { inline } from "../../../ErrorText.ts"
import { PayloadRejected, RateLimited } from "../../../LiveError.ts"
import type { CallId } from "../../../LiveProtocol.ts"
import * as Thrown from "../../../Thrown.ts"
import type { Session } from "../../session/Session.ts"
import type { Connection, AllowanceKind } from "../../transport/Connection.ts"
import { Ingress, tooDeep } from "../Ingress.ts"
import * as CallText from "./CallText.ts"
import * as ReceivedText from "./ReceivedText.ts"
import type { RpcRequest, RpcRequestId } from "./RpcEnvelope.ts"
import type { RpcOutbox } from "./RpcOutbox.ts"
import { RpcReplies } from "./RpcReplies.ts"
import * as RpcRequests from "./RpcRequests.ts"
import * as RpcResponse from "./RpcResponse.ts"

/** Receives the messages of one connection. */
export abstract class RpcIngress extends Ingress<RpcRequest> {
  protected readonly replies: RpcReplies

  constructor(connection: Connection) {
    super(connection)
    this.replies = new RpcReplies(this, connection)
  }

  protected get outbox(): RpcOutbox {
    return this.replies
  }

  /** The session of the connection, after the first request. */
  abstract get session(): Session | undefined

  /** A request came in that may be sent again: what became of it before does not count any more. */
  protected abstract arrived(request: RpcRequest): void

  /** Handles a request of any name. */
  protected abstract request(request: RpcRequest, size: number): void

  /** The client has the batches up to this one; by default one more. */
  protected abstract acknowledge(batch?: number): void

  /** The client cancels a request, or the stream of its events. */
  protected abstract interrupt(id: RpcRequestId): void

  /** The client does not come back, but may bring the tokens of these instances. */
  protected abstract leave(keep: ReadonlyArray<string>): void

  protected override parse(text: string): unknown {
    return CallText.read(text) ?? ReceivedText.read(text) ?? JSON.parse(text)
  }

  protected notJson(): void {
    this.#mistake("A frame is not JSON. Send one RPC message, or an array of messages.")
  }

  protected slower(request: RpcRequest | undefined, retryAfter: number): void {
    if (request !== undefined) this.replies.refuse(request, new RateLimited({ retryAfter }))
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
        this.arrived(message)
        // The payload begins one level below the message.
        return this.isTooDeep(depth, 1) ? this.#tooDeep(message) : this.request(message, size)
      case "Ack":
        if (this.outbox.isStream(JSON.stringify(message.requestId))) this.acknowledge()
        else this.connection.spend()
        return
      case "Interrupt":
        // Cheap messages count against the rate and are always handled: a client that has to wait must be able to
        // cancel, and to answer pings.
        this.connection.spend()
        return this.interrupt(message.requestId)
      case "Ping":
        this.connection.spend()
        return this.outbox.reply(RpcResponse.pong)
      case "Eof":
        this.connection.spend()
        this.leave(message.keep ?? [])
    }
  }

  /** The decoded payload of a request, if it may be handled. Otherwise the client is told why. */
  protected admitted<A>(
    request: RpcRequest,
    decode: RpcRequests.Decode<A>,
    kind: AllowanceKind = "message"
  ): A | undefined {
    return this.mayGoOn(request, kind) ? this.decoded(request, decode) : undefined
  }

  /** The same, for a request that is always handled. */
  protected decoded<A>(request: RpcRequest, decode: RpcRequests.Decode<A>): A | undefined {
    const decoded = decode(request.payload ?? null)
    if (Exit.isSuccess(decoded)) return decoded.value
    this.reject(request, decoded.cause)
    return undefined
  }

  /** Whether a request that is kept until its answer may begin: there is room for it, and its id is free. */
  protected mayBegin(request: RpcRequest, callId: CallId | undefined, size: number): boolean {
    const { id } = request
    switch (this.replies.use(id, callId)) {
      case "free":
        return this.mayWait(request, size, this.session?.inherited(callId))
      case "same":
        // A request that is sent again is answered with the first.
        return false
      case "taken":
        this.replies.die(request, `The request id ${JSON.stringify(id)} is in use. Give each request an id of its own.`)
        return false
    }
  }

  /** Refuses a request whose payload is not valid. */
  protected reject(request: RpcRequest, cause: Cause.Cause<unknown>): void {
    this.#refuse(request, issueOf(cause))
  }

  /** Refuses a request that the protocol does not have. */
  protected unknown(request: RpcRequest): void {
    if (!this.mayGoOn(request)) return
    const [tag, known] = [JSON.stringify(request.tag.slice(0, 64)), RpcRequests.requests.join(", ")]
    this.replies.die(request, `There is no request ${tag}. Send one of ${known}.`)
  }

  #tooDeep(request: RpcRequest): void {
    if (this.mayGoOn(request)) this.#refuse(request, tooDeep)
  }

  #refuse(request: RpcRequest, issue: string): void {
    this.replies.refuse(request, new PayloadRejected({ action: request.tag, issue }))
  }

  #mistake(text: string): void {
    if (this.mayGoOn(undefined)) this.outbox.reply(RpcResponse.defect(text))
  }
}

const issueOf = (cause: Cause.Cause<unknown>): string => Thrown.describe(Cause.squash(cause))
