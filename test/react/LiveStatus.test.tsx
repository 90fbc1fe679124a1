// @vitest-environment happy-dom
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Schema } from "effect"
import { Component } from "fibra"
import { liveness, type LiveComponent, LiveStatus, useComponent } from "fibra/react"
import { LiveTest } from "fibra/testing"
import { Lab } from "../support/Lab.ts"
import { onPage, onPageOf, Page } from "../support/page.tsx"

describe("what a component is like", () => {
  const cases: ReadonlyArray<[connected: boolean, status: LiveComponent<typeof Lab>["status"], word: string]> = [
    [false, "mounting", "connecting"],
    [true, "running", "live"],
    [false, "running", "offline"],
    [false, "faulted", "offline"],
    [false, "refused", "refused"],
    [false, "outdated", "outdated"],
    [true, "restarting", "restarting"],
    [true, "faulted", "faulted"],
    [true, "stopped", "stopped"]
  ]
  it.each(cases)("a component that is connected %s and %s has the status %s", (connected, status, word) => {
    assert.strictEqual(liveness({ connected, status }), word)
  })
})

it.effect("a live region is on the page before there is something to say, and empty while all is well", () =>
  onPage(
    Effect.gen(function* () {
      const page = yield* Page
      const live = yield* LiveTest
      const ComponentSnapshot = () => (
        <LiveStatus
          of={useComponent(Lab, { props: { start: 0 } })}
          text={{ connecting: "Ein Moment …" }}
          className="s"
        />
      )
      yield* live.disconnect
      yield* page.render(<ComponentSnapshot />)
      const status = page.element.children[0] as HTMLElement
      assert.strictEqual(status.textContent, "Ein Moment …")
      yield* page.drawn(live.reconnect)
      assert.strictEqual(status.outerHTML, `<span role="status" class="s" data-live="live"></span>`)
      yield* page.drawn(live.disconnect)
      assert.strictEqual(status.textContent, "Offline. Connecting again …")
    })
  )
)

class Earlier extends Component.Service<Earlier>()("Board", {
  version: 1,
  state: { cards: Schema.Int },
  initial: () => ({ cards: 0 })
}) {}

class Later extends Component.Service<Later>()("Board", {
  version: 2,
  state: { cards: Schema.Array(Schema.String) },
  initial: () => ({ cards: [] })
}) {}

const later = LiveTest.layer({ components: [Later] }).pipe(Layer.provide(Later.toLayer({})))

it.effect("a page whose server has a later version of the contract says that it is to be reloaded", () =>
  onPageOf(
    later,
    Effect.gen(function* () {
      const page = yield* Page
      const seen: Array<LiveComponent<typeof Earlier>> = []
      const ComponentSnapshot = () => {
        const board = useComponent(Earlier)
        seen.push(board)
        return (
          <p>
            {board.state.cards} <LiveStatus of={board} />
          </p>
        )
      }
      yield* page.render(<ComponentSnapshot />)
      assert.strictEqual(page.text(), "0 There is a new version. Reload the page.")
      const board = seen.at(-1)
      assert.deepInclude(board, { connected: false, status: "outdated" })
      assert.include(String(board?.error?.message), "version 1")
      assert.strictEqual((yield* page.leave).instances, 0)
    })
  )
)
