/** What a page shows of whatever becomes of its components, its connection and itself, in a browser. */
import { createServer } from "node:http"
import { fileURLToPath } from "node:url"
import { NodeHttpServer, NodeServices } from "@effect/platform-node"
import { assert, layer } from "@effect/vitest"
import { Effect, Layer, Logger } from "effect"
import { HttpRouter, HttpStaticServer } from "effect/http"
import { Authentication, LiveServer, Principals, Secrets, SnapshotStore } from "fibra/server"
import type { Page } from "playwright-core"
import { builtPage } from "../support/builtPage.ts"
import { Chromium } from "../support/Chromium.ts"
import { Port, port } from "../support/AuthorizationFixture.ts"
import * as Network from "../support/Network.ts"
import { patience } from "../support/patience.ts"
import { Desk, NewArchive } from "../fixtures/desk/Desk.ts"
import { DeskLayer, Desks } from "../fixtures/desk/DeskLayer.ts"

const root = fileURLToPath(new URL("../fixtures/desk", import.meta.url))

/** Whoever has a token that begins with a name is let in under it. */
const named = Authentication.layer((request) =>
  Effect.succeed({ id: Authentication.token(request)?.split(".", 1)[0] ?? "" })
)

/** The page, built once, and its server. */
const site = Layer.unwrap(
  Effect.gen(function* () {
    const outDir = yield* builtPage(root)
    return Layer.merge(
      HttpStaticServer.layer({ root: outDir }),
      LiveServer.layer({ components: [Desk, NewArchive] })
    ).pipe(
      (app) => HttpRouter.serve(app, { disableLogger: true, disableListenLog: true }),
      Layer.merge(port),
      Layer.provide(NodeHttpServer.layer(createServer, { port: 0, host: "127.0.0.1" })),
      Layer.provideMerge(Principals.layer),
      Layer.provide([DeskLayer, named, Secrets.layerRandom, SnapshotStore.layerMemory, Logger.layer([])]),
      Layer.provideMerge(Desks.layer),
      Layer.provide(NodeServices.layer)
    )
  })
)

/** Waits until so many components have this status, or says what there was in its place. */
const has = (page: Page, status: string, times = 1) =>
  Effect.promise(() =>
    page
      .waitForFunction(([status, times]) => document.querySelectorAll(`[data-status=${status}]`).length === times, [
        status,
        times
      ] as const)
      .catch(async (cause) => {
        throw new Error(`Wanted ${status}, was ${await page.locator("main").innerHTML()}`, { cause })
      })
  )

const shows = (page: Page, label: string, text: string) =>
  Effect.promise(() =>
    page
      .getByLabel(label)
      .filter({ hasText: new RegExp(`^${text}$`) })
      .waitFor({ state: "attached" })
  )

const click = (page: Page, button: string) =>
  Effect.promise(() => page.getByRole("button", { name: button, exact: true }).click())

const go = (page: Page, view: string) =>
  Effect.promise(() => page.evaluate((view) => void (location.hash = view), view))

/** There is a network again. */
const wake = (page: Page) => Effect.promise(() => page.evaluate(() => void dispatchEvent(new Event("online"))))

/** The statuses since this was asked before. */
const seen = (page: Page) => Effect.promise(() => page.evaluate(() => [...new Set(window.seen.splice(0))]))

const idOf = (page: Page) => page.locator("[data-id]").getAttribute("data-id")

