/** What every upload store does: one suite, run on each of them. */
import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, afterAll, describe, layer } from "@effect/vitest"
import { Duration, Effect, Layer, Stream } from "effect"
import { UploadStore } from "fibra/server"

const folder = mkdtempSync(join(tmpdir(), "fibra-store-"))
afterAll(() => rmSync(folder, { recursive: true }))

const contentOf = (stream: Stream.Stream<Uint8Array, UploadStore.UploadStoreError>) =>
  Effect.map(Stream.runCollect(stream), (pieces) => Buffer.concat(pieces).toString())

const id = (digit: string) => digit.repeat(32)

for (const [what, store] of [
  ["in memory", UploadStore.layerMemory],
  ["in a folder", UploadStore.layerFileSystem(folder)]
] as const) {
  layer(store, { excludeTestServices: true })(`a store ${what}`, (it) => {
    it.effect("has a file under its name when it is finished, and not before", () =>
      Effect.gen(function* () {
        const store = yield* UploadStore.UploadStore
        const file = yield* store.create(id("a"), "about a")
        yield* file.append(Buffer.from("one two "))
        yield* file.append(Buffer.from("three"))
        assert.strictEqual(yield* contentOf(file.content), "one two three")
        assert.isUndefined(yield* store.size("a.txt"))
        yield* file.finish("a.txt", "text/plain")
        assert.strictEqual(yield* store.size("a.txt"), 13)
        assert.strictEqual(yield* contentOf(store.read("a.txt")), "one two three")
        assert.strictEqual(yield* contentOf(store.read("a.txt", { offset: 4, length: 3 })), "two")
        assert.isUndefined(yield* store.reopen(id("a")))
        yield* store.remove("a.txt")
        assert.isUndefined(yield* store.size("a.txt"))
        yield* store.remove("a.txt")
        assert.strictEqual((yield* Effect.flip(contentOf(store.read("a.txt")))).operation, "read")
      })
    )

    it.effect("has what was added of a file that is not finished, for who opens it again", () =>
      Effect.gen(function* () {
        const store = yield* UploadStore.UploadStore
        const first = yield* store.create(id("b"), "about b")
        yield* first.append(Buffer.from("one "))
        yield* first.close
        const left = yield* store.reopen(id("b"))
        assert.deepInclude(left, { about: "about b", size: 4 })
        yield* left?.file.append(Buffer.from("two")) ?? Effect.void
        yield* left?.file.finish("b.txt", "text/plain") ?? Effect.void
        assert.strictEqual(yield* contentOf(store.read("b.txt")), "one two")
      })
    )

    it.effect("has nothing of a file that was given up, or that nobody has added to for too long", () =>
      Effect.gen(function* () {
        const store = yield* UploadStore.UploadStore
        const given = yield* store.create(id("c"), "")
        yield* given.append(Buffer.from("one"))
        yield* given.abort
        assert.isUndefined(yield* store.reopen(id("c")))
        const used = yield* store.create(id("d"), "")
        const unused = yield* store.create(id("e"), "")
        yield* unused.close
        yield* store.sweep(Duration.hours(1), () => false)
        assert.isDefined(yield* store.reopen(id("e")))
        yield* Effect.sleep("5 millis")
        yield* store.sweep(Duration.zero, (each) => each === id("d"))
        assert.isUndefined(yield* store.reopen(id("e")))
        assert.isDefined(yield* store.reopen(id("d")))
        yield* used.abort
        assert.isAbove(yield* store.free, 0)
      })
    )
  })
}

describe("a store in a folder", () => {
  layer(Layer.fresh(UploadStore.layerFileSystem(folder)))("a store in a folder", (it) => {
    it.effect("lets nobody but its process read what is not finished, and leaves nothing else", () =>
      Effect.gen(function* () {
        const { create } = yield* UploadStore.UploadStore
        const file = yield* create(id("f"), "secret")
        const unfinished = join(folder, ".unfinished")
        assert.strictEqual(statSync(unfinished).mode & 0o777, 0o700)
        assert.deepStrictEqual(readdirSync(unfinished).sort(), [id("f"), `${id("f")}.json`])
        for (const name of readdirSync(unfinished)) assert.strictEqual(statSync(join(unfinished, name)).mode & 0o77, 0)
        yield* file.abort
        assert.deepStrictEqual(readdirSync(unfinished), [])
      })
    )

    it.effect("does not open where it cannot write", () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(Layer.build(UploadStore.layerFileSystem("/dev/null/uploads")))
        assert.deepInclude(error, { _tag: "UploadStoreError", operation: "open" })
      }).pipe(Effect.scoped)
    )
  })
})
