// @vitest-environment happy-dom
import { afterEach, assert, beforeEach, describe, it, vi } from "@effect/vitest"
import { Effect } from "effect"
import { LiveProvider, useComponent, useConnection } from "fibra/react"
import { act, type ReactNode, StrictMode } from "react"
import { createRoot } from "react-dom/client"
import { Ticker } from "../support/Lab.ts"
import { SilentSocket } from "../support/SilentSocket.ts"

Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: true })

/** Longer than it takes to connect, or to let go. */
const settle = Effect.yieldNow.pipe(Effect.repeat({ times: 20 }))

const ComponentSnapshot = () => <p>{useComponent(Ticker).status}</p>

const makePage = () => {
  const root = createRoot(document.createElement("div"))
  // React runs effects when an `act` ends.
  const drawn = (change: () => void) =>
    Effect.andThen(
      Effect.promise(() => act(async () => change())),
      Effect.promise(() => act(() => Effect.runPromise(settle)))
    )
  return {
    render: (view: ReactNode) => drawn(() => root.render(<StrictMode>{view}</StrictMode>)),
    act: drawn,
    leave: drawn(() => root.unmount())
  }
}

const sockets = () => SilentSocket.all.map(({ closed, url }) => (closed ? `closed ${url}` : url))

describe("LiveProvider", () => {
  beforeEach(() => {
    SilentSocket.all = []
    vi.stubGlobal("WebSocket", SilentSocket)
    // Asked why a handshake has failed.
    vi.stubGlobal("fetch", async () => new Response(null, { status: 401 }))
  })
  afterEach(() => vi.unstubAllGlobals())

  it.effect("a LiveProvider has one connection, to the host of the page, until the page is left", () =>
    Effect.gen(function* () {
      const page = makePage()
      const views = (
        <LiveProvider>
          <ComponentSnapshot />
          <ComponentSnapshot />
        </LiveProvider>
      )
      yield* page.render(views)
      assert.deepStrictEqual(sockets(), [`ws://${location.host}/api/live/rpc`])
      yield* page.render(views)
      assert.strictEqual(sockets().length, 1)
      yield* page.leave
      assert.deepStrictEqual(sockets(), [`closed ws://${location.host}/api/live/rpc`])
    })
  )

  it.effect("a LiveProvider connects before anything is mounted, and stays connected afterwards", () =>
    Effect.gen(function* () {
      const page = makePage()
      const url = "ws://live.test/rpc"
      yield* page.render(<LiveProvider url={url} />)
      assert.deepStrictEqual(sockets(), [url])
      yield* page.render(
        <LiveProvider url={url}>
          <ComponentSnapshot />
        </LiveProvider>
      )
      yield* page.render(<LiveProvider url={url} />)
      assert.deepStrictEqual(sockets(), [url])
      yield* page.leave
    })
  )

  it.effect("a LiveProvider moves to another address with everything below it", () =>
    Effect.gen(function* () {
      const page = makePage()
      const at = (url: string) => (
        <LiveProvider url={url}>
          <ComponentSnapshot />
        </LiveProvider>
      )
      yield* page.render(at("ws://one.test/rpc"))
      yield* page.render(at("ws://two.test/rpc"))
      assert.deepStrictEqual(sockets(), ["closed ws://one.test/rpc", "ws://two.test/rpc"])
      yield* page.leave
    })
  )

  it.effect("two LiveProviders side by side have a connection each", () =>
    Effect.gen(function* () {
      const page = makePage()
      const url = "ws://live.test/rpc"
      yield* page.render(
        <>
          <LiveProvider url={url} />
          <LiveProvider url={url} />
        </>
      )
      assert.deepStrictEqual(sockets(), [url, url])
      yield* page.leave
    })
  )

  it.effect(
    "a LiveProvider connects anew with another token, and what is below it stays and knows who is signed out",
    () =>
      Effect.gen(function* () {
        const page = makePage()
        const seen: Array<string> = []
        const mounts = new Set<unknown>()
        const View = () => {
          const { failure, status } = useConnection()
          const ticker = useComponent(Ticker)
          mounts.add(ticker.call)
          seen.push([status, failure?.code ?? "", ticker.status].join(" "))
          return null
        }
        const called: Array<string> = []
        const as = (token: string | undefined) => (
          <LiveProvider
            url="ws://live.test/rpc"
            token={token}
            onUnauthorized={() => void called.push(`signed out ${token}`)}
          >
            <View />
          </LiveProvider>
        )
        const tokens = () => SilentSocket.all.map(({ closed, token }) => `${closed ? "closed " : ""}${token}`)
        yield* page.render(as("one"))
        yield* page.act(() => SilentSocket.all.at(-1)?.accept())
        yield* page.render(as("one"))
        assert.deepStrictEqual(tokens(), ["bearer.one"])
        yield* page.act(() => SilentSocket.all.at(-1)?.end(4003))
        assert.strictEqual(seen.at(-1), "unauthorized 4003 unauthorized")
        assert.deepStrictEqual(called, ["signed out one"])
        yield* page.render(as(undefined))
        yield* page.act(() => SilentSocket.all.at(-1)?.end(1006))
        assert.strictEqual(seen.at(-1), "unauthorized  unauthorized")
        assert.deepStrictEqual(called, ["signed out one", "signed out undefined"])
        yield* page.render(as("two"))
        yield* page.act(() => SilentSocket.all.at(-1)?.accept())
        assert.deepStrictEqual(tokens(), ["closed bearer.one", "closed undefined", "bearer.two"])
        assert.match(seen.at(-1) ?? "", /^connected {2}/)
        assert.strictEqual(mounts.size, 1)
        yield* page.leave
      })
  )

  it.effect("a LiveProvider whose token is an effect does not connect anew when it is drawn again", () =>
    Effect.gen(function* () {
      const page = makePage()
      const draw = () => <LiveProvider url="ws://live.test/rpc" token={Effect.succeed("fresh")} />
      yield* page.render(draw())
      yield* page.render(draw())
      assert.deepStrictEqual(
        SilentSocket.all.map(({ token }) => token),
        ["bearer.fresh"]
      )
      yield* page.leave
    })
  )
})