/** Waits until the browser keeps a token with this count. */
const keeps = (page: Page, count: number) =>
  Effect.promise(() =>
    page.waitForFunction((count) => {
      const texts = Object.entries(localStorage).filter(([name]) => /^fibra\/.*\/Desk\//.test(name))
      return texts.some(([, text]) => {
        const [, , , payload = ""] = JSON.parse(text).token.split(".")
        return JSON.parse(atob(payload.replaceAll("-", "+").replaceAll("_", "/"))).state.count === count
      })
    }, count)
  )

layer(Layer.merge(site, Chromium.layer), { excludeTestServices: true, timeout: 120_000 })("a page", (it) => {
  it.effect(
    "a page shows each status that a component may have, and its state through all of them",
    () =>
      Effect.gen(function* () {
        const desks = yield* Desks
        const network = yield* Network.make(yield* Port)
        const { page } = yield* Chromium.open(`${network.url}?as=eve#away`)
        network.delay(200)
        yield* Effect.promise(() => page.goto(`${network.url}?as=eve#mine`).then(() => page.reload()))
        yield* has(page, "synced")
        assert.deepStrictEqual(yield* seen(page), ["connecting", "mounting", "synced"])
        yield* click(page, "+1")
        yield* shows(page, "Count", "1")

        desks.gate.closeUnsafe()
        yield* click(page, "Crash")
        yield* has(page, "restarting")
        yield* shows(page, "Count", "1")
        desks.gate.openUnsafe()
        yield* has(page, "synced")

        yield* seen(page)
        network.gone()
        yield* has(page, "reconnecting")
        yield* shows(page, "Count", "1")
        network.back()
        yield* wake(page)
        yield* has(page, "synced")
        assert.deepStrictEqual(yield* seen(page), ["reconnecting", "synced"])

        yield* click(page, "Crash")
        yield* has(page, "synced")
        yield* click(page, "Crash")
        yield* has(page, "faulted")
        yield* shows(page, "Count", "1")

        // The session is gone meanwhile, and the component is brought back.
        network.gone()
        yield* has(page, "reconnecting")
        yield* Principals.Principals.use(({ disconnect }) => disconnect({ id: "eve" }))
        yield* seen(page)
        network.back()
        yield* wake(page)
        yield* has(page, "synced")
        assert.deepStrictEqual(yield* seen(page), ["loading", "synced"])

        yield* go(page, "archive")
        yield* has(page, "outdated")
        yield* go(page, "missing")
        yield* has(page, "error")
      }).pipe(Effect.scoped),
    120_000
  )

  it.effect(
    "a page shows a component that is mounted by hand, signed out, signed in again, and stopped",
    () =>
      Effect.gen(function* () {
        const server = `http://127.0.0.1:${yield* Port}/`
        const { page } = yield* Chromium.open(`${server}?as=eve#manual`)
        yield* has(page, "disconnected")
        yield* click(page, "Mount")
        yield* has(page, "synced")
        yield* click(page, "+1")
        yield* shows(page, "Count", "1")
        yield* Principals.Principals.use(({ disconnect }) => disconnect({ id: "eve" }))
        yield* has(page, "unauthorized")
        yield* shows(page, "Count", "1")
        yield* click(page, "Sign in")
        yield* has(page, "synced")
        yield* Effect.promise(async () =>
          fetch(`${server}api/live/instances/${await idOf(page)}/stop`, { method: "POST" })
        )
        yield* has(page, "stopped")
      }).pipe(Effect.scoped),
    120_000
  )

  it.effect(
    "a page with ten components has one socket, mounts them in one frame, and each once though StrictMode mounts twice",
    () =>
      Effect.gen(function* () {
        const desks = yield* Desks
        const { complaints, page } = yield* Chromium.open(`http://127.0.0.1:${yield* Port}/?as=bob#mine`)
        yield* has(page, "synced")
        const sent: Array<string> = []
        let sockets = 0
        page.on("websocket", (socket) => {
          sockets++
          socket.on("framesent", ({ payload }) => void sent.push(String(payload)))
        })
        yield* Effect.promise(() => page.reload())
        yield* has(page, "synced")
        sent.length = 0
        const before = desks.built
        yield* go(page, "ten")
        yield* has(page, "synced", 10)
        assert.deepStrictEqual([sockets, desks.built - before], [1, 10])
        const mounts = sent.map((frame) => frame.split('"tag":"Mount"').length - 1).filter((count) => count > 0)
        assert.deepStrictEqual([mounts, complaints], [[10], []])
      }).pipe(Effect.scoped),
    120_000
  )

  it.effect(
    "a page on which somebody goes away and back has its state at once, and mounts nothing",
    () =>
      Effect.gen(function* () {
        const desks = yield* Desks
        for (const view of ["mine", "suspended"]) {
          const { complaints, page } = yield* Chromium.open(`http://127.0.0.1:${yield* Port}/?as=bob#${view}`)
          yield* has(page, "synced")
          for (const count of ["1", "2", "3"]) {
            yield* click(page, "+1")
            yield* shows(page, "Count", count)
          }
          const [id, { built }] = [yield* Effect.promise(() => idOf(page)), desks]
          yield* seen(page)
          yield* go(page, "away")
          yield* Effect.promise(() => page.getByText("Away").waitFor())
          yield* Effect.promise(() => page.goBack())
          yield* shows(page, "Count", "3")
          assert.deepStrictEqual(
            [yield* Effect.promise(() => idOf(page)), desks.built, yield* seen(page)],
            [id, built, ["synced"]]
          )
          assert.deepStrictEqual(complaints, [])
        }
      }).pipe(Effect.scoped),
    120_000
  )

  it.effect(
    "pages that share a component see each other's changes; one that was offline, and one that was frozen, see them afterwards",
    () =>
      Effect.gen(function* () {
        const server = `http://127.0.0.1:${yield* Port}/`
        const network = yield* Network.make(yield* Port)
        const { page: first } = yield* Chromium.open(`${server}?as=ada#shared`)
        const { page: far } = yield* Chromium.open(`${network.url}?as=bob#shared`)
        // Another tab of the same browser.
        const second = yield* Effect.promise(() => first.context().newPage())
        yield* Effect.promise(() => second.goto(`${server}?as=ada#shared`))
        const pages = [first, second, far]
        yield* Effect.forEach(pages, (page) => has(page, "synced"))
        yield* click(second, "+1")
        yield* Effect.forEach(pages, (page) => shows(page, "Count", "1"))

        network.gone()
        yield* Effect.promise(() => far.context().setOffline(true))
        yield* has(far, "reconnecting")
        yield* click(first, "+1")
        yield* shows(second, "Count", "2")
        yield* shows(far, "Count", "1")
        network.back()
        yield* Effect.promise(() => far.context().setOffline(false))
        yield* shows(far, "Count", "2")
        yield* has(far, "synced")

        const browser = yield* Effect.promise(() => second.context().newCDPSession(second))
        const life = (state: "active" | "frozen") =>
          Effect.promise(() => browser.send("Page.setWebLifecycleState", { state }))
        yield* life("frozen")
        yield* click(first, "+1")
        yield* shows(far, "Count", "3")
        yield* life("active")
        yield* shows(second, "Count", "3")
        yield* click(second, "+1")
        yield* Effect.forEach(pages, (page) => shows(page, "Count", "4"))
      }).pipe(Effect.scoped),
    120_000
  )

  it.effect(
    "a tab that the browser has discarded comes back with its state, and with what was typed and not saved",
    () =>
      Effect.gen(function* () {
        const url = `http://127.0.0.1:${yield* Port}/?as=ada#kept`
        const { page } = yield* Chromium.open(url)
        yield* has(page, "synced")
        yield* click(page, "+1")
        yield* Effect.promise(() => page.getByLabel("Note").fill("half a sentence"))
        yield* keeps(page, 1)
        // Its process is gone without a word. What the tab has stored is all that the next one finds.
        const stored = yield* Effect.promise(() => page.evaluate(() => ({ ...sessionStorage })))
        const browser = yield* Effect.promise(() => page.context().newCDPSession(page))
        const crashed = page.waitForEvent("crash")
        browser.send("Page.crash").catch(() => {})
        yield* Effect.promise(() => crashed)
        const again = yield* Effect.promise(() => page.context().newPage())
        yield* Effect.promise(() => again.addInitScript((stored) => Object.assign(sessionStorage, stored), stored))
        yield* Effect.promise(() => again.goto(url))
        yield* has(again, "synced")
        yield* shows(again, "Count", "1")
        assert.strictEqual(yield* Effect.promise(() => again.getByLabel("Note").inputValue()), "half a sentence")
      }).pipe(Effect.scoped),
    120_000
  )

  it.effect(
    "a page whose state changes a thousand times a second answers whoever types within 50 ms",
    () =>
      Effect.gen(function* () {
        const { complaints, page } = yield* Chromium.open(`http://127.0.0.1:${yield* Port}/?as=ada#mine`)
        yield* has(page, "synced")
        yield* Effect.promise(() =>
          page.evaluate(() => {
            window.latencies = []
            // From the key to the frame that shows what follows from it.
            addEventListener(
              "keydown",
              ({ timeStamp }) =>
                requestAnimationFrame(() => setTimeout(() => window.latencies.push(performance.now() - timeStamp))),
              true
            )
          })
        )
        const note = page.getByLabel("Note")
        yield* Effect.promise(() => note.focus())
        yield* Effect.promise(() => page.getByRole("button", { name: "Flood" }).dispatchEvent("click"))
        const ticks = () => page.getByLabel("Ticks").textContent().then(Number)
        const text = "typed in the flood of a thousand"
        const before = yield* Effect.promise(async () => ({ at: performance.now(), ticks: await ticks() }))
        yield* Effect.promise(() => note.pressSequentially(text, { delay: 60 }))
        const after = yield* Effect.promise(async () => ({ at: performance.now(), ticks: await ticks() }))
        const latencies = yield* Effect.promise(() => page.evaluate(() => window.latencies.sort((a, b) => a - b)))
        const rate = ((after.ticks - before.ticks) / (after.at - before.at)) * 1000
        assert.strictEqual(yield* Effect.promise(() => note.inputValue()), text)
        assert.isAbove(rate, 900 / patience)
        // 19 of 20: the collector of garbage takes its time, too.
        assert.isBelow(latencies[Math.floor(latencies.length * 0.95)] ?? Infinity, 50 * patience)
        assert.deepStrictEqual(complaints, [])
      }).pipe(Effect.scoped),
    120_000
  )
})
