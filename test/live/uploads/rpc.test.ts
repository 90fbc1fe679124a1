/** Uploads on the RPC wire: parts as binary frames, acknowledged in bulk, and what goes on after what. */
import { assert, describe, it, layer } from "@effect/vitest"
import { Duration, Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import { UploadStore } from "fibra/server"
import { handled, server, settle, sha256, wires } from "../../support/Album.ts"
import { eventsOf, RpcAlbum } from "../../support/RpcAlbum.ts"
import type { MemoryWires } from "../../support/MemoryWires.ts"

/** Bytes of which none is like its neighbours. */
const content = Buffer.from(Array.from({ length: 40_000 }, (_, index) => (index * 7919) % 251))
const parts = [0, 10_000, 20_000, 30_000].map((offset) => [offset, content.subarray(offset, offset + 10_000)] as const)

layer(wires())("uploads on the RPC wire", (it) => {
  it.effect("parts are sent without waiting, and the end behind them; what arrives is what was sent", () =>
    Effect.gen(function* () {
      const album = yield* RpcAlbum()
      const started = yield* album.start({ size: content.length })
      assert.deepInclude(started, { uploadId: "one", chunkSize: 262_144, window: 1_048_576, received: 0 })
      for (const [offset, part] of parts) album.part(offset, part)
      const completed = yield* album.complete
      assert.deepInclude(completed, { name: "a.bin", size: content.length, sha256: sha256(content) })
      assert.strictEqual(handled.at(-1)?.content, content.toString("latin1"))
      assert.deepStrictEqual(eventsOf(album.connection).at(-1)?.["received"], content.length)
    })
  )

  it.effect(
    "a part that was stored is acknowledged again and not stored again; one that is not next names the next",
    () =>
      Effect.gen(function* () {
        const album = yield* RpcAlbum()
        yield* album.start({ size: content.length })
        album.part(...(parts[0] as (typeof parts)[0]))
        yield* album.received(10_000)
        album.part(...(parts[0] as (typeof parts)[0]))
        assert.deepInclude(yield* album.event, { _tag: "UploadReceived", received: 10_000 })
        album.part(...(parts[2] as (typeof parts)[0]))
        assert.deepInclude(yield* album.event, { _tag: "UploadReceived", received: 10_000 })
        for (const [offset, part] of parts.slice(1)) album.part(offset, part)
        assert.deepInclude(yield* album.complete, { sha256: sha256(content) })
      })
  )

  it.effect("an empty file has no parts", () =>
    Effect.gen(function* () {
      const album = yield* RpcAlbum()
      assert.deepInclude(yield* album.start({ size: 0 }), { received: 0 })
      assert.deepInclude(yield* album.complete, { size: 0, sha256: sha256(Buffer.alloc(0)) })
    })
  )

  it.effect("a part of an upload that there is not is answered with its end", () =>
    Effect.gen(function* () {
      const album = yield* RpcAlbum()
      album.connection.sendPart({ uploadId: "ghost", offset: 0 }, content)
      const failed = yield* album.event
      assert.deepInclude(failed, { _tag: "UploadFailed", uploadId: "ghost" })
      assert.deepInclude(failed["reason"], { _tag: "UploadRejected", reason: "unknown" })
    })
  )

  it.effect("more bytes than were declared end an upload, and so do fewer", () =>
    Effect.gen(function* () {
      const album = yield* RpcAlbum()
      yield* album.start({ size: 10_001, uploadId: "less" })
      album.part(0, content.subarray(0, 10_000))
      assert.deepInclude(yield* album.complete, { reason: "size" })
      yield* album.start({ size: 9999, uploadId: "more" })
      album.part(0, content.subarray(0, 10_000))
      yield* settle
      assert.deepInclude(eventsOf(album.connection).at(-1)?.["reason"], { reason: "size" })
    })
  )

  it.effect("the upload of another connection cannot be added to, ended or taken over", () =>
    Effect.gen(function* () {
      const album = yield* RpcAlbum()
      const { token } = yield* album.start({ size: content.length })
      const eve = yield* RpcAlbum()
      eve.part(0, content)
      yield* settle
      assert.deepInclude(yield* eve.ask("UploadComplete", { uploadId: "one" }), { reason: "unknown" })
      yield* eve.ask("UploadCancel", { uploadId: "one" })
      const forged = `${String(token).split(".", 1)[0]}.${"A".repeat(22)}`
      assert.deepInclude(yield* eve.start({ size: content.length, token: forged }), { reason: "unknown" })
      const foreign = yield* eve.ask("UploadStart", {
        componentId: album.componentId,
        upload: "any",
        uploadId: "two",
        name: "a",
        type: "",
        size: 1
      })
      assert.deepInclude(foreign, { _tag: "NotMounted" })
      for (const [offset, part] of parts) album.part(offset, part)
      assert.deepInclude(yield* album.complete, { sha256: sha256(content) })
    })
  )

  it.effect("an upload that is cancelled is gone, and one that is complete is not", () =>
    Effect.gen(function* () {
      const album = yield* RpcAlbum()
      yield* album.start({ size: content.length })
      album.part(0, content.subarray(0, 5000))
      yield* album.ask("UploadCancel", { uploadId: "one" })
      yield* settle
      assert.deepInclude(yield* album.complete, { reason: "cancelled" })
      yield* album.start({ size: 0, uploadId: "two" })
      const completed = yield* album.complete
      yield* album.ask("UploadCancel", { uploadId: "two" })
      assert.deepStrictEqual(yield* album.complete, completed)
    })
  )

  it.effect("an upload ends with the mount of its component", () =>
    Effect.gen(function* () {
      const album = yield* RpcAlbum()
      yield* album.start({ size: content.length })
      yield* album.ask("Unmount", { componentId: album.componentId })
      yield* settle
      assert.deepInclude(yield* album.complete, { reason: "cancelled" })
    })
  )

  it.effect("so does one to an instance that others have mounted", () =>
    Effect.gen(function* () {
      const shared = { component: "Album", props: {}, key: "family" }
      const [ada, bob] = [yield* RpcAlbum(), yield* RpcAlbum()]
      const { componentId } = yield* ada.ask("Mount", shared)
      yield* bob.ask("Mount", shared)
      assert.deepInclude(yield* ada.start({ size: content.length, componentId }), { received: 0 })
      yield* ada.ask("Unmount", { componentId })
      yield* settle
      assert.deepInclude(yield* ada.complete, { reason: "cancelled" })
    })
  )

  it.effect("after a reconnect an upload goes on in its session, at what is stored", () =>
    Effect.gen(function* () {
      const album = yield* RpcAlbum()
      const { token } = yield* album.start({ size: content.length })
      album.part(0, content.subarray(0, 25_000))
      yield* album.received(25_000)
      album.connection.drop()
      const back = yield* RpcAlbum({ resume: album })
      assert.strictEqual(back.componentId, album.componentId)
      const again = yield* back.start({ size: content.length })
      assert.deepInclude(again, { received: 25_000, token })
      back.part(25_000, content.subarray(25_000))
      const completed = yield* back.complete
      assert.deepInclude(completed, { sha256: sha256(content) })
      // The answer to the end may have been lost.
      assert.deepInclude(yield* back.start({ size: content.length }), { received: content.length })
      assert.deepStrictEqual(yield* back.complete, completed)
    })
  )

  it.effect("another file does not go on under the name of the first", () =>
    Effect.gen(function* () {
      const album = yield* RpcAlbum()
      yield* album.start({ size: content.length })
      assert.deepInclude(yield* album.start({ size: content.length - 1 }), { reason: "unknown" })
      assert.deepInclude(yield* album.start({ size: content.length, name: "b.bin" }), { reason: "unknown" })
    })
  )

  it.effect("when the session is gone, an upload goes on by its token, for its principal only", () =>
    Effect.gen(function* () {
      const ada = { id: "ada" }
      const album = yield* RpcAlbum({ principal: ada })
      const { token } = yield* album.start({ size: content.length })
      album.part(0, content.subarray(0, 25_000))
      yield* album.received(25_000)
      album.connection.drop()
      yield* TestClock.adjust("1 minute")
      yield* settle
      const eve = yield* RpcAlbum({ principal: { id: "eve" } })
      assert.deepInclude(yield* eve.start({ size: content.length, token }), { reason: "unknown" })
      const back = yield* RpcAlbum({ principal: ada })
      assert.deepInclude(yield* back.start({ size: content.length, token }), { received: 25_000, token })
      back.part(25_000, content.subarray(25_000))
      assert.deepInclude(yield* back.complete, { sha256: sha256(content) })
    })
  )
})

describe("uploads and time", () => {
  it.effect("a client that falls silent loses its upload, and one that was silent for less does not", () =>
    Effect.gen(function* () {
      const album = yield* RpcAlbum()
      yield* album.start({ size: content.length })
      yield* TestClock.adjust("50 seconds")
      album.part(0, content.subarray(0, 5000))
      yield* album.received(5000)
      yield* TestClock.adjust("50 seconds")
      album.part(5000, content.subarray(5000, 10_000))
      yield* album.received(10_000)
      yield* TestClock.adjust("80 seconds")
      yield* settle
      assert.deepInclude(eventsOf(album.connection).at(-1)?.["reason"], { reason: "idle" })
    }).pipe(Effect.provide(wires({ idleTimeout: Duration.hours(1) })))
  )

  it.effect("what nobody comes back for is removed", () =>
    Effect.gen(function* () {
      const album = yield* RpcAlbum()
      const { token } = yield* album.start({ size: content.length })
      album.part(0, content.subarray(0, 5000))
      yield* album.received(5000)
      album.connection.drop()
      yield* TestClock.adjust("2 hours")
      yield* settle
      const { reopen } = yield* UploadStore.UploadStore
      assert.isUndefined(yield* reopen(String(token).split(".", 1)[0] ?? ""))
    }).pipe(Effect.provide(wires()))
  )

  it.effect("the next server goes on with what the last one has stored", () =>
    Effect.gen(function* () {
      const store = yield* UploadStore.UploadStore
      const on = <A, E>(effect: Effect.Effect<A, E, MemoryWires>) =>
        Effect.scoped(
          Effect.provide(effect, Layer.fresh(Layer.provide(server(), Layer.succeed(UploadStore.UploadStore, store))))
        )
      const token = yield* on(
        Effect.gen(function* () {
          const album = yield* RpcAlbum()
          const { token } = yield* album.start({ size: content.length })
          album.part(0, content.subarray(0, 25_000))
          yield* album.received(25_000)
          return String(token)
        })
      )
      yield* on(
        Effect.gen(function* () {
          const album = yield* RpcAlbum()
          const other = yield* album.start({ size: content.length, token, uploadId: "x", name: "other.bin" })
          assert.deepInclude(other, { received: 0 })
          assert.deepInclude(yield* album.start({ size: content.length, token, uploadId: "y" }), {
            received: 25_000,
            token
          })
          album.part(25_000, content.subarray(25_000))
          assert.deepInclude(yield* album.complete, { sha256: sha256(content) })
        })
      )
    }).pipe(Effect.provide(UploadStore.layerMemory))
  )
})
