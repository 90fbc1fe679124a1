/**
 * One connection that speaks the RPC wire: what comes in is decoded and goes to the session or to `RpcServer`. It has a session of
 * its own until it takes up the one its client had before.
 */
import * as Cause from "effect/Cause"
import type * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import type * as RpcMessage from "effect/rpc/RpcMessage"
import type * as Schema from "effect/Schema"
import { inline } from "../../../ErrorText.ts"
import { LiveError, PayloadRejected, RateLimited, TokenRejected } from "../../../LiveError.ts"
import type { ComponentId } from "../../../LiveId.ts"
import {
  type CallId,
  CloseCode,
  type ConnectionEstablished,
  type Mounted,
  type MountRequest,
  protocolVersion,
  type RehydrateRequest,
  type ResumeRequest
} from "../../../LiveProtocol.ts"
import type { RpcEnvelope, RpcRequestId } from "./RpcEnvelope.ts"
import type { Connection, ProtocolHandler } from "../../transport/Connection.ts"
import type { WireEncoder } from "../../sync/WireEncoder.ts"
import type * as LiveConfig from "../../LiveConfig.ts"
import { isTooDeep, mayBeTooDeep, tooDeep } from "../JsonDepth.ts"
import { internalError, type CallOutcome } from "../../session/CallOutcome.ts"
import type { Principal } from "../../../Principal.ts"
import { RpcEncoder } from "./RpcEncoder.ts"
import { RpcOutbox } from "./RpcOutbox.ts"
import { type Begin, RpcPending } from "./RpcPending.ts"
import {
  decodeCall,
  decodeConnect,
  decodeMessage,
  decodeMount,
  decodePayload,
  decodeReceived,
  decodeRehydrate
} from "./RpcRequests.ts"
import * as RpcResponse from "./RpcResponse.ts"
import type { FeedConsumer } from "../../session/ClientFeed.ts"
import type { Session } from "../../session/Session.ts"

const issueOf = (cause: Cause.Cause<unknown>): string => String(Cause.squash(cause))

type Request = Extract<RpcEnvelope, { readonly _tag: "Request" }>

/** What all connections of a server share. */
export interface RpcHost {
  readonly config: LiveConfig.Settings
  /** How long state tokens are good, milliseconds. */
  readonly tokenAge: number
  readonly openSession: (connection: FeedConsumer, principal: Principal | undefined) => Session
  /** Makes a session one to come back to, and gives its token. */
  readonly ticket: (session: Session) => string
  readonly claim: (token: string, principal: Principal | undefined) => Session | TokenRejected
  readonly confirm: (session: Session) => void
  /** Milliseconds over which clients spread their return, when the server is going to end. */
  readonly drainingWithin: () => number | undefined
  readonly run: <A, E>(effect: Effect.Effect<A, E>) => Fiber.Fiber<A, E>
  /** Hands a message to `RpcServer`. */
  readonly forward: (connection: RpcConnection, message: RpcMessage.FromClientEncoded) => void
  /** The connection is gone; whether its client comes back for the session, if it has one still, is not known. */
  readonly closed: (connection: RpcConnection, session: Session | undefined) => void
  /** Ends a session nobody will come back for. */
  readonly end: (session: Session) => void
}

/** One connection. */
export class RpcConnection implements ProtocolHandler, FeedConsumer {
  readonly connection: Connection
  readonly #host: RpcHost
  /** Undefined when another connection has it. */
  #session: Session | undefined
  readonly #outbox: RpcOutbox
  readonly #pending = new RpcPending()
  /** Whether the client is known to have the token of its session. */
  #confirmed = false
  /** The batch that says that the server is going to end. */
  #farewell: number | undefined
  /** The client has said that it leaves for good. */
  #leaving = false

  constructor(host: RpcHost, connection: Connection) {
    this.#host = host
    this.connection = connection
    this.#outbox = new RpcOutbox(connection)
    this.#session = host.openSession(this, connection.principal)
  }

  get session(): Session | undefined {
    return this.#session
  }

  get encoder(): WireEncoder {
    return RpcEncoder
  }

  receive(text: string): void {
    let parsed: unknown
    try {
      parsed = JSON.parse(text)
    } catch {
      return this.#mistake("A frame is not JSON. Send one RPC message, or an array of messages.")
    }
    const isSuspect = mayBeTooDeep(text)
    if (!Array.isArray(parsed)) return this.#message(parsed, text.length, isSuspect)
    if (parsed.length > this.#host.config.maxMessages) {
      return this.connection.end(1008, `A frame carries more than ${this.#host.config.maxMessages} messages`)
    }
    if (parsed.length === 0) return void this.connection.spend()
    const size = Math.ceil(text.length / parsed.length)
    for (const message of parsed) if (this.connection.isOpen) this.#message(message, size, isSuspect)
  }

  schedule(): void {
    this.connection.schedule()
  }

