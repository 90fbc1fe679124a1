import { assert, layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import type { Locator, Page } from "playwright-core"
import { checkHandshake } from "../../src/cli/ServerCheck.ts"
import { Chromium, timeout } from "../support/Chromium.ts"
import { httpProxy } from "../support/HttpProxy.ts"
import { gallerySuite } from "../support/gallerySuite.ts"
import * as Network from "../support/Network.ts"
import { patience } from "../support/patience.ts"
import { Showcase } from "../support/Showcase.ts"

const chat = (page: Page) => page.getByRole("region", { name: "A chat" })
const board = (page: Page) => page.getByRole("region", { name: "A board" })

/** Waits until there are exactly these texts, in this order. */
const lists = (items: Locator, texts: ReadonlyArray<string>) =>
  Effect.promise(async () => {
    for (const deadline = performance.now() + timeout; ;) {
      const found = await items.allInnerTexts()
      if (found.length === texts.length && texts.every((text, index) => found[index]?.includes(text))) return
      if (performance.now() > deadline) assert.deepStrictEqual(found, [...texts])
      await items.page().waitForTimeout(20)
    }
  })

const says = (page: Page, texts: ReadonlyArray<string>) => lists(chat(page).getByRole("log").locator("p"), texts)
const isHere = (page: Page, people: ReadonlyArray<string>) =>
  lists(chat(page).getByRole("list", { name: "Who is here" }).getByRole("listitem"), people)
const isTyping = (page: Page, text: string) => lists(chat(page).locator("[aria-live=polite]"), [text])

const say = (page: Page, text: string) =>
  Effect.promise(async () => {
    await chat(page).getByLabel("Message", { exact: true }).fill(text)
    await chat(page).getByRole("button", { name: "Send" }).click()
  })

const add = (page: Page, title: string) =>
  Effect.promise(async () => {
    await board(page).getByLabel("New card").fill(title)
    await board(page).getByRole("button", { name: "Add" }).click()
    await card(page, title).waitFor()
  })

const column = (page: Page, name: string) => board(page).getByRole("list", { name }).getByRole("article")
const card = (page: Page, title: string) => board(page).getByRole("article", { name: title })
const move = (page: Page, title: string, to: string) =>
  Effect.promise(() =>
    card(page, title)
      .getByLabel("Column")
      .selectOption(to)
      .then(() => undefined)
  )

/** Moves a card, and tells in which columns it was drawn then, so many times, and after how many milliseconds. */
const watchMove = (page: Page, title: string, to: string, moves: number) =>
  Effect.promise(() =>
    page.evaluate(
      async ({ moves, title, to }) => {
        const find = () => document.querySelector(`article[aria-label="${title}"]`)
        const where = () => find()?.querySelector("select")?.closest("ul")?.previousElementSibling?.textContent ?? ""
        const select = find()?.querySelector("select")
        if (select === null || select === undefined) throw new Error(`There is no card ${title}.`)
        const seen: Array<{ readonly column: string; readonly at: number }> = []
        let last = where()
        const since = performance.now()
        select.value = to
        select.dispatchEvent(new Event("change", { bubbles: true }))
        while (seen.length < moves && performance.now() - since < 30_000) {
          await new Promise(requestAnimationFrame)
          if (where() === last) continue
          last = where()
          seen.push({ column: last, at: performance.now() - since })
        }
        return seen
      },
      { moves, title, to }
    )
  )

/** How many milliseconds something takes. */
const took = <A>(waiting: Effect.Effect<A>) =>
  Effect.suspend(() => {
    const since = performance.now()
    return Effect.map(waiting, () => {
      const millis = performance.now() - since
      console.log(`test/browser/together.test.ts: ${Math.round(millis)} ms`)
      return millis
    })
  })

/** Milliseconds one way through a slow network: nothing can be answered before it has gone there and back. */
const delay = 1000

/** The complaints that are not about a server that is away. */
const beyondTheOutage = (complaints: ReadonlyArray<string>) =>
  complaints.filter((complaint) => !/^WebSocket connection to .* failed|^Failed to load resource/.test(complaint))

layer(Layer.merge(Showcase.layer, Chromium.layer), { excludeTestServices: true, timeout: 120_000 })(
  "pages that are together",
  (it) => {
    it.effect(
      "pages see messages, people and typing; a page that is closed or reloaded is gone at once, and back at once",
      () =>
        Effect.gen(function* () {
          const { port } = yield* (yield* Showcase).another({ linger: "45 seconds" })
          const url = `http://127.0.0.1:${port}/`
          const opened = [yield* Chromium.open(`${url}?as=Ada`), yield* Chromium.open(`${url}?as=Bob`)] as const
          const guest = yield* Chromium.open(url)
          const [ada, bob, eve] = [opened[0].page, opened[1].page, guest.page]
          const pages = [ada, bob, eve]
          yield* say(ada, "hello")
          yield* says(eve, ["Ada hello"])
          yield* Effect.promise(async () => {
            await chat(eve).getByLabel("Your name").fill("Eve")
            await chat(eve).getByRole("button", { name: "Join" }).click()
          })
          for (const page of pages) yield* isHere(page, ["Ada", "Bob", "Eve"])
          yield* say(eve, "hello, Ada")
          yield* say(bob, "hello, both")
          for (const page of pages) yield* says(page, ["Ada hello", "Eve hello, Ada", "Bob hello, both"])

          yield* Effect.promise(() => chat(bob).getByLabel("Message", { exact: true }).pressSequentially("hm"))
          yield* isTyping(ada, "Bob is typing …")
          yield* isTyping(eve, "Bob is typing …")
          yield* isTyping(bob, "")
          yield* say(bob, "hmm")
          for (const page of pages) yield* isTyping(page, "")

          const again = yield* Effect.promise(async () => {
            const again = await ada.context().newPage()
            await again.goto(ada.url())
            return again
          })
          yield* isHere(bob, ["Ada on 2 pages", "Bob", "Eve"])
          yield* Effect.promise(() => again.reload())
          yield* isHere(bob, ["Ada on 2 pages", "Bob", "Eve"])
          yield* Effect.promise(() => again.close())
          const gone = yield* took(isHere(bob, ["Ada", "Bob", "Eve"]))
          yield* Effect.promise(() => eve.goto("about:blank"))
          yield* isHere(bob, ["Ada", "Bob"])
          yield* isHere(ada, ["Ada", "Bob"])
          assert.isBelow(gone, 1000 * patience)
          for (const { complaints } of [...opened, guest]) assert.deepStrictEqual(complaints, [])
        }),
      240_000
    )

    it.effect(
      "pages miss nothing that was said while one of them was offline",
      () =>
        Effect.gen(function* () {
          const { port } = yield* (yield* Showcase).another({ linger: "45 seconds" })
          const network = yield* Network.make(port)
          const { page: ada } = yield* Chromium.open(`http://127.0.0.1:${port}/?as=Ada`)
          const { complaints, page: bob } = yield* Chromium.open(`${network.url}?as=Bob`)
          yield* isHere(ada, ["Ada", "Bob"])
          yield* say(bob, "I am in a tunnel soon")
          yield* says(ada, ["tunnel"])
          network.gone()
          yield* isHere(ada, ["Ada", "Bob (away)"])
          yield* say(ada, "one")
          yield* Effect.promise(() => ada.waitForTimeout(3000))
          yield* say(ada, "two")
          yield* says(bob, ["tunnel"])
          network.back()
          yield* Effect.promise(() => bob.evaluate(() => void dispatchEvent(new Event("online"))))
          const live = yield* took(says(bob, ["tunnel", "Ada one", "Ada two"]))
          assert.isBelow(live, 500 * patience)
          yield* isHere(ada, ["Ada", "Bob"])
          yield* isHere(bob, ["Ada", "Bob"])
          yield* say(bob, "back")
          yield* says(ada, ["tunnel", "Ada one", "Ada two", "Bob back"])
          assert.deepStrictEqual(beyondTheOutage(complaints), [])
        }),
      240_000
    )

    it.effect(
      "pages that cannot connect say why on their console, and fibra doctor says the same",
      () =>
        Effect.gen(function* () {
          const { port } = yield* (yield* Showcase).another({ linger: "45 seconds" })
          for (const [options, expected, found] of [
            [
              { upgrades: true, host: false },
              /it was refused with 403: Pages of http:.* are not allowed to connect/,
              /^Pages of http:.* are refused.*the same host.*proxy_set_header Host/
            ],
            [
              { upgrades: false, host: true },
              /answers, but no WebSocket gets through/,
              /no WebSocket gets through \(426\)\. Let the proxy/
            ],
            [
              { upgrades: true, host: true, missing: "/api/live/rpc" },
              /there is no ws:.*\/api\/live\/rpc/,
              /^There is no ws:.*\/api\/live\/rpc \(404\)\. /
            ]
          ] as const) {
            const proxy = yield* httpProxy(port, options)
            const check = checkHandshake(`ws://127.0.0.1:${proxy}/api/live/rpc`, `http://127.0.0.1:${proxy}`)
            const { hint, message } = yield* Effect.flip(check)
            assert.match(`${message} ${hint}`, found)
            const { page } = yield* Chromium.open("about:blank")
            const said = page.waitForEvent("console", (message) => expected.test(message.text()))
            yield* Effect.promise(() => page.goto(`http://127.0.0.1:${proxy}/`))
            yield* Effect.promise(() => said)
            yield* Effect.promise(() => page.close())
          }
        }),
      240_000
    )

    it.effect(
      "pages show a moved card before the server answers, and move it back when the server refuses",
      () =>
        Effect.gen(function* () {
          const { port } = yield* (yield* Showcase).another({ linger: "45 seconds" })
          const network = yield* Network.make(port)
          const { complaints, page: ada } = yield* Chromium.open(`${network.url}?as=Ada`)
          const { page: guest } = yield* Chromium.open(`http://127.0.0.1:${port}/`)
          for (const title of ["a", "b", "c", "d"]) yield* add(ada, title)
          yield* move(ada, "a", "doing")
          yield* move(ada, "b", "doing")
          yield* lists(column(guest, "Doing"), ["a", "b"])

          network.delay(delay)
          const moved = yield* watchMove(ada, "c", "doing", 1)
          assert.deepStrictEqual(
            moved.map(({ column }) => column),
            ["Doing"]
          )
          assert.isBelow(moved[0]?.at ?? Infinity, 2 * delay)
          yield* lists(column(guest, "Doing"), ["a", "b", "c"])

          const refused = yield* watchMove(ada, "d", "doing", 2)
          assert.deepStrictEqual(
            refused.map(({ column }) => column),
            ["Doing", "To do"]
          )
          assert.isBelow(refused[0]?.at ?? Infinity, 2 * delay)
          // Timers may be a little early.
          assert.isAtLeast(refused[1]?.at ?? 0, 1.9 * delay)
          yield* lists(board(ada).getByRole("alert"), ['There is room for 3 cards in "doing".'])
          yield* lists(column(ada, "Doing"), ["a", "b", "c"])
          yield* lists(column(ada, "To do"), ["d"])
          yield* lists(column(guest, "To do"), ["d"])
          assert.deepStrictEqual(complaints, [])
        }),
      240_000
    )

    it.effect(
      "pages show notes to members, and none to guests",
      () =>
        Effect.gen(function* () {
          const { port } = yield* (yield* Showcase).another({ linger: "45 seconds" })
          const url = `http://127.0.0.1:${port}/`
          const { page: ada } = yield* Chromium.open(`${url}?as=Ada`)
          const { page: bob } = yield* Chromium.open(`${url}?as=Bob`)
          const { page: guest } = yield* Chromium.open("about:blank")
          let received = ""
          guest.on("websocket", (socket) => socket.on("framereceived", ({ payload }) => (received += String(payload))))
          yield* Effect.promise(() => guest.goto(url))
          yield* add(ada, "a card")
          yield* Effect.promise(async () => {
            const note = card(ada, "a card").getByLabel("Note")
            await note.fill("between us")
            await note.press("Enter")
          })
          yield* Effect.promise(() => card(bob, "a card").locator("input").waitFor())
          yield* Effect.promise(() =>
            bob.waitForFunction(() => document.querySelector<HTMLInputElement>("article input")?.value === "between us")
          )
          yield* move(ada, "a card", "done")
          yield* lists(column(guest, "Done"), ["a card"])
          assert.strictEqual(yield* Effect.promise(() => guest.getByLabel("Note").count()), 0)
          assert.include(received, "a card")
          assert.notInclude(received, "between us")
        }),
      240_000
    )

    gallerySuite(it)
  }
)
