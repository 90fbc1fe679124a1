/** What uploads may take from each other and from the server: quotas, the disk, a store that fails, and rates. */
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Duration, Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import { Authorization, type LiveConfig, UploadStore } from "fibra/server"
import { server, settle, sha256, wires } from "../../support/Album.ts"
import { JsonAlbum } from "../../support/JsonAlbum.ts"
import { eventsOf, RpcAlbum, type RpcAlbumClient } from "../../support/RpcAlbum.ts"

const on = (config: Partial<LiveConfig.Settings>) => Effect.provide(wires(config))

/** Starts so many, and says how many were begun and why the others were not. */
const startAll = Effect.fnUntraced(function* (album: RpcAlbumClient, count: number, size: number) {
  let begun = 0
  const reasons = new Set<unknown>()
  for (let index = 0; index < count; index++) {
    const started = yield* album.start({ uploadId: `u${index}`, size })
    if ("token" in started) begun++
    else reasons.add(started["reason"])
  }
  return { begun, reasons: Array.from(reasons) }
})

describe("quotas of uploads", () => {
  it.effect("of ten thousand uploads that somebody starts and never finishes, eight are begun, and none is left", () =>
    Effect.gen(function* () {
      const album = yield* RpcAlbum()
      assert.deepStrictEqual(yield* startAll(album, 10_000, 1), { begun: 8, reasons: ["tooMany"] })
      yield* TestClock.adjust("2 minutes")
      yield* settle
      assert.deepStrictEqual(yield* startAll(album, 9, 1), { begun: 1, reasons: ["idle"] })
    }).pipe(on({ idleTimeout: Duration.hours(1) }))
  )

  it.effect("a principal has a quota over all its connections, and so has the server over all principals", () =>
    Effect.gen(function* () {
      const ada = { id: "ada" }
      assert.deepInclude(yield* startAll(yield* RpcAlbum({ principal: ada }), 5, 1), { begun: 5 })
      const second = yield* RpcAlbum({ principal: ada })
      assert.deepStrictEqual(yield* startAll(second, 5, 1), { begun: 3, reasons: ["tooMany"] })
      assert.deepStrictEqual(yield* startAll(yield* RpcAlbum({ principal: { id: "bob" } }), 5, 1), {
        begun: 2,
        reasons: ["tooMany"]
      })
    }).pipe(on({ maxUploadsPerPrincipal: 8, maxUploads: 10 }))
  )

  it.effect(
    "what clients have left makes room for what somebody sends: a page may be reloaded as often as one likes",
    () =>
      Effect.gen(function* () {
        const tokens: Array<unknown> = []
        for (let reload = 0; reload < 12; reload++) {
          const album = yield* RpcAlbum({ principal: { id: "ada" } })
          const started = yield* album.start({ size: 10 })
          assert.deepInclude(started, { received: 0 }, `reload ${reload}`)
          tokens.push(started["token"])
          album.connection.send({ _tag: "Eof" })
          album.connection.drop()
          yield* settle
        }
        // Of those that are left the newest are kept, and what somebody sends is not given up.
        const album = yield* RpcAlbum({ principal: { id: "ada" } })
        assert.deepInclude(yield* album.start({ size: 10, token: tokens[11] }), { token: tokens[11] })
        const others = yield* startAll(album, 4, 10)
        assert.deepStrictEqual(others, { begun: 3, reasons: ["tooMany"] })
        const eve = yield* RpcAlbum({ principal: { id: "eve" } })
        assert.deepInclude(yield* startAll(eve, 2, 10), { begun: 1 })
      }).pipe(on({ maxUploadsPerPrincipal: 4, maxUploads: 5 }))
  )

  for (const setting of ["maxUploadBytesPerConnection", "maxUploadBytesPerPrincipal", "maxUploadBytes"] as const) {
    it.effect(`the declared bytes of what is not complete are limited by ${setting}`, () =>
      Effect.gen(function* () {
        const album = yield* RpcAlbum()
        assert.deepStrictEqual(yield* startAll(album, 4, 400), { begun: 2, reasons: ["quota"] })
        const alone = yield* album.start({ uploadId: "huge", size: 1001 })
        assert.deepInclude(alone, { reason: "quota" })
        assert.notProperty(alone, "retryAfter")
        // What has ended leaves its place.
        yield* album.ask("UploadCancel", { uploadId: "u0" })
        yield* settle
        assert.deepInclude(yield* album.start({ uploadId: "again", size: 400 }), { received: 0 })
      }).pipe(on({ [setting]: 1000 }))
    )
  }

  it.effect("a mount may upload as many files at a time as its policy says", () =>
    Effect.gen(function* () {
      const album = yield* RpcAlbum()
      const file = { upload: "photo", name: "a.png", type: "image/png", size: 1 }
      for (let index = 0; index < 4; index++) yield* album.start({ ...file, uploadId: `u${index}` })
      assert.deepInclude(yield* album.start({ ...file, uploadId: "u4" }), { reason: "tooMany" })
    }).pipe(on({}))
  )

  it.effect("no more is held in memory than the window of an upload: what is beyond it is not taken", () =>
    Effect.gen(function* () {
      const appending = yield* Deferred.make<void>()
      const stuck = Layer.effect(
        UploadStore.UploadStore,
        Effect.map(Effect.service(UploadStore.UploadStore), (store) => ({
          ...store,
          create: (id: string, about: string) =>
            Effect.map(store.create(id, about), (file) => ({
              ...file,
              append: (bytes: Uint8Array) => Effect.andThen(Deferred.await(appending), file.append(bytes))
            }))
        }))
      ).pipe(Layer.provide(UploadStore.layerMemory))
      yield* Effect.gen(function* () {
        const album = yield* RpcAlbum()
        const content = Buffer.alloc(100_000, "abc")
        yield* album.start({ size: content.length })
        for (let at = 0; at < content.length; at += 10_000) album.part(at, content.subarray(at, at + 10_000))
        yield* settle
        yield* Deferred.succeed(appending, undefined)
        // Everything within the window is stored, and nothing beyond it.
        yield* album.received(30_000)
        for (let at = 30_000; at < content.length; at += 10_000) {
          album.part(at, content.subarray(at, at + 10_000))
          yield* album.received(at + 10_000)
        }
        assert.deepInclude(yield* album.complete, { sha256: sha256(content) })
      }).pipe(Effect.provide(Layer.provide(server({ uploadWindow: 30_000 }), stuck)))
    })
  )
})

