// @vitest-environment happy-dom
/** The connection of a page without a framework. */
import { afterEach, assert, beforeEach, describe, it, vi } from "@effect/vitest"
import { Effect } from "effect"
import { LiveStore } from "fibra/store"
import { Ticker } from "../support/Lab.ts"
import { SilentSocket } from "../support/SilentSocket.ts"

/** Longer than it takes to connect, or to let go. */
const settle = Effect.yieldNow.pipe(Effect.repeat({ times: 20 }))

const url = "ws://live.test/rpc"
const sockets = () => SilentSocket.all.map(({ closed, token }) => `${closed ? "closed " : ""}${token}`)

describe("a page", () => {
  beforeEach(() => {
    SilentSocket.all = []
    vi.stubGlobal("WebSocket", SilentSocket)
    // Asked why a handshake has failed.
    vi.stubGlobal("fetch", async () => new Response(null, { status: 401 }))
  })
  afterEach(() => vi.unstubAllGlobals())

  it.effect(
    "a page connects with its first listener, and stays connected between its components until it is closed",
    () =>
      Effect.gen(function* () {
        const page = LiveStore.connect({ url, token: "one" })
        const ticker = page.component(Ticker)
        yield* settle
        assert.deepStrictEqual(sockets(), [])
        for (let times = 0; times < 2; times++) {
          const stop = ticker.subscribe(() => {})
          yield* settle
          stop()
          yield* settle
        }
        assert.deepStrictEqual(sockets(), ["bearer.one"])
        const stop = page.connection.subscribe(() => {})
        page.close()
        yield* settle
        assert.deepStrictEqual(sockets(), ["bearer.one"])
        stop()
        yield* settle
        assert.deepStrictEqual(sockets(), ["closed bearer.one"])
        const again = ticker.subscribe(() => {})
        yield* settle
        assert.deepStrictEqual(sockets(), ["closed bearer.one", "bearer.one"])
        again()
        page.close()
        yield* settle
      })
  )

  it.effect("a page connects to its own host, where nothing else is said", () =>
    Effect.gen(function* () {
      const page = LiveStore.connect()
      const stop = page.connection.subscribe(() => {})
      yield* settle
      assert.deepStrictEqual(
        SilentSocket.all.map(({ url }) => url),
        [`ws://${location.host}/api/live/rpc`]
      )
      stop()
      page.close()
      yield* settle
    })
  )

  it.effect("a page connects anew with another token, and is told when the server asks to sign in", () =>
    Effect.gen(function* () {
      let asked = 0
      const page = LiveStore.connect({ url, token: "none", onUnauthorized: () => void asked++ })
      // Nothing has connected yet, so nothing connects anew.
      page.setToken("one")
      yield* settle
      assert.deepStrictEqual(sockets(), [])
      const ticker = page.component(Ticker)
      const stop = ticker.subscribe(() => {})
      yield* settle
      SilentSocket.all.at(-1)?.accept()
      yield* settle
      SilentSocket.all.at(-1)?.end(4003)
      yield* settle
      assert.strictEqual(asked, 1)
      assert.strictEqual(page.connection.getSnapshot().status, "unauthorized")
      assert.strictEqual(ticker.getSnapshot().status, "unauthorized")
      page.setToken("two")
      yield* settle
      page.setToken("two")
      yield* settle
      assert.deepStrictEqual(sockets(), ["closed bearer.one", "bearer.two"])
      stop()
      page.close()
      yield* settle
    })
  )
})
