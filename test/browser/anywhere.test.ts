/** The counter on pages of its own: in Vue, in Svelte, in a script without a build, and in React. */
import { cp } from "node:fs/promises"
import { join } from "node:path"
import { assert, layer } from "@effect/vitest"
import { Context, Effect, Layer } from "effect"
import type { Page } from "playwright-core"
import { build } from "vite"
import { findings } from "../support/axe.ts"
import { Chromium } from "../support/Chromium.ts"
import * as ServerProcess from "../support/ServerProcess.ts"
import { folder, root } from "../support/workspace.ts"

const names = ["vue", "svelte", "script-tag"] as const

/** Those that count in the same way, and the one of the README. */
const all = [...names, "counter"] as const

/** The pages, built once and served by one process. */
class Pages extends Context.Service<Pages, { readonly url: string }>()("test/browser/Pages") {
  static readonly layer = Layer.effect(
    Pages,
    Effect.gen(function* () {
      const DIST = yield* folder
      const resolve = { tsconfigPaths: true }
      const at = (name: string) => ({ outDir: join(DIST, name), emptyOutDir: false })
      yield* Effect.promise(async () => {
        for (const name of ["vue", "svelte", "counter"]) {
          const examples = join(root, "examples", name)
          await build({ root: examples, base: "./", resolve, logLevel: "error", build: at(name) })
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

const open = Effect.fn("open")(function* (name: (typeof all)[number]) {
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
          for (const colorScheme of ["light", "dark"] as const) {
            yield* Effect.promise(() => page.emulateMedia({ colorScheme }))
            assert.deepStrictEqual(yield* findings(page), [], `${name} in ${colorScheme}`)
          }
        }
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
