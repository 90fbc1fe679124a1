/**
 * One connection that speaks the RPC wire: what comes in is decoded and goes to the session or to `RpcServer`; what goes out is
 * one frame per turn, events first, so that an answer never overtakes the change it speaks of. The window of batches the client
 * has not acknowledged is kept here; when it is full, readers stay where they are and catch up in one change.
 */
import * as Cause from "effect/Cause"
import type * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import type * as RpcMessage from "effect/rpc/RpcMessage"
import * as Schema from "effect/Schema"
import { LiveError, PayloadRejected } from "../LiveError.ts"
import {
  batchesPerAcknowledgement,
  CallRequest,
  LiveProtocol,
  type Mounted,
  MountRequest,
  protocolVersion
} from "../LiveProtocol.ts"
import { ClientMessage, type RequestId } from "./ClientMessage.ts"
import type * as LiveConfig from "./LiveConfig.ts"
import type { Outcome } from "./Outcome.ts"
import type { Session } from "./Session.ts"
import type { Connection, Frame, FrontSession } from "./Transport.ts"

type Request = Extract<ClientMessage, { readonly _tag: "Request" }>

const decodeMessage = Schema.decodeUnknownExit(ClientMessage)
const decodeMount = Schema.decodeUnknownExit(MountRequest)
const decodeCall = Schema.decodeUnknownExit(CallRequest)
const decodeReceived = Schema.decodeUnknownExit(Schema.Struct({ batch: Schema.Int }))
const encodeLiveError = Schema.encodeSync(LiveError)
const decodePayload = new Map(
  [...LiveProtocol.requests.values()].map((rpc) => [
    rpc._tag as string,
    Schema.decodeUnknownExit(Schema.toCodecJson(rpc.payloadSchema as Schema.Codec<unknown>))
  ])
)

/** What all connections of a server share. */
export interface RpcFront {
  readonly config: LiveConfig.Service
  readonly openSession: (connection: Connection) => Session
  readonly run: <A, E>(effect: Effect.Effect<A, E>) => Fiber.Fiber<A, E>
  /** Hands a message to `RpcServer`. */
  readonly forward: (connection: RpcConnection, message: RpcMessage.FromClientEncoded) => void
  readonly closed: (connection: RpcConnection) => void
}

/** One connection. */
export class RpcConnection implements FrontSession {
  readonly connection: Connection
  readonly session: Session
  readonly #front: RpcFront
  #replies: Array<string> = []
  /** Characters in them. */
  #waiting = 0
  /** Whether there is the answer of a call among them. */
  #answering = false
  /** Answers to mounts, which go before the events. */
  #mounts: Array<string> = []
  /** How to cancel the mounts and calls that are under way. */
  #pending: Map<RequestId, () => void> | undefined
  /** Mounts under way: nobody is left to want them when the connection goes, while a call goes on. */
  #mounting: Set<Fiber.Fiber<unknown, unknown>> | undefined
  /** The JSON of the id of the `Connect` request, while there is one. */
  #connectId: string | undefined
  /** Batches sent on this `Connect`, and how many of them the client has. */
  #sent = 0
  #received = 0
  /** Bytes of the batches the client does not have yet. */
  #unacknowledged = 0

  constructor(front: RpcFront, connection: Connection) {
    this.#front = front
    this.connection = connection
    this.session = front.openSession(connection)
  }

  receive(text: string): void {
    let parsed: unknown
    try {
      parsed = JSON.parse(text)
    } catch {
      return this.#defect("A frame is not JSON. Expected one RPC message, or an array of them. Send JSON text.")
    }
    if (!Array.isArray(parsed)) return this.#message(parsed)
    if (parsed.length > this.#front.config.maxMessages) {
      return this.connection.link.close(1008, `A frame carries more than ${this.#front.config.maxMessages} messages`)
    }
    for (const message of parsed) this.#message(message)
  }

