/** The dashboard in a browser, of a server under load. With `SCREENSHOTS=docs/dashboard` it leaves a picture of each page. */
import { join } from "node:path"
import { assert, layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import type { Locator, Page } from "playwright-core"
import { findings } from "../support/axe.ts"
import { Chromium } from "../support/Chromium.ts"
import { port } from "../support/MonitoredServer.ts"
import * as WatchedShowcase from "../support/WatchedShowcase.ts"

/** Each page with its heading, and what is on it when it has what it shows. */
const pages: ReadonlyArray<readonly [name: string, path: string, heading: string, shown: (page: Page) => Locator]> = [
  ["overview", "", "Overview", (page) => page.getByText(/^crashes: .* at most; typed errors: .* at most$/)],
  ["components", "components", "Components", (page) => page.getByRole("link", { name: "Patient" })],
  ["instances", "instances?text=bed-1", "Instances", (page) => page.getByText("11 of")],
  ["instance", "instances?text=bed-1", "Instance", (page) => page.getByRole("cell", { name: "note" })],
  ["supervision", "tree", "Supervision", (page) => page.getByRole("link", { name: "Patient" })],
  ["rooms", "rooms", "Rooms", (page) => page.getByRole("cell", { name: "general" })],
  ["connections", "connections", "Connections", (page) => page.getByRole("button", { name: "Drain pool-1" })],
  ["alerts", "alerts", "Alerts", (page) => page.getByText(/Patient takes .* or longer/)],
  ["letters", "letters", "Dead letters", (page) => page.getByRole("cell", { name: "Crash" }).first()]
]

const folder = process.env["SCREENSHOTS"]

const options = (colorScheme: "light" | "dark") => ({
  colorScheme,
  locale: "en-GB",
  timezoneId: "UTC",
  viewport: { width: 1120, height: 560 }
})

/** What is seen of a page on its picture: of many ids less, since they make it large. */
const picture = { x: 0, y: 0, width: 1120 }
const heightOf = (name: string): number => (name === "instances" ? 420 : 560)

const urlOf = (at: number, path: string) => `http://127.0.0.1:${at}/api/live/dashboard/#/${path}`

const waitFor = (locator: Locator) => Effect.promise(() => locator.waitFor())
const heading = (page: Page, name: string) => page.getByRole("heading", { level: 1, name, exact: true })
const isFocused = (locator: Locator) => Effect.promise(() => locator.evaluate((it) => it === document.activeElement))

/** The patient that crashes. */
const ill = (page: Page) =>
  page
    .getByRole("row")
    .filter({ has: page.getByRole("cell", { name: "bed-1", exact: true }) })
    .getByRole("link")

/** Presses Tab until it is there. */
const tabTo = (page: Page, wanted: Locator) =>
  Effect.gen(function* () {
    for (let presses = 0; presses < 120; presses++) {
      yield* Effect.promise(() => page.keyboard.press("Tab"))
      if (yield* isFocused(wanted)) return
    }
    assert.fail("It cannot be reached with the Tab key.")
  })

const press = (page: Page, key: string) => Effect.promise(() => page.keyboard.press(key))

layer(Layer.mergeAll(WatchedShowcase.layer, Chromium.layer), { excludeTestServices: true, timeout: 120_000 })((it) => {
  it.effect(
    "axe finds nothing on any page in either theme, and all comes from the server",
    () =>
      Effect.gen(function* () {
        const at = yield* port
        yield* WatchedShowcase.load(at)
        const visitor = yield* Chromium.open(`http://127.0.0.1:${at}/?as=ada`, options("light"))
        yield* waitFor(visitor.page.getByRole("region", { name: "Your counter" }))
        const { complaints, hosts, page } = yield* Chromium.open(urlOf(at, ""), options("light"))
        for (const [name, path, title, shown] of pages) {
          yield* Effect.promise(() => page.goto(urlOf(at, path)))
          if (name === "instance") yield* Effect.promise(() => ill(page).click())
          yield* waitFor(heading(page, title))
          yield* waitFor(shown(page).first())
          // Some more samples on a picture.
          if (folder !== undefined && name === "overview") yield* Effect.sleep("8 seconds")
          for (const colorScheme of ["light", "dark"] as const) {
            yield* Effect.promise(() => page.emulateMedia({ colorScheme }))
            assert.deepStrictEqual(yield* findings(page), [], `${name} in ${colorScheme}`)
            if (folder === undefined) continue
            yield* Effect.promise(() =>
              page.screenshot({
                path: join(folder, `${name}-${colorScheme}.png`),
                clip: { ...picture, height: heightOf(name) }
              })
            )
          }
        }
        assert.deepStrictEqual(complaints, [])
        assert.deepStrictEqual(Array.from(hosts), [`127.0.0.1:${at}`])
      }).pipe(Effect.scoped),
    240_000
  )

  it.effect(
    "somebody from elsewhere signs in with the token, and out again",
    () =>
      Effect.gen(function* () {
        const at = yield* port
        // Browsers find this on the same machine; the server does not know that.
        const elsewhere = urlOf(at, "").replace("127.0.0.1", "dashboard.localhost")
        const { page } = yield* Chromium.open(elsewhere, options("light"))
        const field = page.getByLabel(/^Token of the monitor/)
        const send = (token: string) =>
          Effect.promise(async () => {
            await field.fill(token)
            await page.getByRole("button", { name: "Sign in" }).click()
          })
        yield* waitFor(field)
        assert.deepStrictEqual(yield* findings(page), [])
        yield* send("another token, which is long enough, too")
        yield* waitFor(page.getByRole("alert"))
        yield* send(WatchedShowcase.token)
        yield* waitFor(heading(page, "Overview"))
        yield* waitFor(page.getByText("instances", { exact: false }).first())
        const button = page.getByRole("button", { name: "Sign out" })
        assert.deepStrictEqual(yield* findings(page), [])
        yield* Effect.promise(() => button.click())
        yield* waitFor(field)
        // Where nobody has to sign in, there is nothing to sign out of.
        yield* Effect.promise(() => page.goto(urlOf(at, "")))
        yield* waitFor(heading(page, "Overview"))
        assert.strictEqual(yield* Effect.promise(() => button.count()), 0)
      }).pipe(Effect.scoped),
    120_000
  )

  it.effect(
    "an instance is restarted by somebody with a keyboard, and its client sees it restart and run with its state",
    () =>
      Effect.gen(function* () {
        const at = yield* port
        const { page: client } = yield* Chromium.open(`http://127.0.0.1:${at}/?as=grace`, options("light"))
        const counter = client.getByRole("region", { name: "Your counter" })
        yield* Effect.promise(() => counter.getByRole("button", { name: "+10" }).click())
        yield* waitFor(counter.getByLabel("Count").filter({ hasText: /^10$/ }))
        // What its status says meanwhile, which may be short.
        yield* Effect.promise(() =>
          counter.locator("[data-live]").evaluate((status) => {
            const said = ((globalThis as unknown as { said: Array<string | null> }).said = [] as Array<string | null>)
            new MutationObserver(() => said.push(status.getAttribute("data-live"))).observe(status, {
              attributes: true
            })
          })
        )
        const { page } = yield* Chromium.open(urlOf(at, ""), options("light"))
        yield* tabTo(page, page.getByRole("link", { name: "Skip to the content" }))
        yield* tabTo(page, page.getByRole("link", { name: "Instances", exact: true }).first())
        yield* press(page, "Enter")
        assert.isTrue(yield* isFocused(heading(page, "Instances")))
        yield* tabTo(page, page.getByRole("searchbox"))
        yield* Effect.promise(() => page.keyboard.type("grace"))
        const link = page.getByRole("row", { name: "Counter" }).getByRole("link")
        // Until the search for all letters is done, there are the counters of other pages.
        yield* Effect.promise(async () => {
          while ((await link.count()) !== 1) await page.waitForTimeout(20)
        })
        yield* tabTo(page, link)
        yield* press(page, "Enter")
        yield* waitFor(heading(page, "Instance"))
        assert.isTrue(yield* isFocused(heading(page, "Instance")))
        const restart = page.getByRole("button", { name: "Restart" })
        yield* waitFor(restart)
        yield* tabTo(page, restart)
        yield* press(page, "Enter")
        yield* waitFor(page.getByText("Restarted."))
        yield* Effect.promise(() =>
          client.waitForFunction(() => (globalThis as unknown as { said: Array<string> }).said.at(-1) === "synced")
        )
        const said = yield* Effect.promise(() =>
          client.evaluate(() => (globalThis as unknown as { said: Array<string> }).said)
        )
        assert.deepStrictEqual(said, ["restarting", "synced"])
        assert.strictEqual(yield* Effect.promise(() => counter.getByLabel("Count").innerText()), "10")
        // Stopping asks first, and Escape is no.
        yield* tabTo(page, page.getByRole("button", { name: "Stop …" }))
        yield* press(page, "Enter")
        yield* waitFor(page.getByRole("dialog"))
        yield* press(page, "Escape")
        assert.isFalse(yield* Effect.promise(() => page.getByRole("dialog").isVisible()))
        yield* tabTo(page, page.getByRole("button", { name: "Reveal" }))
        yield* press(page, "Enter")
        yield* waitFor(page.getByLabel("Values of the state").filter({ hasText: `"count": 10` }))
      }).pipe(Effect.scoped),
    240_000
  )
})
