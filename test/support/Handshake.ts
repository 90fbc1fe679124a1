/** An upgrade request as any client may send it, and what it is answered with. */
import type { IncomingHttpHeaders } from "node:http"
import { text } from "node:stream/consumers"
import { Deferred, Effect, type Scope } from "effect"
import { WebSocket } from "ws"

/** What is asked for. */
export interface Request {
  readonly headers?: Readonly<Record<string, string>>
  readonly protocols?: ReadonlyArray<string>
  /** From which of the machine's addresses. */
  readonly localAddress?: string
  /** The authority that is trusted besides the usual ones, for `wss://`. */
  readonly ca?: string
}

/** What was answered. */
export interface Answer {
  /** 101: let in. */
  readonly status: number
  readonly headers: IncomingHttpHeaders
  /** Empty for one who was let in. */
  readonly text: string
  /** Which sub-protocol was agreed on. */
  readonly protocol: string
  readonly send: (message: unknown) => void
  /** Closes it, and waits until that is done. */
  readonly close: Effect.Effect<void>
  /** Waits for the end, and gives its code. */
  readonly closed: Effect.Effect<number>
}

/** Asks to be let in; whoever is, stays until the Scope closes. */
export const knock = (url: string, request: Request = {}): Effect.Effect<Answer, never, Scope.Scope> =>
  Effect.gen(function* () {
    const { protocols = [], ...options } = request
    const closed = yield* Deferred.make<number>()
    const ws = yield* Effect.acquireRelease(
      Effect.sync(() => new WebSocket(url, [...protocols], { perMessageDeflate: false, ...options })),
      (ws) => Effect.sync(() => ws.terminate())
    )
    ws.on("error", () => {})
    ws.on("close", (code) => Deferred.doneUnsafe(closed, Effect.succeed(code)))
    return yield* Effect.callback<Answer>((resume) => {
      const answer = (status: number, headers: IncomingHttpHeaders, text: string) =>
        resume(
          Effect.succeed({
            status,
            headers,
            text,
            protocol: ws.protocol,
            send: (message) => ws.send(JSON.stringify(message)),
            close: Effect.andThen(
              Effect.sync(() => ws.close()),
              Effect.asVoid(Deferred.await(closed))
            ),
            closed: Deferred.await(closed)
          })
        )
      let headers: IncomingHttpHeaders = {}
      ws.on("upgrade", (response) => void (headers = response.headers))
      ws.on("open", () => answer(101, headers, ""))
      ws.on("unexpected-response", (_request, response) => {
        text(response).then(
          (body) => answer(response.statusCode ?? 0, response.headers, body),
          () => {}
        )
      })
    })
  })

/** A request of the RPC wire. */
export const request = (id: number, tag: string, payload: unknown) => ({
  _tag: "Request",
  id,
  tag,
  payload,
  headers: []
})