/** A store whose files fail in this way after so many bytes. */
const failing = (after: number, cause: unknown, free = Infinity) =>
  Layer.effect(
    UploadStore.UploadStore,
    Effect.map(Effect.service(UploadStore.UploadStore), (store) => ({
      ...store,
      free: Effect.succeed(free),
      create: (id: string, about: string) =>
        Effect.map(store.create(id, about), (file) => {
          let left = after
          return {
            ...file,
            append: (bytes: Uint8Array) => {
              left -= bytes.length
              const error = new UploadStore.UploadStoreError({ operation: "append", file: id, cause })
              return left < 0 ? Effect.fail(error) : file.append(bytes)
            }
          }
        })
    }))
  ).pipe(Layer.provideMerge(UploadStore.layerMemory))

describe("a store of uploads", () => {
  for (const [what, cause, reason] of [
    ["fails half-way", new Error("the disk has come loose"), "store"],
    ["is full half-way", Object.assign(new Error("no space left on device"), { code: "ENOSPC" }), "disk"]
  ] as const) {
    it.effect(`when the store ${what}, the upload ends with "${reason}", and nothing of it is left`, () =>
      Effect.gen(function* () {
        const album = yield* RpcAlbum()
        const { token } = yield* album.start({ size: 20_000 })
        album.part(0, Buffer.alloc(10_000))
        yield* album.received(10_000)
        album.part(10_000, Buffer.alloc(10_000))
        yield* settle
        assert.deepInclude(eventsOf(album.connection).at(-1), { _tag: "UploadFailed" })
        assert.deepInclude(eventsOf(album.connection).at(-1)?.["reason"], { reason })
        const { reopen } = yield* UploadStore.UploadStore
        assert.isUndefined(yield* reopen(String(token).split(".", 1)[0] ?? ""))
      }).pipe(Effect.provide(Layer.provideMerge(server(), failing(15_000, cause))))
    )
  }

  it.effect("a store that does not answer is given up, and other uploads go on", () =>
    Effect.gen(function* () {
      const store = yield* UploadStore.UploadStore
      let hangs = true
      const hanging = Layer.succeed(UploadStore.UploadStore, {
        ...store,
        create: (id: string, about: string) => {
          const isHanging = hangs
          hangs = false
          return Effect.map(store.create(id, about), (file) =>
            isHanging ? { ...file, append: () => Effect.never } : file
          )
        }
      })
      yield* Effect.gen(function* () {
        const album = yield* RpcAlbum()
        yield* album.start({ uploadId: "hangs", size: 10_000 })
        album.part(0, Buffer.alloc(10_000))
        const other = yield* RpcAlbum()
        yield* other.start({ size: 10_000 })
        other.part(0, Buffer.alloc(10_000))
        assert.deepInclude(yield* other.complete, { size: 10_000 })
        yield* TestClock.adjust("6 seconds")
        yield* settle
        assert.deepInclude(eventsOf(album.connection).at(-1)?.["reason"], { reason: "store" })
      }).pipe(Effect.provide(Layer.provide(server(), hanging)))
    }).pipe(Effect.provide(UploadStore.layerMemory))
  )

  it.effect("nothing is begun that would leave less of the disk than minFreeDisk, with all that is promised", () =>
    Effect.gen(function* () {
      const album = yield* RpcAlbum()
      assert.deepStrictEqual(yield* startAll(album, 3, 400), { begun: 2, reasons: ["disk"] })
      yield* album.ask("UploadCancel", { uploadId: "u0" })
      yield* settle
      assert.deepInclude(yield* album.start({ uploadId: "again", size: 400 }), { received: 0 })
    }).pipe(Effect.provide(Layer.provideMerge(server({ minFreeDisk: 1000 }), failing(Infinity, "", 1800))))
  )
})

