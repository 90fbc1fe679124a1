/** Uploads as `fibra/client` makes them, to a real server without a network. */
import { openAsBlob } from "node:fs"
import { writeFile } from "node:fs/promises"
import { basename, join } from "node:path"
import { assert, it } from "@effect/vitest"
import { Clock, Context, Effect, Fiber, Layer, Stream } from "effect"
import { TestClock } from "effect/testing"
import type { FileUpload, ReadableSource, UploadProgress } from "fibra/client"
import { UploadStore } from "fibra/server"
import { LiveTest } from "fibra/testing"
import { Album, AlbumLayer, handled, pngOf, sha256 as sha256Of } from "../../support/Album.ts"
import { folder } from "../../support/workspace.ts"

/** The files that are not complete, in the store of the server. */
class Unfinished extends Context.Service<Unfinished, ReadonlySet<string>>()("test/Unfinished") {}

const store = Layer.effectContext(
  Effect.map(Effect.service(UploadStore.UploadStore), (memory) => {
    const unfinished = new Set<string>()
    const followed = UploadStore.UploadStore.of({
      ...memory,
      create: (id, about) =>
        Effect.map(memory.create(id, about), (file) => {
          unfinished.add(id)
          const end = Effect.sync(() => unfinished.delete(id))
          return {
            ...file,
            abort: Effect.ensuring(file.abort, end),
            finish: (...as) => Effect.ensuring(file.finish(...as), end)
          }
        })
    })
    return Context.make(UploadStore.UploadStore, followed).pipe(Context.add(Unfinished, unfinished))
  })
).pipe(Layer.provide(UploadStore.layerMemory))

const server = LiveTest.layer({ components: [Album] }).pipe(Layer.provide(AlbumLayer), Layer.provideMerge(store))

const album = Effect.flatMap(LiveTest, (live) => live.mount(Album, {}))

/** Files of any type and of so many bytes, none like the other. */
const bytes = (size: number): Uint8Array =>
  Buffer.alloc(size, Buffer.from(Array.from({ length: 251 }, (_, index) => index)))

/** A file that is read slowly, so that a test can do something meanwhile. */
const slowly = (content: Uint8Array): ReadableSource => ({
  name: "slow.bin2",
  type: "",
  size: content.length,
  read: (offset, length) => Effect.as(Effect.sleep("200 millis"), content.subarray(offset, offset + length))
})

/** Lets time pass until this much of it is stored, and not much more. */
const reaches = (upload: FileUpload, received: number) =>
  Effect.gen(function* () {
    const live = yield* LiveTest
    while ((yield* upload.progress).received < received) {
      yield* live.settle
      yield* TestClock.adjust("100 millis")
    }
  })

const reasonOf = (upload: FileUpload) =>
  Effect.map(Effect.flip(upload.result), ({ reason }) =>
    reason._tag === "UploadRejected" ? reason.reason : reason._tag
  )

it.effect("a file arrives whole, and its result is there when the behaviour has it", () =>
  Effect.gen(function* () {
    const content = pngOf(900_000)
    const upload = yield* (yield* album).upload("photo", content, { name: "a.png", type: "image/png" })
    const completed = yield* upload.result
    const { progress } = upload
    assert.deepInclude(completed, { name: "a.png", type: "image/png", size: 900_000, sha256: sha256Of(content) })
    assert.strictEqual(handled.at(-1)?.sha256, completed.sha256)
    assert.deepInclude(yield* progress, { status: "completed", received: 900_000, completed })
  }).pipe(Effect.provide(server))
)

it.effect("a File says itself what it is called and what it is, and an empty one is a file, too", () =>
  Effect.gen(function* () {
    const mounted = yield* album
    const text = yield* mounted.upload("photo", new File(["hello"], "a.txt", { type: "text/plain" }))
    assert.deepInclude(yield* text.result, { name: "a.txt", size: 5, sha256: sha256Of(Buffer.from("hello")) })
    const empty = yield* mounted.upload("any", new File([], "empty.txt"))
    assert.deepInclude(yield* empty.result, { size: 0, sha256: sha256Of(new Uint8Array()) })
  }).pipe(Effect.provide(server))
)

it.effect("what the contract does not take is refused at once, and nothing is sent", () =>
  Effect.gen(function* () {
    const sent: Array<string> = []
    const live = yield* (yield* LiveTest).connect({ onFrame: (from, text) => from === "client" && sent.push(text) })
    const mounted = yield* live.mount(Album, {})
    yield* live.settle
    const before = sent.length
    const refused = (name: string, type: string, size = 1) =>
      Effect.map(Effect.flip(mounted.upload("photo", new Uint8Array(size), { name, type })), ({ reason }) =>
        reason._tag === "UploadRejected" ? reason.reason : reason._tag
      )
    assert.strictEqual(yield* refused("a.zip", "application/zip"), "type")
    assert.strictEqual(yield* refused("a.html.png", "image/png"), "name")
    assert.strictEqual(yield* refused("", "image/png"), "name")
    assert.strictEqual(yield* refused("a.png", "image/png", 1_000_001), "tooLarge")
    yield* live.settle
    assert.strictEqual(sent.length, before)
  }).pipe(Effect.provide(server))
)

