/** A WebSocket with nothing of ours on it: it sends what a test writes and keeps what comes back. */
import { Data, Deferred, Effect, Queue, type Scope } from "effect"
import { WebSocket } from "ws"

/** The handshake was refused. */
export class Refused extends Data.TaggedError("Refused")<{ readonly message: string }> {}

/** One message of the server. */
export interface ServerMessage {
  readonly _tag: string
  readonly requestId?: number | string
  readonly values?: ReadonlyArray<{ readonly _tag: string; readonly [field: string]: unknown }>
}

/** An open socket. */
export interface RawSocket {
  readonly send: (message: unknown) => void
  readonly sendText: (text: string) => void
  /** The next answer to this request; answers to others wait. */
  readonly answer: (requestId: number | string) => Effect.Effect<ServerMessage>
  /** The next message with this tag; others are skipped. */
  readonly next: (tag: string) => Effect.Effect<ServerMessage>
  /** Waits for the end, and gives its code. */
  readonly closed: Effect.Effect<number>
  /** Bytes that could not be sent yet. */
  readonly unsent: () => number
  readonly pause: () => void
  readonly resume: () => void
}

/** Opens a socket until the Scope closes. */
export const connect = (
  url: string,
  options?: { readonly origin?: string; readonly headers?: Readonly<Record<string, string>> }
): Effect.Effect<RawSocket, Refused, Scope.Scope> =>
  Effect.gen(function* () {
    const messages = yield* Queue.unbounded<ServerMessage>()
    const closed = yield* Deferred.make<number>()
    const answers = new Map<number | string, Array<ServerMessage>>()
    const ws = yield* Effect.acquireRelease(
      Effect.callback<WebSocket, Refused>((resume) => {
        const ws = new WebSocket(url, { perMessageDeflate: false, ...options })
        ws.on("open", () => resume(Effect.succeed(ws)))
        ws.on("error", (error) => resume(Effect.fail(new Refused({ message: error.message }))))
      }),
      (ws) => Effect.sync(() => ws.terminate())
    )
    ws.on("close", (code) => Deferred.doneUnsafe(closed, Effect.succeed(code)))
    ws.on("message", (data: Buffer) => {
      const parsed = JSON.parse(data.toString()) as ServerMessage | ReadonlyArray<ServerMessage>
      for (const message of Array.isArray(parsed) ? parsed : [parsed]) Queue.offerUnsafe(messages, message)
    })
    const answer = (requestId: number | string): Effect.Effect<ServerMessage> =>
      Effect.suspend(() => {
        const early = answers.get(requestId)?.shift()
        if (early !== undefined) return Effect.succeed(early)
        return Effect.flatMap(Queue.take(messages), (message) => {
          if (message._tag === "Exit" && message.requestId === requestId) return Effect.succeed(message)
          if (message._tag === "Exit" && message.requestId !== undefined) {
            answers.set(message.requestId, [...(answers.get(message.requestId) ?? []), message])
          }
          return answer(requestId)
        })
      })
    const next = (tag: string): Effect.Effect<ServerMessage> =>
      Effect.flatMap(Queue.take(messages), (message) => (message._tag === tag ? Effect.succeed(message) : next(tag)))
    return {
      send: (message) => ws.send(JSON.stringify(message)),
      sendText: (text) => ws.send(text),
      answer,
      next,
      closed: Deferred.await(closed),
      unsent: () => ws.bufferedAmount,
      pause: () => ws.pause(),
      resume: () => ws.resume()
    }
  })
