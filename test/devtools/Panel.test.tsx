// @vitest-environment happy-dom
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import * as devtools from "fibra/devtools"
import { type DevtoolsOptions, LiveDevtools } from "fibra/devtools"
import { showDevtools } from "fibra/devtools/store"
import { useComponent } from "fibra/react"
import { LiveStore } from "fibra/store"
import { LiveTest } from "fibra/testing"
import { addressOf } from "../../src/devtools/Devtools.ts"
import { Inspector } from "../../src/devtools/Inspector.ts"
import { Panel } from "../../src/devtools/Panel.ts"
import * as production from "../../src/devtools/production.ts"
import { Lab } from "../support/Lab.ts"
import { onPage, onPageOf, Page } from "../support/page.tsx"
import { drawer, props, secrets, Vault, VaultLayer } from "../support/Vault.ts"

const hosts = () => [...document.body.children].flatMap(({ shadowRoot }) => shadowRoot ?? [])
const button = (root: ShadowRoot, text: string) =>
  [...root.querySelectorAll("button")].find(({ textContent }) => textContent === text)

const View = () => <p>{useComponent(Lab, { props: { start: 3 } }).state.count}</p>

describe("LiveDevtools", () => {
  it.effect("is on the page once, also in StrictMode, and leaves with the page", () =>
    onPage(
      Effect.gen(function* () {
        const page = yield* Page
        yield* page.render(
          <>
            <View />
            <LiveDevtools />
          </>
        )
        assert.lengthOf(hosts(), 1)
        const [root] = hosts()
        yield* page.drawn(Effect.sync(() => root && button(root, "fibra")?.click()))
        assert.include(root?.textContent, "Lab · synced")
        // It is not between a client and a link that has no sockets.
        assert.include(root?.textContent, "no sockets to simulate")
        yield* page.leave
        assert.lengthOf(hosts(), 0)
        assert.deepStrictEqual(yield* page.instances, 0)
      })
    )
  )

  it.effect("shows no secret of a component", () =>
    onPageOf(
      LiveTest.layer({ components: [Vault] }).pipe(Layer.provide(VaultLayer)),
      Effect.gen(function* () {
        const page = yield* Page
        const VaultView = () => {
          const { call, state } = useComponent(Vault, { props })
          return <button onClick={() => call.Store(drawer)}>{state.drawers.length}</button>
        }
        yield* page.render(
          <>
            <VaultView />
            <LiveDevtools />
          </>
        )
        yield* page.drawn(Effect.sync(() => page.element.querySelector("button")?.click()))
        assert.strictEqual(page.text(), "1")
        const [root] = hosts()
        yield* page.drawn(
          Effect.sync(() => {
            if (root !== undefined) button(root, "fibra")?.click()
            const details = root?.querySelector("details")
            if (!details) return
            details.open = true
            details.dispatchEvent(new Event("toggle"))
          })
        )
        const text = String(hosts()[0]?.textContent)
        assert.include(text, '"label": "top"')
        assert.include(text, "[redacted]")
        for (const secret of secrets) assert.notInclude(text, secret)
      })
    )
  )

  it.effect("is on a page without React until it is taken away, with what that page mounts later", () =>
    onPage(
      Effect.gen(function* () {
        const live = yield* LiveTest
        const page = LiveStore.connect({ client: live.client })
        const hide = showDevtools(page)
        yield* live.settle
        const [root] = hosts()
        if (root === undefined) return assert.fail("There is no panel.")
        button(root, "fibra")?.click()
        assert.include(root.textContent, "connected")
        const unmount = page.component(Lab, { props: { start: 3 } }).subscribe(() => {})
        yield* live.settle
        button(root, "Components")?.click()
        assert.include(root.textContent, "Lab · synced")
        unmount()
        hide()
        assert.lengthOf(hosts(), 0)
      })
    )
  )

  it("has the same names in production, and shows nothing there", () => {
    const same: { readonly LiveDevtools: (options: DevtoolsOptions) => null } = production
    assert.isNull(same.LiveDevtools({}))
    const also: typeof showDevtools = production.showDevtools
    also(LiveStore.connect())()
    assert.deepStrictEqual(Object.keys(production).toSorted(), [...Object.keys(devtools), "showDevtools"])
  })
})

describe("the panel", () => {
  it.effect("draws a few times a second, however many messages there are, and not at all while it is closed", () =>
    onPage(
      Effect.gen(function* () {
        const { client } = yield* LiveTest
        let now = 0
        let timer: { readonly at: number; readonly ring: () => void } | undefined
        const time = {
          now: () => now,
          after: (millis: number, ring: () => void) => {
            timer = { at: now + millis, ring }
            return () => void (timer = undefined)
          },
          random: () => 0
        }
        const inspector = new Inspector(client, time, () => panel.changed())
        const noop = () => {}
        const panel: Panel = new Panel({ inspector, time, addressOf: () => undefined, onOpen: noop, onDisturb: noop })
        let drawings = 0
        const draw = panel.draw.bind(panel)
        panel.draw = () => {
          drawings++
          draw()
        }
        const [root] = hosts()
        if (root === undefined) return assert.fail("There is no panel.")
        const second = () => {
          for (let message = 0; message < 1000; message++) {
            const summary = `count = ${message}`
            inspector.messages.add({
              at: now,
              direction: "in",
              kind: "Patched",
              component: "",
              size: 9,
              summary,
              body: 0
            })
            panel.changed()
            now++
            if (timer !== undefined && timer.at <= now) timer.ring()
          }
        }
        second()
        assert.strictEqual(drawings, 0)
        button(root, "fibra")?.click()
        button(root, "Messages")?.click()
        drawings = 0
        second()
        assert.strictEqual(drawings, 5)
        const rows = root.querySelectorAll("tbody tr")
        assert.strictEqual([...rows].filter(({ textContent }) => textContent?.includes("Patched")).length, 200)
        assert.include(rows[199]?.textContent, "count = 999")
        button(root, "Close")?.click()
        drawings = 0
        second()
        assert.deepStrictEqual([drawings, timer], [0, undefined])
        panel.remove()
        assert.lengthOf(hosts(), 0)
      })
    )
  )
})

it("a link leads to the dashboard beside the server, to that of the option, or nowhere", () => {
  const server = "wss://example.org/api/live/rpc"
  assert.strictEqual(addressOf(undefined, server, "a b"), "https://example.org/api/live/dashboard/#/instances/a%20b")
  assert.strictEqual(addressOf("/admin/", server, "a"), "/admin/#/instances/a")
  assert.isUndefined(addressOf(false, server, "a"))
  assert.isUndefined(addressOf(undefined, undefined, "a"))
})