it.effect("five lost connections and a killed server later the file is whole", () =>
  Effect.gen(function* () {
    const live = yield* LiveTest
    const content = bytes(8_000_000)
    const upload = yield* (yield* album).upload("any", slowly(content))
    for (let cut = 1; cut <= 5; cut++) {
      yield* reaches(upload, cut * 1_000_000)
      yield* live.disconnect
      yield* TestClock.adjust("3 seconds")
      assert.strictEqual((yield* upload.progress).status, "waiting")
      yield* live.reconnect
    }
    yield* reaches(upload, 6_000_000)
    const before = (yield* upload.progress).received
    yield* live.kill
    yield* live.start
    yield* live.reconnect
    yield* live.settle
    assert.isAtLeast((yield* upload.progress).received, before)
    yield* reaches(upload, 8_000_000)
    assert.strictEqual((yield* upload.result).sha256, sha256Of(content))
  }).pipe(Effect.provide(server))
)

it.effect("a paused upload sends nothing, and goes on where it was, also after five minutes", () =>
  Effect.gen(function* () {
    const live = yield* LiveTest
    const content = bytes(4_000_000)
    const upload = yield* (yield* album).upload("any", slowly(content))
    yield* reaches(upload, 1_000_000)
    yield* upload.pause
    yield* live.settle
    yield* TestClock.adjust("1 second")
    const { received, status } = yield* upload.progress
    assert.strictEqual(status, "paused")
    assert.isBelow(received, 4_000_000)
    yield* TestClock.adjust("5 minutes")
    assert.deepInclude(yield* upload.progress, { status: "paused", received })
    yield* upload.resume
    yield* live.settle
    assert.isAtLeast((yield* upload.progress).received, received)
    yield* reaches(upload, 4_000_000)
    assert.strictEqual((yield* upload.result).sha256, sha256Of(content))
  }).pipe(Effect.provide(server))
)

it.effect("a cancelled upload ends, and the server keeps nothing of it", () =>
  Effect.gen(function* () {
    const live = yield* LiveTest
    const mounted = yield* album
    const upload = yield* mounted.upload("any", slowly(bytes(4_000_000)))
    yield* reaches(upload, 1_000_000)
    yield* upload.cancel
    assert.strictEqual(yield* reasonOf(upload), "cancelled")
    assert.strictEqual((yield* upload.progress).status, "cancelled")
    yield* live.settle
    assert.strictEqual((yield* Unfinished).size, 0)
  }).pipe(Effect.provide(server))
)

it.effect("an upload that is cancelled offline is removed when there is a connection again", () =>
  Effect.gen(function* () {
    const live = yield* LiveTest
    const mounted = yield* album
    const upload = yield* mounted.upload("any", slowly(bytes(4_000_000)))
    yield* reaches(upload, 1_000_000)
    yield* live.disconnect
    yield* upload.cancel
    assert.strictEqual((yield* Unfinished).size, 1)
    yield* live.reconnect
    assert.strictEqual((yield* Unfinished).size, 0)
  }).pipe(Effect.provide(server))
)

it.effect("what the behaviour refuses fails with its words", () =>
  Effect.gen(function* () {
    const upload = yield* (yield* album).upload("photo", pngOf(1000), { name: "refuse.png", type: "image/png" })
    const { message } = yield* Effect.flip(upload.result)
    assert.include(message, "we have that one")
    assert.strictEqual((yield* upload.progress).status, "failed")
  }).pipe(Effect.provide(server))
)

it.effect("more files than the policy allows at a time wait for their turn", () =>
  Effect.gen(function* () {
    const mounted = yield* album
    const uploads = yield* Effect.forEach([1, 2, 3, 4, 5, 6], (n) =>
      mounted.upload("photo", pngOf(50_000 + n), { name: `${n}.png`, type: "image/png" })
    )
    assert.deepStrictEqual(
      (yield* Effect.forEach(uploads, ({ result }) => result, { concurrency: "unbounded" })).map(({ size }) => size),
      [1, 2, 3, 4, 5, 6].map((n) => 50_000 + n)
    )
  }).pipe(Effect.provide(server))
)

