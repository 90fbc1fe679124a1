// @vitest-environment happy-dom
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { LiveProvider, LiveStatus, useComponent, useEvent } from "fibra/react"
import { LiveTest } from "fibra/testing"
import { act, StrictMode } from "react"
import { hydrateRoot } from "react-dom/client"
import { renderToString } from "react-dom/server"
import { Gate, Lab } from "../support/Lab.ts"
import { onPage, Page } from "../support/page.tsx"

const ComponentSnapshot = () => {
  const lab = useComponent(Lab, { props: { start: 3 } })
  useEvent(lab, "Announced", () => {})
  return (
    <p>
      {lab.state.count} <LiveStatus of={lab} />
    </p>
  )
}

it.effect("a page that a server has rendered shows the initial state, mounts nothing, and is hydrated as it is", () =>
  onPage(
    Effect.gen(function* () {
      const live = yield* LiveTest
      const { drawn } = yield* Page
      const gate = yield* Gate
      // Without a `location`, as on a server: where the socket is matters only when one is opened.
      const html = renderToString(
        <LiveProvider>
          <ComponentSnapshot />
        </LiveProvider>
      )
      assert.strictEqual(html, `<p>3<!-- --> <span role="status" data-live="connecting">Connecting …</span></p>`)
      assert.strictEqual(gate.built, 0)
      const element = document.createElement("div")
      element.innerHTML = html
      const complaints: Array<unknown> = []
      const app = (
        <StrictMode>
          <LiveProvider client={live.client}>
            <ComponentSnapshot />
          </LiveProvider>
        </StrictMode>
      )
      const root = yield* Effect.promise(() =>
        act(() => hydrateRoot(element, app, { onRecoverableError: (error) => complaints.push(error) }))
      )
      yield* drawn(live.settle)
      assert.strictEqual(element.innerHTML, `<p>3<!-- --> <span role="status" data-live="synced"></span></p>`)
      assert.deepStrictEqual([complaints, gate.built], [[], 1])
      yield* drawn(Effect.sync(() => root.unmount()))
      assert.strictEqual((yield* live.open).instances, 0)
    })
  )
)
