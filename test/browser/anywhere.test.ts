/** The counter on pages of its own: in Vue, in Svelte, in a script without a build, and in React. */
import { cp } from "node:fs/promises"
import { join } from "node:path"
import { assert, layer } from "@effect/vitest"
import { Context, Effect, Layer } from "effect"
import type { Locator, Page } from "playwright-core"
import { build } from "vite"
import { findings } from "../support/axe.ts"
import { Chromium } from "../support/Chromium.ts"
import * as ServerProcess from "../support/ServerProcess.ts"
import { folder, root } from "../support/workspace.ts"

const names = ["vue", "svelte", "script-tag"] as const

/** Those that count in the same way, and the one of the README. */
const all = [...names, "counter"] as const

/** What vite builds, and where it is. */
const built = [
  ["vue", "examples/vue"],
  ["svelte", "examples/svelte"],
  ["counter", "examples/counter"],
  ["devtools", "test/fixtures/devtools"]
] as const

/** The pages, built once and served by one process. */
class Pages extends Context.Service<Pages, { readonly url: string }>()("test/browser/Pages") {
  static readonly layer = Layer.effect(
    Pages,
    Effect.gen(function* () {
      const DIST = yield* folder
      const resolve = { tsconfigPaths: true }
      const at = (name: string) => ({ outDir: join(DIST, name), emptyOutDir: false })
      yield* Effect.promise(async () => {
        for (const [name, place] of built) {
          await build({ root: join(root, place), base: "./", resolve, logLevel: "error", build: at(name) })
        }
        const configFile = join(root, "vite.script.config.ts")
        await build({ root, configFile, logLevel: "error", build: at("script-tag") })
        await cp(join(root, "examples/script-tag/public/index.html"), join(DIST, "script-tag/index.html"))
      })
      const { port } = yield* ServerProcess.start({
        file: new URL("../support/PagesServer.ts", import.meta.url),
        env: { DIST }
      })
      return { url: `http://127.0.0.1:${port}` }
    })
  )
}

const open = Effect.fn("open")(function* (name: (typeof all)[number] | "devtools") {
  const opened = yield* Chromium.open(`${(yield* Pages).url}/${name}/index.html`)
  yield* reads(opened.page, "status", "")
  return opened
})

/** Waits until the element of this role has exactly this text. */
const reads = (page: Page, role: "status" | "alert", text: string) =>
  Effect.promise(() =>
    page.waitForFunction(
      ([role, text]) => (document.querySelector(`[role=${role}]`)?.textContent ?? "") === text,
      [role, text] as const,
      { timeout: 60_000 }
    )
  )

const shown = (locator: Locator) => Effect.promise(() => locator.first().waitFor({ timeout: 60_000 }))

const press = (page: Page) => (key: string) => Effect.promise(() => page.keyboard.press(key))

/** Looks at a page with axe, in either theme. */
const lookedAt = (page: Page) => (what: string) =>
  Effect.gen(function* () {
    for (const colorScheme of ["light", "dark"] as const) {
      yield* Effect.promise(() => page.emulateMedia({ colorScheme }))
      assert.deepStrictEqual(yield* findings(page), [], `${what} in ${colorScheme}`)
    }
  })

const counts = (page: Page, count: number) =>
  Effect.promise(() =>
    page
      .getByLabel("Count")
      .filter({ hasText: new RegExp(`^${count}$`) })
      .waitFor({ state: "attached", timeout: 60_000 })
  )

const click = (page: Page, button: string) =>
  Effect.promise(() => page.getByRole("button", { name: button, exact: true }).click({ timeout: 60_000 }))