it.effect("an upload ends with its mount", () =>
  Effect.gen(function* () {
    const live = yield* LiveTest
    const upload = yield* Effect.scoped(
      Effect.flatMap(live.mount(Album, {}), (mounted) => mounted.upload("any", slowly(bytes(4_000_000))))
    )
    assert.strictEqual(yield* reasonOf(upload), "InstanceStopped")
    yield* live.settle
    assert.strictEqual((yield* Unfinished).size, 0)
  }).pipe(Effect.provide(server))
)

it.effect("progress is told to its end, in order, and its bytes ten times a second at most", () =>
  Effect.gen(function* () {
    const content = bytes(8_000_000)
    const quickly = {
      ...slowly(content),
      read: (offset: number, length: number) =>
        Effect.as(Effect.sleep("10 millis"), content.subarray(offset, offset + length))
    }
    const upload = yield* (yield* album).upload("any", quickly)
    const told: Array<UploadProgress & { readonly at: number }> = []
    const watching = yield* Effect.forkChild(
      Stream.runForEach(upload.changes, (progress) =>
        Effect.map(Clock.currentTimeMillis, (at) => void told.push({ ...progress, at }))
      )
    )
    const live = yield* LiveTest
    for (let tick = 0; tick < 500 && (yield* upload.progress).status !== "completed"; tick++) {
      yield* live.settle
      yield* TestClock.adjust("10 millis")
    }
    yield* Fiber.join(watching)
    const received = told.map(({ received }) => received)
    assert.deepStrictEqual(
      received,
      received.toSorted((a, b) => a - b)
    )
    assert.strictEqual(told.at(-1)?.status, "completed")
    const times = told.filter(({ status }) => status === "uploading").map(({ at }) => at)
    assert.isAtLeast(times.length, 3)
    for (const [index, at] of times.entries()) assert.isAtLeast((times[index + 1] ?? Infinity) - at, 99)
  }).pipe(Effect.provide(server))
)

it.effect("pieces are read one at a time, and a file that cannot be read any more fails and is removed", () =>
  Effect.gen(function* () {
    const content = bytes(4_000_000)
    const lengths: Array<number> = []
    let reading = 0
    const source = {
      ...slowly(content),
      read: (offset: number, length: number) =>
        Effect.suspend(() => {
          assert.strictEqual(reading++, 0)
          lengths.push(length)
          return Effect.andThen(
            Effect.sleep("50 millis"),
            Effect.suspend(() => {
              reading--
              return offset > 2_000_000
                ? Effect.fail("the disk was pulled out")
                : Effect.succeed(content.subarray(offset, offset + length))
            })
          )
        })
    }
    const upload = yield* (yield* album).upload("any", source)
    yield* reaches(upload, 2_000_000)
    yield* TestClock.adjust("1 second")
    assert.strictEqual(yield* reasonOf(upload), "unreadable")
    assert.isAtMost(Math.max(...lengths), 256 * 1024)
    yield* (yield* LiveTest).settle
    assert.strictEqual((yield* Unfinished).size, 0)
  }).pipe(Effect.provide(server))
)

it.effect("a program sends a file of its disk, and sees how far it is", () =>
  Effect.gen(function* () {
    const path = join(yield* folder, "holiday.png")
    yield* Effect.promise(() => writeFile(path, pngOf(500_000)))
    const said: Array<string> = []
    const Console = { log: (text: string) => Effect.sync(() => said.push(text)) }
    const album = yield* (yield* LiveTest).mount(Album, {})
    // #region program
    const file = yield* Effect.promise(() => openAsBlob(path, { type: "image/png" })) // read in pieces, when they are sent
    const upload = yield* album.upload("photo", file, { name: basename(path) })
    yield* upload.changes.pipe(
      Stream.runForEach(({ received, size, status }) => Console.log(`${status}: ${received} of ${size} bytes`)),
      Effect.forkScoped
    )
    const { sha256, url } = yield* upload.result // or why it was refused
    // #endregion program
    assert.match(url, /^\/api\/uploads\//)
    assert.strictEqual(sha256, sha256Of(pngOf(500_000)))
    yield* Effect.yieldNow
    assert.strictEqual(said.at(-1), "completed: 500000 of 500000 bytes")
  }).pipe(Effect.provide(server))
)

it.effect("no more files wait than a client may have", () =>
  Effect.gen(function* () {
    const live = yield* (yield* LiveTest).connect({ maxQueuedCalls: 2 })
    const mounted = yield* live.mount(Album, {})
    const begin = Effect.suspend(() => mounted.upload("any", slowly(bytes(1000))))
    const [first] = [yield* begin, yield* begin]
    const { reason } = yield* Effect.flip(begin)
    assert.deepInclude(reason, { _tag: "UploadRejected", reason: "tooMany" })
    yield* first.cancel
    yield* live.settle
    yield* begin
  }).pipe(Effect.provide(server))
)
