// @vitest-environment happy-dom
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Schema } from "effect"
import { Component, LiveError } from "fibra"
import type { ComponentSnapshot, ConnectionStatus } from "fibra/client"
import { type ComponentStatus, type LiveComponent, LiveStatus, useComponent } from "fibra/react"
import { LiveTest } from "fibra/testing"
import { initial } from "../../src/client/ComponentSnapshot.ts"
import { statusOf } from "../../src/store/ComponentStatus.ts"
import { Lab } from "../support/Lab.ts"
import { onPage, onPageOf, Page } from "../support/page.tsx"

describe("the status of a component", () => {
  const component = initial(Lab, { start: 0 })
  const mounted = { ...component, connected: true, status: "running", activation: "mounted" } as const
  const lost = { ...mounted, connected: false }
  const failed = (reason: LiveError.LiveError["reason"]) => ({
    ...component,
    error: new LiveError.LiveError({ reason })
  })
  const away = (kind?: "unauthorized") =>
    failed(new LiveError.Disconnected({ detail: "", ...(kind === undefined ? {} : { connection: { kind } }) }))
  const cases: ReadonlyArray<
    readonly [what: string, view: ComponentSnapshot<unknown>, connection: ConnectionStatus, status: ComponentStatus]
  > = [
    ["before there is a connection", component, "connecting", "connecting"],
    ["before there is a connection again", component, "reconnecting", "connecting"],
    ["that is being mounted", component, "connected", "mounting"],
    ["that is mounted", mounted, "connected", "synced"],
    ["whose connection is lost", lost, "reconnecting", "reconnecting"],
    ["whose connection is back", lost, "connected", "loading"],
    ["that has crashed", { ...mounted, status: "restarting" }, "connected", "restarting"],
    ["that has crashed too often", { ...mounted, status: "faulted" }, "connected", "faulted"],
    ["that was faulted when its connection was lost", { ...lost, status: "faulted" }, "reconnecting", "reconnecting"],
    ["whose instance has ended", { ...mounted, status: "stopped" }, "connected", "stopped"],
    ["of an older version", { ...component, status: "outdated" }, "connected", "outdated"],
    ["that the server refuses", failed(new LiveError.UnknownComponent({ component: "Lab" })), "connected", "error"],
    ["without a connection for too long", away(), "connecting", "disconnected"],
    ["that the server does not answer", away(), "connected", "error"],
    ["of somebody who is to sign in", away("unauthorized"), "unauthorized", "unauthorized"]
  ]
  it.each(cases)("a component %s has a status of its own", (_, view, connection, status) => {
    assert.strictEqual(statusOf(view, connection), status)
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
      assert.strictEqual(status.outerHTML, `<span role="status" class="s" data-live="synced"></span>`)
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