  flushNow(): void {
    this.connection.flush()
  }

  /** Another connection has the session now. */
  replaced(): void {
    this.#session = undefined
    this.connection.end(CloseCode.resumedElsewhere, "The session was resumed on another connection")
  }

  /** Sends one message with the next flush. */
  reply(message: string): void {
    this.#outbox.reply(message)
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
    this.#host.closed(this, this.#leaving ? undefined : session)
    if (this.#leaving && session !== undefined) this.#host.end(session)
  }

  #acknowledge(batch?: number): void {
    const received = this.#outbox.acknowledge(batch)
    const session = this.#session
    // How often the server is told something new is its own doing, and costs the client nothing.
    if (received === undefined) this.connection.spend()
    if (received === undefined || session === undefined) return
    // The first batch had the token of the session.
    if (!this.#confirmed) this.#host.confirm(session)
    this.#confirmed = true
    session.acknowledged(received)
    if (session.isBehind) this.connection.schedule()
  }

  #message(value: unknown, size: number, isSuspect: boolean): void {
    const decoded = decodeMessage(value)
    if (Exit.isFailure(decoded)) {
      return this.#mistake(
        `A message was not understood: ${inline(issueOf(decoded.cause))}. Send Request, Ack, Interrupt, Ping or Eof, as effect/rpc does.`
      )
    }
    const message = decoded.value
    switch (message._tag) {
      case "Request":
        return this.#request(message, size, isSuspect)
      case "Ack":
        if (this.#outbox.isStream(JSON.stringify(message.requestId))) this.#acknowledge()
        else this.connection.spend()
        return
      case "Interrupt":
        // What costs little is counted, and done in any case: who is told to wait must be able to let go, and to show that it lives.
        this.connection.spend()
        return this.#interrupt(message.requestId)
      case "Ping":
        this.connection.spend()
        return this.reply(`{"_tag":"Pong"}`)
      case "Eof":
        this.connection.spend()
        this.#leaving = true
    }
  }

