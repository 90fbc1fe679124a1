/** A gallery of the showcase, as people use it: choose, drop, paste, watch, pause, cancel, and lose the connection. */
import { deflateSync } from "node:zlib"
import { assert, type Vitest } from "@effect/vitest"
import { Effect } from "effect"
import type { Locator, Page } from "playwright-core"
import { findings } from "./axe.ts"
import { Chromium } from "./Chromium.ts"
import * as Network from "./Network.ts"
import { Showcase } from "./Showcase.ts"

/** A picture that a browser shows: so many points wide and high, of one colour. */
const picture = (name: string, side = 16, ballast = 0) => {
  const crc = (bytes: Buffer): number => {
    let value = ~0
    for (const byte of bytes) {
      value ^= byte
      for (let bit = 0; bit < 8; bit++) value = (value >>> 1) ^ (value & 1 ? 0xedb88320 : 0)
    }
    return ~value >>> 0
  }
  const part = (type: string, body: Buffer) => {
    const typed = Buffer.concat([Buffer.from(type), body])
    const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)]
    length.writeUInt32BE(body.length)
    sum.writeUInt32BE(crc(typed))
    return Buffer.concat([length, typed, sum])
  }
  const head = Buffer.from([0, 0, 0, side, 0, 0, 0, side, 8, 2, 0, 0, 0])
  const points = Buffer.alloc(side * (1 + side * 3), 120)
  for (let row = 0; row < side; row++) points[row * (1 + side * 3)] = 0
  const buffer = Buffer.concat([
    Buffer.from("89504e470d0a1a0a", "hex"),
    part("IHDR", head),
    // Bytes that no program looks at.
    part("teSt", Buffer.alloc(ballast)),
    part("IDAT", deflateSync(points)),
    part("IEND", Buffer.alloc(0))
  ])
  return { name, mimeType: "image/png", buffer }
}

const gallery = (page: Page) => page.getByRole("region", { name: "A gallery" })
const upload = (page: Page, name: string) =>
  gallery(page).getByRole("list", { name: "Uploads" }).getByRole("listitem", { name })
const shown = (page: Page, name: string) => gallery(page).getByRole("list", { name: "Pictures" }).getByAltText(name)

const choose = (page: Page, ...files: ReadonlyArray<ReturnType<typeof picture>>) =>
  Effect.promise(() =>
    gallery(page)
      .locator("input[type=file]")
      .setInputFiles([...files])
  )

const click = (page: Page, name: string) =>
  Effect.promise(() => gallery(page).getByRole("button", { name, exact: true }).click())

/** Waits until an upload says so. */
const says = (page: Page, name: string, text: string | RegExp) =>
  Effect.promise(() => upload(page, name).getByRole("status").filter({ hasText: text }).waitFor())

/** Waits until the browser has drawn a picture of the gallery, and gives its width. */
const width = (picture: Locator) =>
  Effect.promise(async () => {
    await picture.waitFor()
    return picture.evaluate(async (element) => {
      const image = element as HTMLImageElement
      await image.decode()
      return image.naturalWidth
    })
  })

/** Adds a file with an event that only a browser can make. */
const dispatch = (page: Page, event: "drop" | "paste", { buffer, mimeType, name }: ReturnType<typeof picture>) =>
  Effect.promise(() =>
    gallery(page).evaluate(
      (element, { base64, event, name, type }) => {
        const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))
        const data = new DataTransfer()
        data.items.add(new File([bytes], name, { type }))
        const init = { bubbles: true, cancelable: true }
        if (event === "paste") {
          return void document.body.dispatchEvent(new ClipboardEvent("paste", { ...init, clipboardData: data }))
        }
        for (const type of ["dragover", "drop"]) {
          element.dispatchEvent(new DragEvent(type, { ...init, dataTransfer: data }))
        }
      },
      { base64: buffer.toString("base64"), event, name, type: mimeType }
    )
  )

