import { assert, layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import type { Locator, Page } from "playwright-core"
import { findings } from "../support/axe.ts"
import { Chromium } from "../support/Chromium.ts"
import { patience } from "../support/patience.ts"
import { Showcase } from "../support/Showcase.ts"

const card = (page: Page, name: string) => page.getByRole("region", { name })

/** Waits until the element has exactly this text, or says what it had in its place. */
const reads = (locator: Locator, text: string | RegExp) =>
  Effect.promise(() =>
    locator
      .filter({ hasText: typeof text === "string" ? new RegExp(`^${text}$`) : text })
      .waitFor({ state: "attached" })
      .catch(async (cause) => {
        throw new Error(`Wanted ${text}, was ${JSON.stringify(await locator.allTextContents())}`, { cause })
      })
  )

const click = (within: Locator, button: string) =>
  Effect.promise(() => within.getByRole("button", { name: button, exact: true }).click())

const count = (within: Locator) => within.getByLabel("Count")
const status = (within: Locator) => within.getByRole("status")

const cards = (page: Page) =>
  [card(page, "Your counter"), card(page, "Everyone’s counter"), card(page, "A clock")] as const

/** Waits until the browser keeps a token of the counter that has this count; other entries stand in any order. */
const keeps = (page: Page, count: number) =>
  Effect.promise(() =>
    page.waitForFunction((count) => {
      const [name] = Object.keys(localStorage).filter((name) => /^fibra\/.*\/Counter\//.test(name))
      if (name === undefined) return false
      const [, , , payload = ""] = JSON.parse(localStorage.getItem(name) ?? "").token.split(".")
      return JSON.parse(atob(payload.replaceAll("-", "+").replaceAll("_", "/"))).state.count === count
    }, count)
  )

/** What was done to what the browser keeps, and how; this runs in the page. */
const spoilt: ReadonlyArray<readonly [what: string, spoil: () => void]> = [
  [
    "one character off",
    () => {
      for (const [name, text] of Object.entries(localStorage)) {
        const entry = JSON.parse(text)
        const at = Math.floor(entry.token.length / 2)
        const other = entry.token[at] === "A" ? "B" : "A"
        localStorage.setItem(
          name,
          JSON.stringify({ ...entry, token: entry.token.slice(0, at) + other + entry.token.slice(at + 1) })
        )
      }
    }
  ],
  [
    "no token at all",
    () => {
      for (const [name, text] of Object.entries(localStorage)) {
        localStorage.setItem(name, JSON.stringify({ ...JSON.parse(text), token: "nonsense" }))
      }
    }
  ],
  [
    "broken JSON",
    () => {
      for (const [name, text] of Object.entries(localStorage)) localStorage.setItem(name, text.slice(0, -1))
    }
  ]
]

/** What this page shows, once more in the same browser. */
const anotherPage = (page: Page) =>
  Effect.promise(async () => {
    const another = await page.context().newPage()
    await another.goto(page.url())
    return another
  })

/** The complaints that are not about a server that is away. */
const beyondTheOutage = (complaints: ReadonlyArray<string>) =>
  complaints.filter((complaint) => !/^WebSocket connection to .* failed|^Failed to load resource/.test(complaint))

layer(Layer.merge(Showcase.layer, Chromium.layer), { excludeTestServices: true, timeout: 120_000 })(
  "the showcase",
  (it) => {
    it.effect(
      "the showcase counts, says where it ends, and announces milestones",
      () =>
        Effect.gen(function* () {
          const { complaints, hosts, page } = yield* Chromium.open((yield* Showcase).url)
          const counter = card(page, "Your counter")
          yield* reads(count(counter), "0")
          yield* click(counter, "+1")
          yield* reads(count(counter), "1")
          yield* click(counter, "Reset")
          yield* reads(count(counter), "0")
          yield* Effect.forEach(Array.from({ length: 11 }), () => click(counter, "+10"))
          yield* reads(counter.getByRole("alert"), "This counter goes no further than 100.")
          yield* reads(count(counter), "100")
          const milestones = yield* Effect.promise(() => counter.getByRole("log").locator("span").allTextContents())
          assert.deepStrictEqual(
            milestones,
            [100, 90, 80, 70, 60].map((count) => `${count} reached`)
          )
          yield* click(counter, "Reset")
          yield* Effect.promise(() => counter.getByRole("alert").waitFor({ state: "detached" }))
          assert.deepStrictEqual(complaints, [])
          assert.deepStrictEqual([...hosts], [new URL((yield* Showcase).url).host])
        }),
      240_000
    )

    it.effect(
      "the showcase gives each browser a counter of its own, which its pages share, and all browsers the shared one",
      () =>
        Effect.gen(function* () {
          const { url } = yield* Showcase
          const [a, b] = [(yield* Chromium.open(url)).page, (yield* Chromium.open(url)).page]
          yield* click(card(a, "Your counter"), "+1")
          yield* click(card(b, "Your counter"), "+10")
          yield* reads(count(card(a, "Your counter")), "1")
          yield* reads(count(card(b, "Your counter")), "10")
          yield* keeps(a, 1)
          const again = yield* anotherPage(a)
          yield* reads(count(card(again, "Your counter")), "1")
          yield* click(card(again, "Your counter"), "+1")
          yield* reads(count(card(a, "Your counter")), "2")
          const before = Number(yield* text(count(card(b, "Everyone’s counter"))))
          yield* click(card(a, "Everyone’s counter"), "+1")
          yield* reads(count(card(b, "Everyone’s counter")), `${before + 1}`)
          yield* click(card(b, "Everyone’s counter"), "+10")
          yield* reads(count(card(a, "Everyone’s counter")), `${before + 11}`)
        }),
      240_000
    )

    it.effect(
      "the showcase has a clock that ticks, and says which zones there are",
      () =>
        Effect.gen(function* () {
          const { complaints, page } = yield* Chromium.open((yield* Showcase).url)
          const clock = card(page, "A clock")
          const time = clock.locator("time")
          yield* reads(time, /^\d\d:\d\d:\d\d$/)
          const hours = (yield* text(time)).slice(0, 2)
          for (let tick = 0; tick < 2; tick++) yield* changes(time)
          const zone = clock.getByLabel("Time zone")
          yield* Effect.promise(() => zone.selectOption("Asia/Tokyo"))
          yield* Effect.promise(() =>
            time.filter({ hasNotText: new RegExp(`^${hours}`) }).waitFor({ state: "attached" })
          )
          yield* Effect.promise(() => zone.selectOption("Mars/Olympus"))
          yield* reads(clock.getByRole("alert"), 'There is no time zone "Mars/Olympus".')
          assert.strictEqual(yield* Effect.promise(() => zone.inputValue()), "Asia/Tokyo")
          assert.deepStrictEqual(complaints, [])
        }),
      240_000
    )

    it.effect(
      "the showcase says that it is offline while its server is away, and continues when it is back",
      () =>
        Effect.gen(function* () {
          const showcase = yield* Showcase
          const { complaints, page } = yield* Chromium.open(showcase.url)
          const [counter, shared, clock] = cards(page)
          yield* click(counter, "+1")
          yield* reads(count(counter), "1")
          yield* reads(status(shared), "")
          const everyones = `${Number(yield* text(count(shared))) + 1}`
          yield* click(shared, "+1")
          yield* reads(count(shared), everyones)
          yield* showcase.stop
          yield* reads(status(counter), /^Offline/)
          yield* reads(status(clock), /^Offline/)
          assert.isTrue(yield* Effect.promise(() => counter.getByRole("button", { name: "+10" }).isDisabled()))
          yield* reads(count(counter), "1")
          yield* showcase.start
          yield* reads(status(counter), "")
          yield* reads(count(counter), "1")
          yield* reads(count(shared), everyones)
          yield* click(counter, "+10")
          yield* reads(count(counter), "11")
          yield* changes(clock.locator("time"))
          yield* reads(status(clock), "")
          assert.deepStrictEqual(beyondTheOutage(complaints), [])
        }),
      240_000
    )

    it.effect(
      "the showcase has its count after a reload, also right after a click",
      () =>
        Effect.gen(function* () {
          const { complaints, page } = yield* Chromium.open((yield* Showcase).url)
          const counter = card(page, "Your counter")
          yield* reads(status(counter), "")
          yield* keeps(page, 0)
          for (const expected of ["10", "20", "30"]) {
            yield* click(counter, "+10")
            yield* reads(count(counter), expected)
            yield* Effect.promise(() => page.reload())
            yield* reads(count(counter), expected)
            yield* reads(status(counter), "")
          }
          assert.deepStrictEqual(complaints, [])
        }),
      240_000
    )

    it.effect(
      "the showcase has a form whose fields the server checks, and what is typed outlives a reload",
      () =>
        Effect.gen(function* () {
          const { complaints, page } = yield* Chromium.open((yield* Showcase).url)
          const form = card(page, "A form")
          const [name, address] = [form.getByLabel("Name"), form.getByLabel("Address")]
          yield* Effect.promise(() => name.fill("Ada"))
          yield* reads(form.locator(".problem").first(), "“Ada” is taken.")
          yield* Effect.promise(() => address.fill("edith"))
          yield* reads(form.locator(".problem").nth(1), /no address/)
          yield* Effect.promise(() => page.reload())
          yield* reads(form.locator(".problem").first(), "“Ada” is taken.")
          assert.deepStrictEqual(yield* Effect.promise(() => Promise.all([name.inputValue(), address.inputValue()])), [
            "Ada",
            "edith"
          ])
          assert.strictEqual(yield* Effect.promise(() => name.getAttribute("aria-invalid")), "true")
          yield* Effect.promise(() => name.fill(`Edith ${Date.now()}`))
          yield* Effect.promise(() => address.fill("edith@example.org"))
          yield* Effect.promise(() => form.getByText("Its source").click())
          yield* reads(form.getByLabel("RegistrationLayer.ts"), /Registration\.toLayer/)
          for (const colorScheme of ["light", "dark"] as const) {
            yield* Effect.promise(() => page.emulateMedia({ colorScheme }))
            assert.deepStrictEqual(yield* findings(page), [], colorScheme)
          }
          yield* click(form, "Register")
          yield* reads(form.locator("p[role=status]"), /^Edith \d+ is registered, as number \d+\.$/)
          assert.deepStrictEqual(complaints, [])
        }),
      90_000
    )

    it.effect(
      "the showcase measures its server while somebody watches, and pauses for one page alone",
      () =>
        Effect.gen(function* () {
          const { complaints, page } = yield* Chromium.open((yield* Showcase).url)
          const monitor = card(page, "The server itself")
          yield* reads(monitor.getByLabel("Memory"), /^\d+ MiB$/)
          const first = yield* line(page)
          yield* redrawn(page, first)
          yield* click(monitor, "Pause")
          const paused = yield* line(page)
          // Meanwhile the server goes on, for another page.
          const other = yield* anotherPage(page)
          yield* reads(card(other, "The server itself").getByLabel("Memory"), /^\d+ MiB$/)
          for (let sample = 0; sample < 3; sample++) yield* redrawn(other, yield* line(other))
          assert.strictEqual(yield* line(page), paused)
          yield* click(monitor, "Go on")
          yield* redrawn(page, paused)
          assert.deepStrictEqual(complaints, [])
        }),
      90_000
    )

    it.effect(
      "the showcase has its count within two seconds of the connection when its server was killed and is back",
      () =>
        Effect.gen(function* () {
          const showcase = yield* Showcase
          const { complaints, page } = yield* Chromium.open(showcase.url)
          const counter = card(page, "Your counter")
          yield* click(counter, "+10")
          yield* click(counter, "+1")
          yield* keeps(page, 11)
          const another = card(yield* anotherPage(page), "Your counter")
          yield* reads(count(another), "11")
          yield* showcase.kill
          yield* reads(status(counter), /^Offline/)
          let opened = Infinity
          page.on("websocket", (socket) => {
            socket.once("framereceived", () => (opened = performance.now()))
          })
          yield* showcase.start
          yield* reads(status(counter), "")
          yield* reads(count(counter), "11")
          const took = performance.now() - opened
          assert.isAbove(took, 0)
          assert.isBelow(took, 2000 * patience)
          // Both pages came with the same token, and are at the same counter again.
          yield* reads(status(another), "")
          yield* click(another, "+1")
          yield* reads(count(counter), "12")
          yield* keeps(page, 12)
          // Nor does a page that is loaded anew find another count, which has nothing but what the browser keeps.
          yield* showcase.kill
          yield* showcase.start
          yield* Effect.promise(() => page.reload())
          yield* reads(count(counter), "12")
          yield* reads(status(counter), "")
          assert.deepStrictEqual(beyondTheOutage(complaints), [])
        }),
      240_000
    )

    for (const [what, spoil] of spoilt) {
      it.effect(
        `the showcase starts a fresh counter when the storage of the browser is ${what}`,
        () =>
          Effect.gen(function* () {
            const { complaints, page } = yield* Chromium.open((yield* Showcase).url)
            const counter = card(page, "Your counter")
            yield* click(counter, "+10")
            yield* keeps(page, 10)
            yield* Effect.promise(() => page.evaluate(spoil))
            yield* Effect.promise(() => page.reload())
            yield* reads(status(counter), "")
            yield* reads(count(counter), "0")
            yield* click(counter, "+1")
            yield* reads(count(counter), "1")
            yield* keeps(page, 1)
            assert.deepStrictEqual(complaints, [])
          }),
        240_000
      )
    }
  }
)

const text = (locator: Locator) => Effect.promise(() => locator.innerText())

/** The line of the first chart. */
const line = (page: Page) => Effect.promise(() => page.locator(".chart polyline").first().getAttribute("points"))

/** Waits until that is another line. */
const redrawn = (page: Page, before: string | null) =>
  Effect.promise(() =>
    page.waitForFunction(
      (before) => document.querySelector(".chart polyline")?.getAttribute("points") !== before,
      before
    )
  )

/** Waits until the element has another text. */
const changes = (locator: Locator) =>
  Effect.flatMap(text(locator), (before) =>
    Effect.promise(() => locator.filter({ hasNotText: before }).waitFor({ state: "attached" }))
  )