layer(Layer.merge(Pages.layer, Chromium.layer), { excludeTestServices: true, timeout: 120_000 })("a page", (it) => {
  for (const name of names) {
    it.effect(
      `a page of examples/${name} counts, is told of milestones, and says where it ends`,
      () =>
        Effect.gen(function* () {
          const { complaints, hosts, page } = yield* open(name)
          yield* click(page, "Reset")
          yield* counts(page, 0)
          for (const count of [10, 20, 30, 40, 50, 60, 70, 80, 90, 100]) {
            yield* click(page, "+10")
            yield* counts(page, count)
          }
          yield* Effect.promise(() => page.getByText("The last milestone was 100.").waitFor({ timeout: 60_000 }))
          yield* click(page, "+10")
          yield* reads(page, "alert", "No further than 100.")
          yield* counts(page, 100)
          assert.deepStrictEqual(complaints, [])
          assert.deepStrictEqual([...hosts], [new URL((yield* Pages).url).host])
        }),
      180_000
    )
  }

  it.effect(
    "axe finds nothing on any page, in either theme",
    () =>
      Effect.gen(function* () {
        for (const name of all) {
          const { page } = yield* open(name)
          yield* click(page, "Reset")
          yield* Effect.promise(() => page.locator("button:enabled").first().waitFor())
          yield* lookedAt(page)(name)
        }
      }),
    180_000
  )

  it.effect(
    "the devtools are used with a keyboard, show what happens, and have nothing that axe would find",
    () =>
      Effect.gen(function* () {
        const { complaints, page } = yield* open("devtools")
        const [key, seen] = [press(page), (text: string | RegExp) => shown(page.getByText(text))]
        yield* click(page, "Reset")
        yield* counts(page, 0)
        const toggle = page.getByRole("button", { name: "fibra" })
        yield* Effect.promise(() => toggle.focus())
        yield* key("Enter")
        // What it is, how it is and what it shows.
        yield* seen("Counter · key everyone · synced")
        yield* Effect.promise(() => page.getByText("Counter · key everyone").click())
        yield* Effect.promise(() =>
          page.getByLabel("State").filter({ hasText: '"count": 0' }).waitFor({ timeout: 60_000 })
        )
        const link = page.getByRole("link", { name: "open in the dashboard" })
        const href = yield* Effect.promise(() => link.getAttribute("href"))
        const { url } = yield* Pages
        assert.match(String(href), new RegExp(`^${url}/api/live/dashboard/#/instances/Counter-`))
        const looked = lookedAt(page)
        yield* looked("Components")
        // What goes over the connection.
        yield* Effect.promise(() => page.getByRole("tab", { name: "Components" }).focus())
        yield* key("ArrowRight")
        yield* click(page, "+1")
        yield* seen("count = 1")
        yield* seen("Increment: 1")
        yield* looked("Messages")
        yield* Effect.promise(() => page.getByLabel("Filter").fill("patched"))
        yield* Effect.promise(() => page.getByText("Increment: 1").waitFor({ state: "detached", timeout: 60_000 }))
        yield* Effect.promise(() => page.getByText("count = 1").click())
        yield* Effect.promise(() =>
          page.getByLabel("Message", { exact: true }).filter({ hasText: '"revision"' }).waitFor()
        )
        yield* Effect.promise(() => page.getByRole("tab", { name: "Messages" }).focus())
        yield* key("ArrowRight")
        yield* seen("succeeded 1")
        // A bad network.
        yield* Effect.promise(() => page.getByRole("tab", { name: "Calls" }).focus())
        yield* key("End")
        yield* Effect.promise(() => page.getByLabel("Delay each way, ms").fill("200"))
        yield* key("Tab")
        yield* seen("connected · simulating a bad network")
        yield* click(page, "+1")
        yield* counts(page, 2)
        yield* Effect.promise(() => page.getByRole("tab", { name: "Calls" }).click())
        const took = page.getByRole("row").nth(1).getByRole("cell").nth(3)
        yield* Effect.promise(() => took.filter({ hasNotText: "…" }).waitFor())
        assert.isAtLeast(Number.parseInt(yield* Effect.promise(() => took.innerText())), 400)
        yield* Effect.promise(() => page.getByRole("tab", { name: "Connection" }).click())
        yield* Effect.promise(() => page.getByLabel("Offline").check())
        yield* reads(page, "status", "Offline. Connecting again …")
        yield* seen(/^reconnecting · simulating/)
        yield* looked("Connection, and a status")
        // For this page alone, and for as long as it is open.
        yield* Effect.promise(() => page.getByLabel("Offline").uncheck())
        yield* reads(page, "status", "")
        yield* Effect.promise(() => page.reload())
        yield* reads(page, "status", "")
        yield* Effect.promise(() => toggle.click())
        yield* seen("connected · simulating a bad network")
        yield* Effect.promise(() => page.getByRole("tab", { name: "Connection" }).click())
        yield* Effect.promise(() => page.getByRole("button", { name: "Reset" }).last().click())
        assert.strictEqual(yield* Effect.promise(() => page.evaluate(() => sessionStorage.length)), 0)
        yield* key("Escape")
        yield* Effect.promise(() => page.getByRole("tablist").waitFor({ state: "hidden" }))
        assert.isTrue(
          yield* Effect.promise(() => toggle.evaluate((it) => (it.getRootNode() as ShadowRoot).activeElement === it))
        )
        assert.deepStrictEqual(complaints, [])
      }),
    180_000
  )

  it.effect(
    "a page shows what pages in other frameworks do",
    () =>
      Effect.gen(function* () {
        const pages = [yield* open("vue"), yield* open("svelte"), yield* open("script-tag")].map(({ page }) => page)
        yield* Effect.forEach(pages.slice(0, 1), (page) => click(page, "Reset"))
        yield* Effect.forEach(pages, (page) => counts(page, 0))
        for (const [index, page] of pages.entries()) {
          yield* click(page, "+10")
          yield* Effect.forEach(pages, (page) => counts(page, (index + 1) * 10))
        }
      }),
    180_000
  )
})
