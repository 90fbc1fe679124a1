/** What a client says of a handshake that was refused, and whether it tries again. */
import { afterEach, assert, beforeEach, describe, it, vi } from "@effect/vitest"
import { Effect, Fiber, Logger } from "effect"
import { TestClock } from "effect/testing"
import { Ticker } from "../support/Lab.ts"
import { client, type ScriptedSocket, settle, soon } from "../support/ScriptedSockets.ts"
import { warnings } from "../support/warnings.ts"

const url = "ws://live.test/api/live/rpc?secret=1"
const place = "ws://live.test/api/live/rpc"

/** The test clock complains of slow machines. */
const isOurs = (entry: unknown): boolean => String(entry).startsWith("There is no connection")

type Respond = () => Response

const nobody: Respond = () => {
  throw new TypeError("fetch failed")
}
const answer =
  (status: number, message = ""): Respond =>
  () =>
    new Response(status === 204 ? null : `${message}\n`, {
      status,
      headers: { "content-type": "text/plain; charset=utf-8" }
    })

/** What a GET is answered with. */
let respond = nobody
let asked: Array<string> = []

beforeEach(() => {
  respond = nobody
  asked = []
  vi.stubGlobal(
    "fetch",
    async (address: string, { headers = {} }: { readonly headers?: Record<string, string> } = {}) => {
      asked.push(`${address} ${headers["authorization"] ?? ""}`.trim())
      return respond()
    }
  )
})
afterEach(() => void vi.unstubAllGlobals())

const passing = (time: "1 second" | "1 minute" | "1 hour") =>
  settle.pipe(Effect.andThen(TestClock.adjust(time)), Effect.andThen(settle))

const accept = (socket: ScriptedSocket) => soon(() => socket.accept())
const refuse = (socket: ScriptedSocket) => soon(() => socket.refuse())

const cases: ReadonlyArray<
  readonly [what: string, respond: Respond, told: object, message: string, status?: "unauthorized"]
> = [
  ["nobody answers", nobody, { kind: "unreachable" }, `nothing answers at ${place}`],
  [
    "it is answered with 401",
    answer(401, "Sign in."),
    { kind: "unauthorized", status: 401, text: "Sign in." },
    "it asks to sign in",
    "unauthorized"
  ],
  [
    "it is answered with 403",
    answer(403, "Pages of http://a.test are not allowed to connect."),
    { kind: "refused", status: 403 },
    "it was refused with 403: Pages of http://a.test are not allowed to connect"
  ],
  ["it is answered with 404", answer(404), { kind: "notFound", status: 404 }, `there is no ${place}`],
  ["it is answered with a page", answer(200, "<html>"), { kind: "notFound", status: 200 }, `there is no ${place}`],
  [
    "it is answered with 426, again and again",
    answer(426),
    { kind: "noUpgrade", status: 426 },
    `${place} answers, but no WebSocket gets through`
  ],
  [
    "it is answered with 429",
    answer(429, "Too many."),
    { kind: "refused", status: 429 },
    "it was refused with 429: Too many"
  ],
  [
    "it is answered with 503",
    answer(503, "The server is restarting."),
    { kind: "refused", status: 503 },
    "it was refused with 503: The server is restarting"
  ]
]

describe("a handshake that fails", () => {
  for (const [what, response, told, message, status = "connecting"] of cases) {
    it.effect(
      `a handshake that fails because ${what} says so, once in the log, and is made again if that makes sense`,
      () =>
        Effect.gen(function* () {
          const log: Array<unknown> = []
          respond = response
          const { live, made } = yield* Effect.provide(
            client({ url, token: "t" }, (socket) => (respond === response ? refuse(socket) : accept(socket))),
            Logger.layer([warnings(log)])
          )
          yield* passing("1 second")
          yield* passing("1 minute")
          const { failure, since, status: seen } = yield* live.connection
          assert.deepInclude(failure, { url: place, ...told })
          assert.deepStrictEqual([seen, since], [status, 0])
          assert.deepStrictEqual(log.filter(isOurs), [`There is no connection to the server: ${message}`])
          assert.strictEqual(asked[0], "http://live.test/api/live/rpc?secret=1 Bearer t")
          const waiting = yield* Effect.forkChild(Effect.flip(live.mount(Ticker, {})), { startImmediately: true })
          yield* passing("1 minute")
          const error = yield* Fiber.join(waiting)
          assert.include(error.message, message)
          assert.deepNestedInclude(error, {
            "reason._tag": "Disconnected",
            "reason.since": 0,
            "reason.connection": failure
          })
          // It can be mended.
          respond = answer(204)
          const before = made.length
          yield* passing("1 hour")
          const isFinal = status === "unauthorized"
          assert.deepStrictEqual(
            [(yield* live.connection).status, made.length > before],
            isFinal ? [status, false] : ["connected", true]
          )
        }).pipe(Effect.scoped)
    )
  }

  it.effect("a handshake that fails is told as what it is where a WebSocket says the status itself", () =>
    Effect.gen(function* () {
      const { live } = yield* client({ url, probe: false }, (socket) =>
        soon(() => {
          socket.dispatchEvent(Object.assign(new Event("error"), { message: "Unexpected server response: 403" }))
        })
      )
      yield* settle
      assert.deepStrictEqual((yield* live.connection).failure, { kind: "refused", url: place, status: 403 })
      assert.deepStrictEqual(asked, [])
    }).pipe(Effect.scoped, Effect.provide(Logger.layer([])))
  )

  it.effect("a handshake without an answer is given up, and told", () =>
    Effect.gen(function* () {
      const { live, made } = yield* client({ url }, (socket, index) => (index < 2 ? undefined : accept(socket)))
      yield* settle
      yield* passing("1 minute")
      assert.strictEqual(made.length, 3)
      assert.strictEqual((yield* live.connection).status, "connected")
    }).pipe(Effect.scoped, Effect.provide(Logger.layer([])))
  )
})

describe("a connection that ends", () => {
  it.effect("a connection that ends is told with its code and text, and since when; one that comes back is not", () =>
    Effect.gen(function* () {
      const { live, made } = yield* client({ url, backoff: "1 hour", maxBackoff: "1 hour" }, (socket, index) => {
        if (index === 0) accept(socket)
      })
      yield* settle
      assert.deepStrictEqual(yield* live.connection, { status: "connected", since: 0, failure: undefined })
      yield* passing("1 second")
      made[0]?.end(1008, "Too many messages")
      yield* settle
      const { failure, since, status } = yield* live.connection
      assert.deepStrictEqual([status, since], ["reconnecting", 1000])
      assert.deepStrictEqual(failure, { kind: "closed", url: place, code: 1008, text: "Too many messages" })
      assert.strictEqual(
        (yield* Effect.flip(live.ping)).message,
        "No connection to the server: it was closed with 1008: Too many messages."
      )
    }).pipe(Effect.scoped, Effect.provide(Logger.layer([])))
  )

  it.effect("nothing was lost for a client that never was connected", () =>
    Effect.gen(function* () {
      const { live } = yield* client({ url }, refuse)
      yield* settle
      const error = yield* Effect.flip(live.ping)
      assert.strictEqual(error.message, `No connection to the server: nothing answers at ${place}.`)
    }).pipe(Effect.scoped, Effect.provide(Logger.layer([])))
  )
})