  /** Sends one message with the next flush. */
  reply(message: string): void {
    if (this.#isTooMuch(message)) return
    this.#replies.push(message)
    if (this.#replies.length === 1) this.connection.schedule()
  }

  /** Answers that are too much for one frame end the connection; nobody who means well asks for them in one turn. */
  #isTooMuch(message: string): boolean {
    this.#waiting += message.length
    if (this.#waiting <= this.#front.config.maxBuffered) return false
    this.#replies = []
    this.#mounts = []
    this.connection.link.close(1013, "The client asks for more than can be sent")
    return true
  }

  flush(): void {
    const { link } = this.connection
    const replies = this.#replies.length + this.#mounts.length
    // The answer of a call does not overtake the change it speaks of, so then there is no waiting for room.
    const batches = this.#connectId !== undefined && (this.#answering || this.#hasRoom) ? this.session.collect() : []
    this.#answering = false
    const [batch] = batches
    if (batch === undefined && replies === 0) return
    if (batch !== undefined && batches.length === 1 && replies === 0) {
      const head = this.#chunkHead()
      return this.#writeBatch(batch.frame(link.kind + head, (text) => link.frame(`[${head}${text}]}]`)))
    }
    const messages = this.#mounts
    if (batch !== undefined) {
      const events = batches.length === 1 ? batch.text : batches.map(({ text }) => text).join(",")
      messages.push(`${this.#chunkHead()}${events}]}`)
    }
    const frame = link.frame(`[${messages.concat(this.#replies).join(",")}]`)
    this.#mounts = []
    this.#replies = []
    this.#waiting = 0
    if (batch === undefined) link.write(frame)
    else this.#writeBatch(frame)
  }

  closed(): void {
    this.#connectId = undefined
    this.#pending = undefined
    this.#mounting?.forEach((fiber) => fiber.interruptUnsafe())
    this.#front.closed(this)
  }

  /** Whether there is something to read, and the client reads. */
  get #hasRoom(): boolean {
    if (!this.session.isBehind) return false
    const { windowBatches, windowBytes } = this.#front.config
    const batches = this.#sent - this.#received
    // Fewer than these need no acknowledgement, however large, so nothing may wait for one.
    if (batches >= batchesPerAcknowledgement) {
      if (batches >= windowBatches || this.#unacknowledged >= windowBytes) return false
    }
    return this.connection.hasRoom
  }

  #chunkHead(): string {
    return `{"_tag":"Chunk","requestId":${this.#connectId},"values":[`
  }

  #writeBatch(frame: Frame): void {
    this.#count(frame.length)
    this.connection.link.write(frame)
  }

