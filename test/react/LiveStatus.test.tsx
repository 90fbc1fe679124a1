// @vitest-environment happy-dom
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { liveness, type LiveComponent, LiveStatus, useComponent } from "fibra/react"
import { LiveTest } from "fibra/testing"
import { Lab } from "../live/Lab.ts"
import { onPage, Page } from "./page.tsx"

describe("what a component is like", () => {
  const cases: ReadonlyArray<[connected: boolean, status: LiveComponent<typeof Lab>["status"], word: string]> = [
    [false, "mounting", "connecting"],
    [true, "running", "live"],
    [false, "running", "offline"],
    [false, "faulted", "offline"],
    [false, "refused", "refused"],
    [true, "restarting", "restarting"],
    [true, "faulted", "faulted"],
    [true, "stopped", "stopped"]
  ]
  it.each(cases)("connected %s and %s is %s", (connected, status, word) => {
    assert.strictEqual(liveness({ connected, status }), word)
  })
})

it.effect("a live region is on the page before there is something to say, and empty while all is well", () =>
  onPage(
    Effect.gen(function* () {
      const page = yield* Page
      const live = yield* LiveTest
      const View = () => (
        <LiveStatus
          of={useComponent(Lab, { props: { start: 0 } })}
          text={{ connecting: "Ein Moment …" }}
          className="s"
        />
      )
      yield* live.disconnect
      yield* page.render(<View />)
      const status = page.element.children[0] as HTMLElement
      assert.strictEqual(status.textContent, "Ein Moment …")
      yield* page.drawn(live.reconnect)
      assert.strictEqual(status.outerHTML, `<span role="status" class="s" data-live="live"></span>`)
      yield* page.drawn(live.disconnect)
      assert.strictEqual(status.textContent, "Offline. Connecting again …")
    })
  )
)