  #request(request: Request, size: number, isSuspect: boolean): void {
    if (request.tag === "Received") return this.#received(request)
    const wait = this.connection.spend()
    if (wait > 0 && request.tag !== "Connect") return this.#slower(request, wait)
    if (isSuspect && isTooDeep(request.payload)) return this.#refuse(request, tooDeep)
    switch (request.tag) {
      case "Call":
        return this.#call(request, size)
      case "Mount":
        return this.#mount(request, size, decodeMount)
      case "Rehydrate":
        return this.#mount(request, size, decodeRehydrate)
      case "Connect":
        return this.#connect(request)
      default: {
        const decode = decodePayload.get(request.tag)
        if (decode === undefined) return this.#unknown(request)
        const payload = decode(request.payload ?? null)
        if (Exit.isFailure(payload)) return this.#refuse(request, issueOf(payload.cause))
        const { id, tag } = request
        this.#host.forward(this, {
          _tag: "Request",
          id,
          tag,
          payload: request.payload ?? null,
          headers: []
        })
      }
    }
  }

  #received(request: Request): void {
    const received = decodeReceived(request.payload)
    if (Exit.isFailure(received))
      return this.connection.spend() > 0 ? undefined : this.#refuse(request, issueOf(received.cause))
    const { abandoned, batch, settled } = received.value
    this.#acknowledge(batch)
    if (settled !== undefined) this.#session?.settled(settled)
    if (abandoned !== undefined) this.#session?.abandon(abandoned)
    if (request.isNotification !== true) this.reply(RpcResponse.success(request.id, "null"))
  }

  #connect(request: Request): void {
    const { id } = request
    const connect = decodeConnect(request.payload ?? {})
    if (Exit.isFailure(connect)) return this.#refuse(request, issueOf(connect.cause))
    if (this.#outbox.isOpen) {
      return this.reply(
        RpcResponse.die(
          id,
          "This connection receives its events already. Send one Connect per socket, or interrupt the first."
        )
      )
    }
    this.#outbox.open(JSON.stringify(id))
    this.#confirmed = false
    const { resume } = connect.value
    const claimed = resume === undefined ? undefined : this.#claim(resume)
    const [components, rejected] = claimed instanceof TokenRejected ? [[], claimed] : [claimed ?? [], undefined]
    const session = this.#session
    if (session === undefined) return
    const established: ConnectionEstablished = {
      _tag: "ConnectionEstablished",
      connectionId: session.connectionId as ConnectionEstablished["connectionId"],
      sessionToken: this.#host.ticket(session),
      protocolVersion,
      resumed: resume !== undefined && rejected === undefined,
      components,
      tokenAge: this.#host.tokenAge
    }
    this.#outbox.tell(
      JSON.stringify(
        rejected === undefined
          ? established
          : { ...established, rejected: { _tag: rejected._tag, reason: rejected.reason } }
      )
    )
    // Who comes now has not been told with the others.
    const within = this.#host.drainingWithin()
    if (within !== undefined) this.draining(within)
  }

  /** Takes up the session of a token in place of the one this connection has begun. */
  #claim(resume: ResumeRequest): ReadonlyArray<ComponentId> | TokenRejected {
    const begun = this.#session
    // Two sessions cannot be made one.
    if (begun?.isEmpty === false) return new TokenRejected({ reason: "session" })
    const session = this.#host.claim(resume.sessionToken, this.connection.principal)
    if (session instanceof TokenRejected) return session
    this.#session = session
    if (begun !== undefined && begun !== session) this.#host.end(begun)
    const kept = session.resume(this, resume)
    if (session.isBehind) this.connection.schedule()
    return kept
  }

  #mount(
    request: Request,
    size: number,
    decode: (payload: unknown) => Exit.Exit<MountRequest | RehydrateRequest, Schema.SchemaError>
  ): void {
    const mount = decode(request.payload)
    if (Exit.isFailure(mount)) return this.#refuse(request, issueOf(mount.cause))
    this.#begin(request, mount.value.callId, size, (done) =>
      this.#session?.mount(mount.value, (exit) => done(() => this.#mounted(request.id, exit)))
    )
  }

  /** The answer goes out before any event of the instance. */
  #mounted(id: RpcRequestId, exit: Exit.Exit<Mounted, LiveError>): void {
    if (Exit.isSuccess(exit)) {
      const isOnItsWay = this.#outbox.first(RpcResponse.success(id, JSON.stringify(exit.value)))
      return isOnItsWay ? this.#session?.announce(exit.value.componentId) : undefined
    }
    const failure = exit.cause.reasons.find(Cause.isFailReason)
    if (failure !== undefined) return this.reply(RpcResponse.failure(id, RpcResponse.liveError(failure.error)))
    // What it died of is nobody's business.
    return this.reply(
      Cause.hasInterruptsOnly(exit.cause) ? RpcResponse.interrupted(id) : RpcResponse.die(id, internalError)
    )
  }

  #call(request: Request, size: number): void {
    const call = decodeCall(request.payload)
    if (Exit.isFailure(call)) return this.#refuse(request, issueOf(call.cause))
    this.#begin(request, call.value.callId, size, (done) =>
      this.#session?.call(call.value, (outcome) =>
        done(() => {
          if (request.isNotification !== true) this.#answer(request.id, outcome)
        })
      )
    )
  }

  /** Begins something that is kept until it is answered. */
  #begin(request: Request, callId: CallId | undefined, size: number, begin: Begin): void {
    const { id } = request
    if (!this.#isFree(id, callId)) return
    const wait = this.connection.hold(size)
    if (wait > 0) return this.#slower(request, wait)
    this.#pending.start(id, callId, () => this.connection.release(size), begin)
  }

  /** The same request again is answered with the first; another one may not have its id. */
  #isFree(id: RpcRequestId, callId: CallId | undefined): boolean {
    const claim = this.#pending.claim(id, callId)
    if (claim === "taken") {
      this.reply(
        RpcResponse.die(id, `The request id ${JSON.stringify(id)} is in use. Give each request an id of its own.`)
      )
    }
    return claim === "free"
  }

  #interrupt(id: RpcRequestId): void {
    if (this.#pending.cancel(id)) return this.#answer(id, { _tag: "Interrupted" })
    if (this.#outbox.isStream(JSON.stringify(id))) {
      this.#outbox.close()
      return this.reply(RpcResponse.success(id, "null"))
    }
    this.#host.forward(this, { _tag: "Interrupt", requestId: id })
  }

  #answer(id: RpcRequestId, outcome: CallOutcome): void {
    this.#outbox.answer(RpcResponse.outcome(id, outcome))
  }

  #refuse(request: Request, issue: string): void {
    if (request.isNotification === true) return
    const reason = new PayloadRejected({ action: request.tag, issue })
    this.reply(RpcResponse.failure(request.id, RpcResponse.liveError(new LiveError({ reason }))))
  }

  #unknown({ id, tag }: Request): void {
    const known = [...decodePayload.keys()].join(", ")
    this.reply(RpcResponse.die(id, `There is no request ${JSON.stringify(tag.slice(0, 64))}. Send one of ${known}.`))
  }

  #slower(request: Request, retryAfter: number): void {
    if (request.isNotification === true || !this.connection.isOpen) return
    const error = new LiveError({ reason: new RateLimited({ retryAfter }) })
    // That one declares no error.
    const isPing = request.tag === "Ping"
    this.reply(
      isPing
        ? RpcResponse.die(request.id, error.message)
        : RpcResponse.failure(request.id, RpcResponse.liveError(error))
    )
  }

  #mistake(text: string): void {
    if (this.connection.spend() === 0) this.reply(RpcResponse.defect(text))
  }
}