  #count(bytes: number): void {
    this.#sent++
    this.#unacknowledged += bytes
  }

  #acknowledge(batch: number): void {
    const outstanding = this.#sent - this.#received
    const acknowledged = Math.min(batch, this.#sent) - this.#received
    if (acknowledged <= 0) return
    this.#received += acknowledged
    // The sizes of the batches are not kept; each is taken for the average of those outstanding.
    this.#unacknowledged *= 1 - acknowledged / outstanding
    if (this.session.isBehind) this.connection.schedule()
  }

  #message(value: unknown): void {
    const decoded = decodeMessage(value)
    if (Exit.isFailure(decoded)) {
      return this.#defect(
        `A message was not understood: ${String(Cause.squash(decoded.cause))}. ` +
          "Expected Request, Ack, Interrupt, Ping or Eof, as effect/rpc has them."
      )
    }
    const message = decoded.value
    switch (message._tag) {
      case "Request":
        return this.#request(message)
      case "Ack":
        if (JSON.stringify(message.requestId) === this.#connectId) this.#acknowledge(this.#received + 1)
        return
      case "Interrupt":
        return this.#interrupt(message.requestId)
      case "Ping":
        return this.reply(`{"_tag":"Pong"}`)
      case "Eof":
        return
    }
  }

  #request(request: Request): void {
    switch (request.tag) {
      case "Call":
        return this.#call(request)
      case "Mount":
        return this.#mount(request)
      case "Received": {
        const received = decodeReceived(request.payload)
        if (Exit.isFailure(received)) return this.#refuse(request, received.cause)
        this.#acknowledge(received.value.batch)
        if (request.isNotification !== true) this.#succeed(request.id, "null")
        return
      }
      case "Connect":
        return this.#connect(request.id)
      default: {
        const decode = decodePayload.get(request.tag)
        if (decode === undefined) return this.#unknown(request)
        const payload = decode(request.payload ?? null)
        if (Exit.isFailure(payload)) return this.#refuse(request, payload.cause)
        const { id, tag } = request
        this.#front.forward(this, {
          _tag: "Request",
          id,
          tag,
          payload: request.payload ?? null,
          headers: []
        })
      }
    }
  }

  #connect(id: RequestId): void {
    if (this.#connectId !== undefined) {
      return this.#die(
        id,
        "This connection reads its events already. Expected one Connect per socket. Interrupt the other."
      )
    }
    this.#connectId = JSON.stringify(id)
    this.#sent = this.#received = this.#unacknowledged = 0
    const { connectionId } = this.session
    const established = JSON.stringify({ _tag: "ConnectionEstablished", connectionId, protocolVersion })
    this.#count(established.length)
    this.reply(`{"_tag":"Chunk","requestId":${this.#connectId},"values":[${established}]}`)
  }

  #mount(request: Request): void {
    const mount = decodeMount(request.payload)
    if (Exit.isFailure(mount)) return this.#refuse(request, mount.cause)
    const { id } = request
    if (this.#isPending(id)) return
    const fiber = this.#front.run(this.session.mount(mount.value))
    const exit = fiber.pollUnsafe()
    if (exit !== undefined) return this.#mounted(id, exit)
    const mounting = (this.#mounting ??= new Set())
    mounting.add(fiber)
    this.#remember(id, () => fiber.interruptUnsafe())
    fiber.addObserver((exit) => {
      mounting.delete(fiber)
      if (this.#forget(id) !== undefined) this.#mounted(id, exit)
    })
  }

  /** The answer goes out before any event of the instance. */
  #mounted(id: RequestId, exit: Exit.Exit<Mounted, LiveError>): void {
    if (Exit.isSuccess(exit)) {
      const answer = exitMessage(id, success(JSON.stringify(exit.value)))
      if (this.#isTooMuch(answer)) return
      this.#mounts.push(answer)
      this.session.announce(exit.value.componentId)
      return this.connection.schedule()
    }
    const failure = exit.cause.reasons.find(Cause.isFailReason)
    if (failure !== undefined) return this.#fail(id, liveError(failure.error))
    return Cause.hasInterruptsOnly(exit.cause)
      ? this.#answer(id, { _tag: "Interrupted" })
      : this.#die(id, String(Cause.squash(exit.cause)))
  }

  #call(request: Request): void {
    const call = decodeCall(request.payload)
    if (Exit.isFailure(call)) return this.#refuse(request, call.cause)
    const { id } = request
    if (this.#isPending(id)) return
    let answered = false
    const cancel = this.session.call(call.value, (outcome) => {
      answered = true
      this.#forget(id)
      if (request.isNotification !== true) this.#answer(id, outcome)
    })
    if (!answered) this.#remember(id, cancel)
  }

  #isPending(id: RequestId): boolean {
    if (this.#pending?.has(id) !== true) return false
    this.#die(id, `The request id ${JSON.stringify(id)} is in use. Expected one of its own for every request.`)
    return true
  }

  #remember(id: RequestId, cancel: () => void): void {
    ;(this.#pending ??= new Map()).set(id, cancel)
  }

  #forget(id: RequestId): (() => void) | undefined {
    const cancel = this.#pending?.get(id)
    if (cancel === undefined) return undefined
    this.#pending?.delete(id)
    if (this.#pending?.size === 0) this.#pending = undefined
    return cancel
  }

  #interrupt(id: RequestId): void {
    const cancel = this.#forget(id)
    if (cancel !== undefined) {
      cancel()
      return this.#answer(id, { _tag: "Interrupted" })
    }
    if (JSON.stringify(id) === this.#connectId) {
      this.#connectId = undefined
      return this.#succeed(id, "null")
    }
    this.#front.forward(this, { _tag: "Interrupt", requestId: id })
  }

  #answer(id: RequestId, outcome: Outcome): void {
    this.#answering = true
    switch (outcome._tag) {
      case "Success":
        return this.#succeed(id, outcome.text)
      case "Failure":
        return this.#fail(id, `{"_tag":"ActionFailure","failure":${outcome.text}}`)
      case "Refused":
        return this.#fail(id, liveError(outcome.error))
      case "Interrupted":
        return this.#exit(id, `{"_tag":"Failure","cause":[{"_tag":"Interrupt"}]}`)
    }
  }

  #refuse(request: Request, cause: Cause.Cause<unknown>): void {
    if (request.isNotification === true) return
    const reason = new PayloadRejected({ action: request.tag, issue: String(Cause.squash(cause)) })
    this.#fail(request.id, liveError(new LiveError({ reason })))
  }

  #unknown({ id, tag }: Request): void {
    const known = [...decodePayload.keys()].join(", ")
    this.#die(id, `There is no request ${JSON.stringify(tag.slice(0, 64))}. Expected one of ${known}.`)
  }

  #succeed(id: RequestId, value: string): void {
    this.#exit(id, success(value))
  }

  #fail(id: RequestId, error: string): void {
    this.#exit(id, `{"_tag":"Failure","cause":[{"_tag":"Fail","error":${error}}]}`)
  }

  #die(id: RequestId, text: string): void {
    this.#exit(id, `{"_tag":"Failure","cause":[{"_tag":"Die","defect":${JSON.stringify(text)}}]}`)
  }

  #exit(id: RequestId, exit: string): void {
    this.reply(exitMessage(id, exit))
  }

  #defect(text: string): void {
    this.reply(`{"_tag":"Defect","defect":${JSON.stringify(text)}}`)
  }
}

const liveError = (error: LiveError): string => JSON.stringify(encodeLiveError(error))

const success = (value: string): string => `{"_tag":"Success","value":${value}}`

const exitMessage = (id: RequestId, exit: string): string =>
  `{"_tag":"Exit","requestId":${JSON.stringify(id)},"exit":${exit}}`
