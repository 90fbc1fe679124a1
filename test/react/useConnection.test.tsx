// @vitest-environment happy-dom
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { type LiveConnection, useConnection } from "fibra/react"
import { LiveTest } from "fibra/testing"
import { renderToString } from "react-dom/server"
import { LiveProvider } from "fibra/react"
import { ConnectionBanner } from "../examples/ConnectionBanner.tsx"
import { onPage, Page } from "../support/page.tsx"

const view = () => {
  const seen: Array<LiveConnection> = []
  const View = () => {
    seen.push(useConnection())
    return null
  }
  return { seen, View, last: () => seen.at(-1) as LiveConnection }
}

describe("useConnection", () => {
  it.effect("a page knows the status of its connection, since when, and how long the server takes to answer", () =>
    onPage(
      Effect.gen(function* () {
        const { drawn, render } = yield* Page
        const live = yield* LiveTest
        const { last, seen, View } = view()
        yield* TestClock.setTime(1000)
        yield* drawn(live.disconnect)
        yield* render(<View />)
        assert.deepInclude(seen[0], { status: "connecting", since: undefined, latency: undefined, retryAt: undefined })
        assert.deepInclude(last(), { status: "reconnecting", since: 1000, latency: undefined })
        yield* TestClock.setTime(5000)
        yield* drawn(live.reconnect)
        assert.deepInclude(last(), { status: "connected", since: 5000, latency: 0, failure: undefined })
      })
    )
  )

  it.effect("a banner is there while there is no connection, and its button connects at once", () =>
    onPage(
      Effect.gen(function* () {
        const { drawn, element, render, text } = yield* Page
        const live = yield* LiveTest
        yield* render(<ConnectionBanner />)
        assert.strictEqual(text(), "")
        yield* drawn(live.disconnect)
        assert.match(text(), /^No connection since .*Try now$/)
        yield* drawn(Effect.sync(() => element.querySelector("button")?.click()))
        assert.strictEqual(text(), "")
      })
    )
  )

  it.effect("a page whose connection is fine draws nothing when somebody retries", () =>
    onPage(
      Effect.gen(function* () {
        const { drawn, render } = yield* Page
        const { last, seen, View } = view()
        yield* render(<View />)
        const [before, { retry }] = [seen.length, last()]
        assert.strictEqual(last().status, "connected")
        yield* drawn(Effect.sync(retry))
        assert.strictEqual(seen.length, before)
      })
    )
  )

  it("a page that a server renders knows nothing of its connection yet", () => {
    const html = renderToString(
      <LiveProvider>
        <ConnectionBanner />
      </LiveProvider>
    )
    assert.strictEqual(html, "")
  })
})
