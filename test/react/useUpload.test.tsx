// @vitest-environment happy-dom
import { assert, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { UploadStore } from "fibra/server"
import {
  type LiveComponent,
  type UploadingFile,
  UploadProgressBar,
  useComponent,
  useUpload,
  type ViewUploads
} from "fibra/react"
import { LiveTest } from "fibra/testing"
import { useState } from "react"
import { Album, AlbumLayer, png } from "../support/Album.ts"
import { onPageOf, Page } from "../support/page.tsx"

const server = LiveTest.layer({ components: [Album] }).pipe(
  Layer.provide(AlbumLayer),
  Layer.provideMerge(UploadStore.layerMemory)
)

const picture = (name = "a.png") => new File([png], name, { type: "image/png" })

/** A page with an album, and what its view was given last. */
const albumPage = (paste?: "page") => {
  const seen: Array<ViewUploads> = []
  const View = () => {
    const album = useComponent(Album)
    const uploads = useUpload(album, "photo", { paste })
    seen.push(uploads)
    return (
      <section {...uploads.zone}>
        <input aria-label="Photos" {...uploads.input} />
        {uploads.files.map((file) => (
          <UploadProgressBar key={file.id} of={file} />
        ))}
        <p>{album.state.files.length} files</p>
      </section>
    )
  }
  const uploads = () => seen.at(-1) as ViewUploads
  return { View, uploads, first: () => uploads().files[0] as UploadingFile }
}

/** Draws until the first file has ended. */
const ended = (first: () => UploadingFile | undefined) =>
  Effect.gen(function* () {
    const page = yield* Page
    for (let round = 0; round < 50 && !["completed", "failed"].includes(first()?.status ?? ""); round++) {
      yield* page.drawn(Effect.promise(() => new Promise((resolve) => setImmediate(resolve))))
    }
  })

/** The addresses of objects that were made and not revoked. */
const followAddresses = Effect.acquireRelease(
  Effect.sync(() => {
    const open = new Set<string>()
    const { createObjectURL, revokeObjectURL } = URL
    URL.createObjectURL = () => {
      const address = `blob:${open.size}`
      open.add(address)
      return address
    }
    URL.revokeObjectURL = (address) => void open.delete(address)
    return { open, restore: () => Object.assign(URL, { createObjectURL, revokeObjectURL }) }
  }),
  ({ restore }) => Effect.sync(restore)
)

/** An event with these files where a browser has them. */
const eventWith = (type: string, where: "clipboardData" | "dataTransfer", files: ReadonlyArray<File>) =>
  Object.assign(new Event(type, { bubbles: true, cancelable: true }), {
    [where]: { files, types: files.length === 0 ? [] : ["Files"], dropEffect: "none" }
  })

it.effect("a file that is added is uploaded, shown while it is, and announced when it has ended", () =>
  onPageOf(
    server,
    Effect.gen(function* () {
      const page = yield* Page
      const { View, first, uploads } = albumPage()
      yield* page.render(<View />)
      yield* page.drawn(Effect.sync(() => uploads().add([picture()])))
      yield* ended(first)
      const { completed, progress, status } = first()
      assert.deepStrictEqual([status, progress, completed?.name], ["completed", 1, "a.png"])
      const bar = page.element.querySelector("progress")
      assert.strictEqual(bar?.getAttribute("aria-label"), "a.png")
      assert.strictEqual(bar?.getAttribute("aria-valuetext"), "100 %")
      assert.strictEqual(page.element.querySelector("[role=status]")?.textContent, "Uploaded.")
      yield* page.drawn(Effect.void)
      assert.include(page.text(), "1 files")
    })
  )
)

it.effect("the input takes what the policy accepts, and the same file again", () =>
  onPageOf(
    server,
    Effect.gen(function* () {
      const page = yield* Page
      const { View, uploads } = albumPage()
      yield* page.render(<View />)
      const input = page.element.querySelector("input") as HTMLInputElement
      assert.strictEqual(input.getAttribute("accept"), "image/*,.pdf,.svg,.txt")
      assert.isTrue(input.multiple)
      // What a browser has there while a file is chosen: it tells nobody of the same one again.
      Object.defineProperty(input, "value", { value: "", writable: true })
      const choose = () => {
        input.value = "C:\\fakepath\\a.png"
        Object.defineProperty(input, "files", { value: [picture()], configurable: true })
        input.dispatchEvent(new Event("change", { bubbles: true }))
      }
      yield* page.drawn(Effect.sync(choose))
      yield* page.drawn(Effect.sync(choose))
      assert.deepStrictEqual(
        uploads().files.map(({ name }) => name),
        ["a.png", "a.png"]
      )
      assert.strictEqual(input.value, "")
    })
  )
)

it.effect("what is dropped or pasted on the zone is added, and a pasted text is left alone", () =>
  onPageOf(
    server,
    Effect.gen(function* () {
      const page = yield* Page
      const { View, uploads } = albumPage()
      yield* page.render(<View />)
      const zone = page.element.querySelector("section") as HTMLElement
      const dispatch = (event: Event) => page.drawn(Effect.sync(() => zone.dispatchEvent(event)))
      const over = eventWith("dragover", "dataTransfer", [picture("d.png")])
      yield* dispatch(over)
      assert.isTrue(over.defaultPrevented)
      assert.isTrue(uploads().isDragging)
      assert.strictEqual(zone.getAttribute("data-dragging"), "true")
      yield* dispatch(eventWith("drop", "dataTransfer", [picture("d.png")]))
      assert.isFalse(uploads().isDragging)
      yield* dispatch(eventWith("paste", "clipboardData", [picture("p.png")]))
      const text = eventWith("paste", "clipboardData", [])
      yield* dispatch(text)
      assert.isFalse(text.defaultPrevented)
      assert.deepStrictEqual(
        uploads().files.map(({ name }) => name),
        ["d.png", "p.png"]
      )
    })
  )
)

it.effect("what is pasted anywhere on the page is added once, if the view wants that, until it is gone", () =>
  onPageOf(
    server,
    Effect.gen(function* () {
      const page = yield* Page
      const { View, uploads } = albumPage("page")
      yield* page.render(<View />)
      const paste = (at: EventTarget) =>
        page.drawn(Effect.sync(() => at.dispatchEvent(eventWith("paste", "clipboardData", [picture()]))))
      yield* paste(document.body)
      assert.strictEqual(uploads().files.length, 1)
      yield* paste(page.element.querySelector("section") as HTMLElement)
      assert.strictEqual(uploads().files.length, 2)
      yield* page.render(null)
      const unheard = eventWith("paste", "clipboardData", [picture()])
      yield* page.drawn(Effect.sync(() => document.body.dispatchEvent(unheard)))
      assert.isFalse(unheard.defaultPrevented)
    })
  )
)

it.effect("a refused file says why, and can be retried and removed", () =>
  onPageOf(
    server,
    Effect.gen(function* () {
      const page = yield* Page
      const { View, first, uploads } = albumPage()
      yield* page.render(<View />)
      yield* page.drawn(Effect.sync(() => uploads().add([picture("refuse.png")])))
      yield* ended(first)
      assert.strictEqual(first().status, "failed")
      assert.include(page.element.querySelector("[role=status]")?.textContent, "we have that one")
      yield* page.drawn(Effect.sync(() => first().retry()))
      yield* ended(first)
      assert.include(first().error?.message, "we have that one")
      yield* page.drawn(Effect.sync(() => first().remove()))
      assert.deepStrictEqual(uploads().files, [])
      yield* page.drawn(Effect.sync(() => uploads().add([new File(["<b>"], "a.html", { type: "text/html" })])))
      assert.include(first().error?.message, "files ending in .html are not taken")
    })
  )
)

it.effect("a picture has a preview until it is removed or the view is gone; another file has none", () =>
  Effect.scoped(
    onPageOf(
      server,
      Effect.gen(function* () {
        const { open } = yield* followAddresses
        const page = yield* Page
        const { View, uploads } = albumPage()
        yield* page.render(<View />)
        yield* page.drawn(
          Effect.sync(() =>
            uploads().add([picture(), picture("b.png"), new File(["hello"], "a.txt", { type: "text/plain" })])
          )
        )
        const [a, b, text] = uploads().files
        assert.deepStrictEqual([...open], [a?.preview, b?.preview])
        assert.isUndefined(text?.preview)
        yield* page.drawn(Effect.sync(() => a?.remove()))
        assert.deepStrictEqual([...open], [b?.preview])
        yield* page.render(null)
        assert.deepStrictEqual([...open], [])
      })
    )
  )
)

it.effect("a view that leaves cancels what is under way, and a redrawn one keeps it", () =>
  onPageOf(
    server,
    Effect.gen(function* () {
      const live = yield* LiveTest
      const page = yield* Page
      const { View, first, uploads } = albumPage()
      const redraws: Array<() => void> = []
      const Parent = () => {
        const [count, setCount] = useState(0)
        redraws.push(() => setCount(count + 1))
        return <View />
      }
      yield* page.render(<Parent />)
      yield* page.drawn(live.disconnect)
      yield* page.drawn(Effect.sync(() => uploads().add([picture()])))
      yield* page.drawn(Effect.sync(() => redraws.at(-1)?.()))
      const { id, status } = first()
      assert.deepStrictEqual([id, status], [1, "waiting"])
      yield* page.render(null)
      yield* page.drawn(live.reconnect)
      yield* page.render(<Parent />)
      assert.deepStrictEqual(uploads().files, [])
      yield* page.drawn(live.settle)
      assert.include(page.text(), "0 files")
    })
  )
)

it.effect("a view that leaves cancels what is under way, also when its component stays", () =>
  onPageOf(
    server,
    Effect.gen(function* () {
      const live = yield* LiveTest
      const page = yield* Page
      const seen: Array<ViewUploads> = []
      const hides: Array<() => void> = []
      const Uploads = ({ of }: { readonly of: LiveComponent<typeof Album> }) => {
        seen.push(useUpload(of, "photo"))
        return null
      }
      const Parent = () => {
        const album = useComponent(Album)
        const [isShown, setShown] = useState(true)
        hides.push(() => setShown(false))
        return isShown ? <Uploads of={album} /> : <p>{album.state.files.length} files</p>
      }
      yield* page.render(<Parent />)
      yield* page.drawn(live.disconnect)
      yield* page.drawn(Effect.sync(() => seen.at(-1)?.add([picture()])))
      yield* page.drawn(Effect.sync(() => hides.at(-1)?.()))
      yield* page.drawn(live.reconnect)
      for (let round = 0; round < 10; round++) {
        yield* page.drawn(Effect.promise(() => new Promise((resolve) => setImmediate(resolve))))
      }
      assert.strictEqual(page.text(), "0 files")
    })
  )
)

it.effect("a file that was added offline can be paused, resumed and cancelled", () =>
  onPageOf(
    server,
    Effect.gen(function* () {
      const live = yield* LiveTest
      const page = yield* Page
      const { View, first, uploads } = albumPage()
      yield* page.render(<View />)
      yield* page.drawn(live.disconnect)
      yield* page.drawn(Effect.sync(() => uploads().add([picture()])))
      yield* page.drawn(Effect.sync(() => first().pause()))
      assert.strictEqual(first().status, "paused")
      yield* page.drawn(live.reconnect)
      assert.strictEqual(first().status, "paused")
      yield* page.drawn(Effect.sync(() => first().cancel()))
      assert.strictEqual(first().status, "cancelled")
      yield* page.drawn(Effect.sync(() => first().retry()))
      yield* ended(first)
      assert.strictEqual(first().status, "completed")
    })
  )
)
