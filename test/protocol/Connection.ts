/** One WebSocket as a case sees it: what it sends, and what arrives, in the order in which it does. */
import { Data, Effect, Queue, type Schema, type Scope } from "effect"
import { WebSocket } from "ws"

/** A message of the server. */
export interface Message {
  readonly [field: string]: Schema.Json
}

/** What arrives: a message and the frame it came in, something that is none, or the end. */
export type Arrival =
  | { readonly _tag: "Message"; readonly message: Message; readonly frame: number; readonly isArray: boolean }
  | { readonly _tag: "Fault"; readonly problem: string }
  | { readonly _tag: "Closed"; readonly code: number }

/** The handshake was refused with this HTTP status; 0 when nobody answered. */
export class Refused extends Data.TaggedError("Refused")<{ readonly status: number; readonly detail: string }> {}

/** An open connection. */
export interface Connection {
  readonly send: (data: string | Buffer, binary: boolean) => Effect.Effect<void>
  readonly arrivals: Queue.Dequeue<Arrival>
  /** Closes it, and waits until it is closed. */
  readonly close: Effect.Effect<void>
  /** Stops reading, or reads again. */
  readonly read: (reading: boolean) => void
}

/** Where to connect, and how. */
export interface Options {
  readonly url: string
  readonly query: Readonly<Record<string, string>>
  readonly headers: Readonly<Record<string, string>>
  /** Whether it answers pings, as every WebSocket does; true when it is left out. */
  readonly answersPings?: boolean
}

const isMessage = (value: unknown): value is Message =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** Connects until the Scope closes. */
export const open = ({
  answersPings = true,
  headers,
  query,
  url
}: Options): Effect.Effect<Connection, Refused, Scope.Scope> =>
  Effect.gen(function* () {
    const arrivals = yield* Queue.unbounded<Arrival>()
    const address = new URL(url)
    for (const [name, value] of Object.entries(query)) address.searchParams.set(name, value)
    let frames = 0
    const read = (text: string) => {
      const frame = ++frames
      let parsed: unknown
      try {
        parsed = JSON.parse(text)
      } catch {
        Queue.offerUnsafe(arrivals, { _tag: "Fault", problem: `a frame is not JSON: ${text.slice(0, 200)}` })
        return
      }
      const isArray = Array.isArray(parsed)
      for (const message of Array.isArray(parsed) ? (parsed as ReadonlyArray<unknown>) : [parsed]) {
        Queue.offerUnsafe(
          arrivals,
          isMessage(message)
            ? { _tag: "Message", message, frame, isArray }
            : { _tag: "Fault", problem: `a message is no object: ${JSON.stringify(message)}` }
        )
      }
    }
    const ws = yield* Effect.acquireRelease(
      Effect.callback<WebSocket, Refused>((resume) => {
        const ws = new WebSocket(address, { headers, autoPong: answersPings, maxPayload: 64 * 1024 * 1024 })
        ws.on("open", () => resume(Effect.succeed(ws)))
        ws.on("unexpected-response", (request, { statusCode = 0 }) => {
          resume(Effect.fail(new Refused({ status: statusCode, detail: `HTTP ${statusCode}` })))
          request.destroy()
        })
        ws.on("error", ({ message }) => resume(Effect.fail(new Refused({ status: 0, detail: message }))))
        ws.on("message", (data: Buffer, isBinary: boolean) => {
          if (isBinary) Queue.offerUnsafe(arrivals, { _tag: "Fault", problem: "a frame is binary" })
          else read(data.toString())
        })
        ws.on("close", (code) => Queue.offerUnsafe(arrivals, { _tag: "Closed", code }))
      }),
      (ws) => Effect.sync(() => ws.terminate())
    )
    return {
      arrivals,
      read: (reading) => (reading ? ws.resume() : ws.pause()),
      send: (data, binary) => Effect.callback((resume) => ws.send(data, { binary }, () => resume(Effect.void))),
      close: Effect.callback((resume) => {
        if (ws.readyState === ws.CLOSED) return resume(Effect.void)
        ws.once("close", () => resume(Effect.void))
        ws.close(1000)
      })
    }
  })
