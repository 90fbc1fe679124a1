/**
 * One connection that speaks the RPC wire: what comes in is decoded and goes to the session or to `RpcServer`; what goes out is
 * one frame per turn, events first, so that an answer never overtakes the change it speaks of. The window of batches the client
 * has not acknowledged is kept here; when it is full, readers stay where they are and catch up in one change.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as RpcMessage from "effect/rpc/RpcMessage"
import * as Schema from "effect/Schema"
import { LiveError, PayloadRejected } from "../LiveError.ts"
import type { ComponentId } from "../LiveId.ts"
import {
  batchesPerAcknowledgement,
  CallRequest,
  LiveProtocol,
  type Mounted,
  type MountRequest,
  protocolVersion
} from "../LiveProtocol.ts"
import { ClientMessage, type RequestId } from "./ClientMessage.ts"
import type * as LiveConfig from "./LiveConfig.ts"
import type { Outcome, Session } from "./Session.ts"
import type { Connection, FrontSession } from "./Transport.ts"

type Request = Extract<ClientMessage, { readonly _tag: "Request" }>

const decodeMessage = Schema.decodeUnknownExit(ClientMessage)
const decodeCall = Schema.decodeUnknownExit(CallRequest)
const decodeReceived = Schema.decodeUnknownExit(Schema.Struct({ batch: Schema.Int }))
const encodeLiveError = Schema.encodeSync(LiveError)
const decodePayload = new Map(
  [...LiveProtocol.requests.values()].map((rpc) => [
    rpc._tag as string,
    Schema.decodeUnknownExit(Schema.toCodecJson(rpc.payloadSchema as Schema.Codec<unknown>))
  ])
)

/** What a connection needs of the front it belongs to. */
export interface Options {
  readonly connection: Connection
  readonly config: LiveConfig.Service
  readonly openSession: (wake: () => void) => Session
  /** Hands a message to `RpcServer`. */
  readonly forward: (message: RpcMessage.FromClientEncoded) => void
  readonly closed: () => void
}

/** One connection. */
export class RpcConnection implements FrontSession {
  readonly session: Session
  readonly #options: Options
  #replies: Array<string> = []
  /** Answers to mounts, which go before the events. */
  #mounts: Array<string> = []
  /** Mounts whose answer is not written yet. */
  #mounting: Map<RequestId, ComponentId> | undefined
  #calls: Map<RequestId, () => void> | undefined
  /** The JSON of the id of the `Connect` request, while there is one. */
  #connectId: string | undefined
  /** Batches sent on this `Connect`, and how many of them the client has. */
  #sent = 0
  #received = 0
  #receivedBytes = 0
  /** Bytes sent up to and including each batch that is not acknowledged. */
  #unacknowledged: Array<number> = []
  #sentBytes = 0

  constructor(options: Options) {
    this.#options = options
    this.session = options.openSession(() => options.connection.schedule())
  }

  receive(text: string): void {
    let parsed: unknown
    try {
      parsed = JSON.parse(text)
    } catch {
      return this.#defect("A frame is not JSON. Expected one RPC message, or an array of them. Send JSON text.")
    }
    if (!Array.isArray(parsed)) return this.#message(parsed)
    for (const message of parsed) this.#message(message)
  }

