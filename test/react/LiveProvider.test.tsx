// @vitest-environment happy-dom
import { afterEach, assert, beforeEach, describe, it, vi } from "@effect/vitest"
import { Effect } from "effect"
import { LiveProvider, useComponent } from "fibra/react"
import { act, type ReactNode, StrictMode } from "react"
import { createRoot } from "react-dom/client"
import { Ticker } from "../support/Lab.ts"

Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: true })

/** A socket that connects to nothing. */
class SilentSocket extends EventTarget {
  static all: Array<SilentSocket> = []
  readonly readyState = 0
  readonly url: string
  closed = false

  constructor(url: string) {
    super()
    this.url = url
    SilentSocket.all.push(this)
  }

  send() {}

  close() {
    this.closed = true
  }
}

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
    leave: drawn(() => root.unmount())
  }
}

const sockets = () => SilentSocket.all.map(({ closed, url }) => (closed ? `closed ${url}` : url))

describe("LiveProvider", () => {
  beforeEach(() => {
    SilentSocket.all = []
    vi.stubGlobal("WebSocket", SilentSocket)
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
})