describe("uploads and the rate of messages", () => {
  const slow = { rate: 0.001, rateBurst: 10, rateTolerance: 5 }

  it.effect("parts of 4 KiB and more are not counted as messages", () =>
    Effect.gen(function* () {
      const album = yield* JsonAlbum()
      yield* album.start({ upload: "any", filename: "a", fileType: "", fileSize: 400_000 })
      for (let index = 0; index < 50; index++) {
        assert.deepInclude(yield* album.binary(index, Buffer.alloc(8000)), { success: true })
      }
      assert.deepInclude(yield* album.complete, { size: 400_000 })
    }).pipe(on(slow))
  )

  it.effect("smaller parts, parts that are not next, and parts of no upload are", () =>
    Effect.gen(function* () {
      for (const [index, bytes, uploadId] of [
        ["next", 10, undefined],
        ["first", 8000, undefined],
        ["next", 8000, "of-nobody"]
      ] as const) {
        const album = yield* JsonAlbum()
        yield* album.start({ upload: "any", filename: "a", fileType: "", fileSize: 400_000 })
        for (let count = 0; count < 30 && album.connection.code() === undefined; count++) {
          album.connection.sendPart(
            {
              type: "FILE_UPLOAD_CHUNK",
              componentId: "",
              uploadId: uploadId ?? album.uploadId(),
              chunkIndex: index === "next" ? count : 0
            },
            Buffer.alloc(bytes)
          )
          yield* settle
        }
        assert.strictEqual(album.connection.code(), 1008)
      }
    }).pipe(on(slow))
  )
})

describe("the right to upload", () => {
  it.effect("is asked for by name and with what is declared; where there is none, the right to call is", () =>
    Effect.gen(function* () {
      const asked: Array<unknown> = []
      const rights = (own: Authorization.Rights) => Layer.fresh(Authorization.layer(own))
      const started = (own: Authorization.Rights) =>
        Effect.flatMap(RpcAlbum(), (album) => album.start({ size: 3 })).pipe(
          Effect.provide(Layer.provide(Layer.fresh(wires()), rights(own)))
        )
      const refused = yield* started({
        upload: (uploading) => {
          asked.push(uploading)
          return Effect.succeed(false)
        }
      })
      assert.deepInclude(refused, { _tag: "NotAllowed", what: 'Uploading "any" to "Album"' })
      const file = { name: "a.bin", type: "", size: 3 }
      assert.deepStrictEqual(asked, [{ component: "Album", key: undefined, principal: undefined, upload: "any", file }])
      const byCall = yield* started({ call: ({ action }) => Effect.succeed(action !== "upload any") })
      assert.deepInclude(byCall, { _tag: "NotAllowed" })
      assert.deepInclude(yield* started({ upload: () => Effect.succeed(true) }), { received: 0 })
    })
  )
})
