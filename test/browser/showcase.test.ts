import { assert, layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import type { Locator, Page } from "playwright-core"
import { Chromium } from "./Chromium.ts"
import { Showcase } from "./Showcase.ts"

const card = (page: Page, name: string) => page.getByRole("region", { name })

/** Waits until the element has exactly this text. */
const reads = (locator: Locator, text: string | RegExp) =>
  Effect.promise(() =>
    locator
      .filter({ hasText: typeof text === "string" ? new RegExp(`^${text}$`) : text })
      .waitFor({ state: "attached" })
  )

const click = (within: Locator, button: string) =>
  Effect.promise(() => within.getByRole("button", { name: button, exact: true }).click())

const count = (within: Locator) => within.getByLabel("Count")
const status = (within: Locator) => within.getByRole("status")

layer(Layer.merge(Showcase.layer, Chromium.layer), { excludeTestServices: true, timeout: 40_000 })(
  "the showcase",
  (it) => {
    it.effect(
      "counts, says where it ends, and tells of milestones",
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
      30_000
    )

    it.effect(
      "gives each page a counter of its own, and all pages the shared one",
      () =>
        Effect.gen(function* () {
          const { url } = yield* Showcase
          const [a, b] = [(yield* Chromium.open(url)).page, (yield* Chromium.open(url)).page]
          yield* click(card(a, "Your counter"), "+1")
          yield* click(card(b, "Your counter"), "+10")
          yield* reads(count(card(a, "Your counter")), "1")
          yield* reads(count(card(b, "Your counter")), "10")
          yield* click(card(a, "Everyone’s counter"), "+1")
          yield* reads(count(card(b, "Everyone’s counter")), "1")
          yield* click(card(b, "Everyone’s counter"), "+10")
          yield* reads(count(card(a, "Everyone’s counter")), "11")
        }),
      30_000
    )

    it.effect(
      "has a clock that ticks, and knows which zones there are",
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
      30_000
    )

    it.effect(
      "says that it is offline while its server is away, and lives again when it is back",
      () =>
        Effect.gen(function* () {
          const showcase = yield* Showcase
          const { page } = yield* Chromium.open(showcase.url)
          const [counter, clock] = [card(page, "Your counter"), card(page, "A clock")]
          yield* click(counter, "+1")
          yield* reads(count(counter), "1")
          yield* showcase.stop
          yield* reads(status(counter), /^Offline/)
          yield* reads(status(clock), /^Offline/)
          assert.isTrue(yield* Effect.promise(() => counter.getByRole("button", { name: "+10" }).isDisabled()))
          yield* reads(count(counter), "1")
          yield* showcase.start
          yield* reads(status(counter), "")
          yield* click(counter, "+10")
          yield* reads(count(counter), "10")
          yield* changes(clock.locator("time"))
          yield* reads(status(clock), "")
        }),
      30_000
    )
  }
)

const text = (locator: Locator) => Effect.promise(() => locator.innerText())

/** Waits until the element has another text. */
const changes = (locator: Locator) =>
  Effect.flatMap(text(locator), (before) =>
    Effect.promise(() => locator.filter({ hasNotText: before }).waitFor({ state: "attached" }))
  )
