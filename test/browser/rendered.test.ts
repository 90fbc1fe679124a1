/** The page of examples/ssr in a real browser: it shows what is mounted before any script has run, and continues just that. */
import { join } from "node:path"
import { NodeServices } from "@effect/platform-node"
import { assert, layer } from "@effect/vitest"
import { Context, Effect, Layer, Logger, Metric } from "effect"
import { HttpServer } from "effect/http"
import { Secrets } from "fibra/server"
import type { Page } from "playwright-core"
import * as Site from "../../examples/ssr/Site.tsx"
import * as LiveMetrics from "../../src/server/LiveMetrics.ts"
import { findings } from "../support/axe.ts"
import { builtPage } from "../support/builtPage.ts"
import { Chromium } from "../support/Chromium.ts"
import { root } from "../support/workspace.ts"

/** Where the site is. */
class Url extends Context.Service<Url, string>()("test/browser/SsrUrl") {
  static readonly layer = Layer.effect(
    Url,
    HttpServer.HttpServer.use(({ address }) =>
      Effect.succeed(`http://127.0.0.1:${"port" in address ? address.port : ""}/`)
    )
  )
}

/** The script of the page, built once, with all that React complains about, and the site in this process. */
const site = Layer.unwrap(
  Effect.gen(function* () {
    const outDir = yield* builtPage(join(root, "examples/ssr"))
    return Url.layer.pipe(
      Layer.provide(Site.layer(outDir, { port: 0, host: "127.0.0.1" })),
      Layer.provide([Secrets.layerRandom, NodeServices.layer, Logger.layer([])])
    )
  })
)

const started = (component: string) =>
  Effect.map(Metric.value(Metric.withAttributes(LiveMetrics.ofComponent.started, { component })), ({ count }) => count)

const count = (page: Page) => page.getByLabel("Count")

const synced = (page: Page) =>
  Effect.promise(() => page.waitForFunction(() => document.querySelector("[role=status]")?.textContent === ""))

const counts = (page: Page, text: string) =>
  Effect.promise(() =>
    count(page)
      .filter({ hasText: new RegExp(`^${text}$`) })
      .waitFor()
  )

layer(Layer.merge(site, Chromium.layer), { excludeTestServices: true, timeout: 120_000 })("a rendered page", (it) => {
  it.effect(
    "a rendered page shows the state of its instances without any script",
    () =>
      Effect.gen(function* () {
        const { page: other } = yield* Chromium.open(yield* Url)
        yield* synced(other)
        const before = Number(yield* Effect.promise(() => count(other).textContent()))
        yield* Effect.promise(() => other.getByRole("button", { name: "+1" }).click())
        yield* counts(other, String(before + 1))
        const { complaints, page } = yield* Chromium.open(yield* Url, { javaScriptEnabled: false })
        assert.strictEqual(yield* Effect.promise(() => count(page).textContent()), String(before + 1))
        assert.deepStrictEqual(complaints, [])
      }).pipe(Effect.scoped),
    120_000
  )

  it.effect(
    "a rendered page takes up what is mounted, never shows anything else, and mounts nothing again",
    () =>
      Effect.gen(function* () {
        const before = yield* started("Clock")
        const { page: other } = yield* Chromium.open(yield* Url, { javaScriptEnabled: false })
        const counted = Number(yield* Effect.promise(() => count(other).textContent()))
        const { complaints, page } = yield* Chromium.open("about:blank")
        const sent: Array<string> = []
        page.on("websocket", (socket) => socket.on("framesent", ({ payload }) => sent.push(String(payload))))
        yield* Effect.promise(async () => {
          // Each text that the count has had, from the first on.
          await page.addInitScript(() => {
            const shown: Array<string> = []
            Object.assign(globalThis, { shown })
            new MutationObserver(() => {
              const text = document.querySelector("output")?.textContent ?? undefined
              if (text !== undefined && text !== shown.at(-1)) shown.push(text)
            }).observe(document, { subtree: true, childList: true, characterData: true })
          })
        })
        const url = yield* Url
        yield* Effect.promise(() => page.goto(url))
        yield* synced(page)
        // The clock is this page's own, and goes on.
        yield* Effect.promise(() => page.getByText(/: \d\d:\d\d:\d\d$/).waitFor())
        yield* Effect.promise(() => page.getByRole("button", { name: "+1" }).click())
        yield* counts(page, String(counted + 1))
        const shown = yield* Effect.promise(() => page.evaluate(() => Reflect.get(globalThis, "shown") as unknown))
        assert.deepStrictEqual(shown, [String(counted), String(counted + 1)])
        assert.deepStrictEqual(complaints, [])
        assert.strictEqual(yield* started("Clock"), before + 2, "one for each of the two pages")
        assert.deepStrictEqual(
          ["Connect", "Mount", "Rehydrate"].map((tag) => sent.filter((text) => text.includes(`"tag":"${tag}"`)).length),
          [1, 0, 0]
        )
      }).pipe(Effect.scoped),
    120_000
  )

  it.effect(
    "axe finds nothing on a rendered page, in either theme",
    () =>
      Effect.gen(function* () {
        const { page } = yield* Chromium.open(yield* Url)
        yield* synced(page)
        for (const colorScheme of ["light", "dark"] as const) {
          yield* Effect.promise(() => page.emulateMedia({ colorScheme }))
          assert.deepStrictEqual(yield* findings(page), [], colorScheme)
        }
      }).pipe(Effect.scoped),
    120_000
  )
})