/** The tests of the gallery, in a browser and on a server that others use, too. */
export const gallerySuite = (it: Vitest.MethodsNonLive<Showcase | Chromium>): void => {
  it.effect(
    "pictures that are chosen, dropped or pasted are shown to everyone, and axe finds nothing",
    () =>
      Effect.gen(function* () {
        const { url } = yield* Showcase
        const { complaints, page } = yield* Chromium.open(url)
        const { page: another } = yield* Chromium.open(url)
        yield* choose(page, picture("chosen.png", 11), picture("too.png", 12))
        yield* dispatch(page, "drop", picture("dropped.png", 13))
        yield* dispatch(page, "paste", picture("pasted.png", 14))
        const names = ["chosen.png", "too.png", "dropped.png", "pasted.png"]
        for (const [index, name] of names.entries()) {
          yield* says(page, name, "Uploaded.")
          assert.strictEqual(yield* width(shown(page, name)), 11 + index)
          assert.strictEqual(yield* width(shown(another, name)), 11 + index)
        }
        assert.strictEqual(yield* width(upload(page, "chosen.png").locator("img")), 11)
        const served = yield* Effect.promise(async () => {
          const address = await shown(another, "dropped.png").getAttribute("src")
          const response = await another.request.get(new URL(address ?? "", url).href)
          return [response.headers()["content-type"], Buffer.compare(await response.body(), picture("", 13).buffer)]
        })
        assert.deepStrictEqual(served, ["image/png", 0])
        yield* choose(page, { ...picture("page.html"), mimeType: "text/html" })
        yield* says(page, "page.html", /not accepted/)
        assert.deepStrictEqual(yield* findings(page), [])
        yield* click(page, "Remove page.html")
        yield* click(page, "Remove chosen.png")
        yield* Effect.promise(() => upload(page, "chosen.png").waitFor({ state: "detached" }))
        assert.strictEqual(yield* width(shown(page, "chosen.png")), 11)
        assert.deepStrictEqual(complaints, [])
      }),
    240_000
  )

  it.effect(
    "an upload shows how far it is, goes on after it was offline and after its server was killed, and can be cancelled",
    () =>
      Effect.gen(function* () {
        const showcase = yield* Showcase
        const network = yield* Network.make(Number(new URL(showcase.url).port))
        const { page } = yield* Chromium.open(network.url)
        yield* Effect.promise(() => gallery(page).locator("[data-live=synced]").waitFor({ state: "attached" }))
        // Each piece takes a moment.
        network.delay(100)
        const large = picture("large.png", 21, 5_000_000)
        yield* choose(page, large)
        const bar = upload(page, "large.png").getByRole("progressbar")
        const value = () => Effect.promise(() => bar.evaluate((element) => (element as HTMLProgressElement).value))
        /** Waits until more than this part of it is there. */
        const passes = (part: number) =>
          Effect.promise(async () => {
            const element = await bar.elementHandle()
            await page.waitForFunction(([element, part]) => (element as HTMLProgressElement).value > (part as number), [
              element,
              part
            ] as const)
          })
        yield* passes(0)
        network.gone()
        yield* says(page, "large.png", "Waiting …")
        const before = yield* value()
        assert.isBelow(before, 1)
        network.back()
        yield* passes(before)
        // Not even what was sent is there before it is paused.
        network.delay(2000)
        yield* click(page, "Pause large.png")
        yield* says(page, "large.png", "Paused.")
        network.delay(0)
        yield* showcase.kill
        yield* showcase.start
        const paused = yield* value()
        assert.isBelow(paused, 1)
        yield* click(page, "Resume large.png")
        yield* passes(paused)
        yield* says(page, "large.png", "Uploaded.")
        assert.strictEqual(yield* width(shown(page, "large.png")), 21)

        yield* choose(page, picture("unwanted.png", 22, 5_000_000))
        yield* click(page, "Cancel unwanted.png")
        yield* says(page, "unwanted.png", /Cancelled|cancelled/)
        yield* choose(page, picture("last.png", 23))
        yield* says(page, "last.png", "Uploaded.")
        yield* width(shown(page, "last.png"))
        assert.strictEqual(yield* Effect.promise(() => shown(page, "unwanted.png").count()), 0)
      }),
    240_000
  )
}