  /** Sends one message with the next flush. */
  reply(message: string): void {
    this.#replies.push(message)
    if (this.#replies.length === 1) this.#options.connection.schedule()
  }

  /** Mounts for a request; the answer goes out before any event of the instance. */
  mount(requestId: RequestId, request: MountRequest): Effect.Effect<Mounted, LiveError> {
    return Effect.tap(this.session.mount(request), ({ componentId }) =>
      Effect.sync(() => (this.#mounting ??= new Map()).set(requestId, componentId))
    )
  }

  /** Takes an answer of `RpcServer`. */
  answered(response: RpcMessage.FromServerEncoded): void {
    const componentId = response._tag === "Exit" ? this.#mounting?.get(response.requestId) : undefined
    if (response._tag !== "Exit" || componentId === undefined) return this.reply(JSON.stringify(response))
    this.#mounting?.delete(response.requestId)
    this.#mounts.push(JSON.stringify(response))
    this.#options.connection.schedule()
    this.session.announce(componentId)
  }

  flush(): void {
    const { link } = this.#options.connection
    const batches = this.#hasRoom ? this.session.collect() : []
    const [batch] = batches
    const replies = this.#replies.length + this.#mounts.length
    if (batch === undefined && replies === 0) return
    if (batch !== undefined && batches.length === 1 && replies === 0) {
      const head = this.#chunkHead()
      this.#count(batch.text.length)
      return link.write(batch.frame(link.kind + head, (text) => link.frame(`[${head}${text}]}]`)))
    }
    const messages = this.#mounts
    if (batch !== undefined) {
      const events = batches.length === 1 ? batch.text : batches.map(({ text }) => text).join(",")
      this.#count(events.length)
      messages.push(`${this.#chunkHead()}${events}]}`)
    }
    const text = messages.length === 0 ? this.#replies.join(",") : messages.concat(this.#replies).join(",")
    this.#mounts = []
    this.#replies = []
    link.write(link.frame(`[${text}]`))
  }

  closed(): void {
    this.#connectId = undefined
    this.#calls = undefined
    this.#options.closed()
  }

  /** Whether the client has a stream to read events from, and reads it. */
  get #hasRoom(): boolean {
    if (this.#connectId === undefined || !this.session.isBehind) return false
    const { config, connection } = this.#options
    const batches = this.#sent - this.#received
    // Fewer than these need no acknowledgement, however large, so nothing may wait for one.
    if (batches < batchesPerAcknowledgement) return connection.hasRoom
    const bytes = this.#sentBytes - this.#receivedBytes
    return batches < config.windowBatches && bytes < config.windowBytes && connection.hasRoom
  }

  #chunkHead(): string {
    return `{"_tag":"Chunk","requestId":${this.#connectId},"values":[`
  }

  #count(bytes: number): void {
    this.#sent++
    this.#sentBytes += bytes
    this.#unacknowledged.push(this.#sentBytes)
  }

  #acknowledge(batch: number): void {
    const acknowledged = Math.min(batch, this.#sent) - this.#received
    if (acknowledged <= 0) return
    this.#received += acknowledged
    this.#receivedBytes = this.#unacknowledged.splice(0, acknowledged).at(-1) ?? this.#receivedBytes
    if (this.session.isBehind) this.#options.connection.schedule()
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
        this.#options.forward({ _tag: "Request", id, tag, payload: request.payload ?? null, headers: [] })
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
    this.#sent = this.#received = this.#sentBytes = this.#receivedBytes = 0
    this.#unacknowledged = []
    const { connectionId } = this.session
    const established = JSON.stringify({ _tag: "ConnectionEstablished", connectionId, protocolVersion })
    this.#count(established.length)
    this.reply(`{"_tag":"Chunk","requestId":${this.#connectId},"values":[${established}]}`)
  }

  #call(request: Request): void {
    const call = decodeCall(request.payload)
    if (Exit.isFailure(call)) return this.#refuse(request, call.cause)
    const { id } = request
    if (this.#calls?.has(id) === true) {
      return this.#die(id, `The request id ${JSON.stringify(id)} is in use. Expected one of its own for every request.`)
    }
    let answered = false
    const cancel = this.session.call(call.value, (outcome) => {
      answered = true
      this.#calls?.delete(id)
      if (request.isNotification !== true) this.#answer(id, outcome)
    })
    if (!answered) (this.#calls ??= new Map()).set(id, cancel)
  }

  #interrupt(id: RequestId): void {
    const cancel = this.#calls?.get(id)
    if (cancel !== undefined) {
      this.#calls?.delete(id)
      cancel()
      return this.#answer(id, { _tag: "Interrupted" })
    }
    if (JSON.stringify(id) === this.#connectId) {
      this.#connectId = undefined
      return this.#succeed(id, "null")
    }
    this.#options.forward({ _tag: "Interrupt", requestId: id })
  }

  #answer(id: RequestId, outcome: Outcome): void {
    switch (outcome._tag) {
      case "Success":
        return this.#succeed(id, JSON.stringify(outcome.value))
      case "Failure":
        return this.#fail(id, { _tag: "ActionFailure", failure: outcome.failure })
      case "Refused":
        return this.#fail(id, encodeLiveError(outcome.error))
      case "Interrupted":
        return this.#exit(id, `{"_tag":"Failure","cause":[{"_tag":"Interrupt"}]}`)
    }
  }

  #refuse(request: Request, cause: Cause.Cause<unknown>): void {
    if (request.isNotification === true) return
    const reason = new PayloadRejected({ action: request.tag, issue: String(Cause.squash(cause)) })
    this.#fail(request.id, encodeLiveError(new LiveError({ reason })))
  }

  #unknown({ id, tag }: Request): void {
    const known = [...decodePayload.keys()].join(", ")
    this.#die(id, `There is no request ${JSON.stringify(tag.slice(0, 64))}. Expected one of ${known}.`)
  }

  #succeed(id: RequestId, value: string): void {
    this.#exit(id, `{"_tag":"Success","value":${value}}`)
  }

  #fail(id: RequestId, error: unknown): void {
    this.#exit(id, `{"_tag":"Failure","cause":[{"_tag":"Fail","error":${JSON.stringify(error)}}]}`)
  }

  #die(id: RequestId, text: string): void {
    this.#exit(id, `{"_tag":"Failure","cause":[{"_tag":"Die","defect":${JSON.stringify(text)}}]}`)
  }

  #exit(id: RequestId, exit: string): void {
    this.reply(`{"_tag":"Exit","requestId":${JSON.stringify(id)},"exit":${exit}}`)
  }

  #defect(text: string): void {
    this.reply(`{"_tag":"Defect","defect":${JSON.stringify(text)}}`)
  }
}
