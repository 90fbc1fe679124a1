/** Uploads on the JSON wire, as clients of the seed's family send them. */
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { handled, png, pngOf, sha256, wires } from "../../support/Album.ts"
import { JsonAlbum } from "../../support/JsonAlbum.ts"

layer(wires())("uploads on the JSON wire", (it) => {
  it.effect("a file in base64 arrives whole, and its handler has it before its client is answered", () =>
    Effect.gen(function* () {
      const album = yield* JsonAlbum()
      const started = yield* album.start({ filename: "a.png", fileType: "image/png", fileSize: png.length })
      assert.deepInclude(started, { success: true, nextChunk: 0 })
      const half = png.length >> 1
      assert.deepInclude(yield* album.part(0, png.subarray(0, half)), { success: true, bytesUploaded: half })
      const last = yield* album.part(1, png.subarray(half))
      assert.deepInclude(last, { type: "FILE_UPLOAD_PROGRESS", progress: 100, bytesUploaded: png.length })
      const completed = yield* album.complete
      assert.deepInclude(completed, {
        type: "FILE_UPLOAD_COMPLETE",
        success: true,
        filename: "a.png",
        mimeType: "image/png",
        size: png.length,
        sha256: sha256(png)
      })
      assert.match(String(completed["fileUrl"]), /^\/api\/uploads\/[0-9a-f]{32}\.png$/)
      assert.strictEqual(handled.at(-1)?.content, png.toString("latin1"))
    })
  )

  it.effect("parts as binary frames may have any size", () =>
    Effect.gen(function* () {
      const album = yield* JsonAlbum()
      const content = pngOf(300_000)
      yield* album.start({ fileName: "b.png", mimeType: "image/png", fileSize: content.length })
      const ends = [1, 5000, 5001, 150_000, content.length]
      for (const [index, end] of ends.entries()) {
        const progress = yield* album.binary(index, content.subarray(ends[index - 1] ?? 0, end))
        assert.deepInclude(progress, { type: "FILE_UPLOAD_PROGRESS", chunkIndex: index, bytesUploaded: end })
      }
      assert.deepInclude(yield* album.complete, { success: true, sha256: sha256(content) })
    })
  )
})
