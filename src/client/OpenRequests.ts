/**
 * The requests of a client that have no answer yet. It knows no connection: it is given what sends a message, and is
 * told what has arrived.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { RpcClientError } from "effect/rpc/RpcClientError"
import type * as RpcMessage from "effect/rpc/RpcMessage"
import * as Schema from "effect/Schema"
import type * as Tracer from "effect/Tracer"
import { connectionLost } from "./ConnectionLost.ts"
import type { RequestTracer } from "./RequestSpans.ts"

/** How the answers to requests of one kind are read. */
export interface RequestKind<A, E> {
  readonly tag: string
  readonly success: Schema.Codec<A, unknown>
  readonly error: Schema.Codec<E, unknown>
}

/** Makes a request, and waits for its answer. Interrupting it tells the server that nobody waits. */
export type Ask<A, E> = (payload: unknown) => Effect.Effect<A, E | RpcClientError>

interface OpenRequest {
  readonly resume: (exit: Exit.Exit<never, RpcClientError>) => void
  readonly answered: (exit: RpcMessage.ExitEncoded<unknown, unknown>) => void
}

/** The requests without an answer. */
export class OpenRequests {
  readonly #send: (message: RpcMessage.FromClientEncoded) => boolean
  readonly #trace: RequestTracer | undefined
  readonly #open = new Map<string | number, OpenRequest>()
  #last = 0
  #isClosed = false

  /**
   * `send` says whether there is a connection to send a message on. `trace` makes a span of each request.
   */
  constructor(send: (message: RpcMessage.FromClientEncoded) => boolean, trace?: RequestTracer) {
    this.#send = send
    this.#trace = trace
  }

  /** Requests of one kind. */
  kind<A, E>({ error, success, tag }: RequestKind<A, E>): Ask<A, E> {
    const decodeSuccess = Schema.decodeUnknownExit(Schema.toCodecJson(success))
    const decodeError = Schema.decodeUnknownExit(Schema.toCodecJson(error))
    const decode = (answer: RpcMessage.ExitEncoded<unknown, unknown>): Exit.Exit<A, E> => {
      if (answer._tag === "Success") return dyingOf(decodeSuccess(answer.value))
      const reasons = answer.cause.map((reason): Cause.Reason<E> => {
        if (reason._tag === "Interrupt") return Cause.makeInterruptReason(reason.fiberId ?? undefined)
        if (reason._tag === "Die") return Cause.makeDieReason(thrownOf(reason.defect))
        const error = dyingOf(decodeError(reason.error))
        return Exit.isSuccess(error)
          ? Cause.makeFailReason(error.value)
          : Cause.makeDieReason(Cause.squash(error.cause))
      })
      return Exit.failCause(Cause.fromReasons(reasons))
    }
    const ask = (payload: unknown, span: Tracer.Span | undefined): Effect.Effect<A, E | RpcClientError> =>
      Effect.callback((resume) => {
        if (this.#isClosed) return resume(Effect.interrupt)
        const id = ++this.#last
        // Whatever it is answered with, it ends.
        this.#open.set(id, { resume, answered: (answer) => resume(Effect.suspend(() => decode(answer))) })
        const { sampled, spanId, traceId } = span ?? {}
        const traced = span === undefined ? {} : { traceId, spanId, sampled }
        const message = { _tag: "Request", id, tag, payload, headers: [], ...traced } as RpcMessage.FromClientEncoded
        if (!this.#send(message)) {
          this.#open.delete(id)
          return resume(Effect.fail(connectionLost()))
        }
        return Effect.sync(() => {
          if (this.#open.delete(id)) this.#interrupt(id)
        })
      })
    const trace = this.#trace
    return (payload) => (trace === undefined ? ask(payload, undefined) : trace(tag, (span) => ask(payload, span)))
  }

  /** The server has sent a message. */
  received(message: RpcMessage.FromServerEncoded): void {
    if (message._tag === "Exit") {
      const request = this.#open.get(message.requestId)
      if (request === undefined || !this.#open.delete(message.requestId)) return
      request.answered(message.exit)
    } else if (message._tag === "Defect") this.#end(Exit.die(thrownOf(message.defect)))
    else if (message._tag === "ClientProtocolError") this.#end(Exit.fail(message.error))
  }

  /** The client is closed: whoever waits is interrupted, and the server, too. */
  close(): void {
    this.#isClosed = true
    const ids = Array.from(this.#open.keys())
    this.#end(Exit.interrupt())
    for (const id of ids) this.#interrupt(id)
  }

  #interrupt(requestId: string | number): void {
    this.#send({ _tag: "Interrupt", requestId })
  }

  #end(exit: Exit.Exit<never, RpcClientError>): void {
    const open = Array.from(this.#open.values())
    // Whoever is told may ask again at once.
    this.#open.clear()
    for (const { resume } of open) resume(exit)
  }
}

/** What cannot be read is a defect: of the server, or of this version of the client. */
const dyingOf = <A>(exit: Exit.Exit<A, unknown>): Exit.Exit<A> =>
  Exit.isSuccess(exit) ? Exit.succeed(exit.value) : Exit.die(Cause.squash(exit.cause))

/** What the server threw, as far as it says so. */
const thrownOf = (defect: unknown): unknown => {
  const { message, name } = (typeof defect === "object" && defect !== null ? defect : {}) as Record<string, unknown>
  if (typeof message !== "string") return defect
  const error = new Error(message)
  if (typeof name === "string") error.name = name
  return error
}
