/** docs/uploads.md: its examples run. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Schema, Stream } from "effect"
import { Component, Upload } from "fibra"
import { UploadStore } from "fibra/server"
import { png, sha256 } from "../support/Album.ts"
import { JsonAlbum } from "../support/JsonAlbum.ts"
import { MemoryWires } from "../support/MemoryWires.ts"
import { layerS3 } from "./S3Store.ts"

// #region contract
class Gallery extends Component.Service<Gallery>()("Gallery", {
  state: { pictures: Schema.Array(Schema.String) },
  initial: () => ({ pictures: [] }),
  uploads: {
    photo: Upload.policy({ maxFileSize: "10 MB", maxFiles: 4, accept: ["image/png", "image/jpeg", ".pdf"] })
  }
}) {}
// #endregion contract

// #region behavior
const GalleryLayer = Gallery.toLayer(
  Effect.gen(function* () {
    const self = yield* Gallery
    return Gallery.of({
      uploads: {
        // file: name, size, type (of its content), sha256, url, stream
        photo: Effect.fnUntraced(function* (file) {
          const { pictures } = yield* self.get
          if (pictures.length >= 100) return yield* Upload.refuse("the gallery is full")
          yield* self.set({ pictures: [...pictures, file.url] })
        })
      }
    })
  })
)
// #endregion behavior

/** As much of S3 as a store needs. */
const fakeS3 = () => {
  const objects = new Map<string, Buffer>()
  const parts = new Map<string, Array<Buffer>>()
  const send = (url: string, init: RequestInit = {}): Promise<Response> => {
    const { pathname, searchParams } = new URL(url)
    const key = pathname.slice(1)
    const bytes = () => Buffer.from(init.body as Uint8Array)
    const headers = new Headers(init.headers)
    const answer = (): Response => {
      if (searchParams.has("uploads")) {
        parts.set(key, [])
        return new Response("<X><UploadId>u1</UploadId></X>")
      }
      if (searchParams.has("partNumber")) {
        const tag = String(parts.get(key)?.push(bytes()))
        return new Response("", { headers: { etag: tag } })
      }
      if (init.method === "POST") objects.set(key, Buffer.concat(parts.get(key) ?? []))
      const source = headers.get("x-amz-copy-source")
      if (source !== null) objects.set(key, objects.get(source.slice(source.indexOf("/") + 1)) ?? Buffer.alloc(0))
      if (init.method === "DELETE") objects.delete(key)
      const found = objects.get(key)
      if (found === undefined) return new Response(null, { status: init.method === "DELETE" ? 204 : 404 })
      return new Response(init.method === "HEAD" ? null : new Uint8Array(found), {
        headers: { "content-length": String(found.length) }
      })
    }
    return Promise.resolve(answer())
  }
  return { objects, send }
}

const { objects, send } = fakeS3()
const server = MemoryWires.layer([Gallery]).pipe(Layer.provide(GalleryLayer))

describe("docs/uploads.md", () => {
  for (const [name, store] of [
    ["memory", UploadStore.layerMemory],
    ["S3", layerS3("https://bucket.s3.example.org", send)]
  ] as const) {
    it.effect(`a picture is in the gallery, and its file in ${name}`, () =>
      Effect.gen(function* () {
        const gallery = yield* JsonAlbum("Gallery")
        const completed = yield* gallery.send({ filename: "a.png", fileType: "image/png" }, png)
        assert.deepInclude(completed, { success: true, sha256: sha256(png) })
        const { read } = yield* UploadStore.UploadStore
        const pieces = yield* Stream.runCollect(read(String(completed["fileUrl"]).slice("/api/uploads/".length)))
        assert.deepStrictEqual(Buffer.concat(pieces), png)
      }).pipe(Effect.provide(Layer.provideMerge(server, store)))
    )
  }

  it("nothing unfinished is left in S3", () => {
    assert.deepStrictEqual(
      Array.from(objects.keys()).map((key) => key.replace(/[0-9a-f]{32}/, "name")),
      ["name.png"]
    )
  })
})
