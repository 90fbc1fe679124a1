/** Uploaded files over HTTP: whatever is in them, no browser runs it. */
import { assert, describe, it, layer } from "@effect/vitest"
import { Context, Effect, Layer } from "effect"
import { HttpServer } from "effect/http"
import { Authentication, Authorization, LiveServer, UploadStore } from "fibra/server"
import * as ByteRange from "../../../src/server/upload/ByteRange.ts"
import { Album, AlbumLayer, png } from "../../support/Album.ts"

const name = (digit: string, extension: string) => `${digit.repeat(32)}.${extension}`

/** Files that are there already. */
const files: ReadonlyArray<readonly [name: string, content: Buffer]> = [
  [name("1", "png"), png],
  [name("2", "svg"), Buffer.from("<svg/>")],
  [name("3", "txt"), Buffer.from("0123456789")],
  [name("4", "pdf"), Buffer.from("%PDF-")],
  [name("5", "zip"), Buffer.alloc(0)]
]

const filled = Layer.effectDiscard(
  Effect.gen(function* () {
    const store = yield* UploadStore.UploadStore
    for (const [name, content] of files) {
      const file = yield* store.create(name.slice(0, 32), "")
      yield* file.append(content)
      yield* file.finish(name, "")
    }
  })
).pipe(Layer.provideMerge(UploadStore.layerMemory))

class Origin extends Context.Service<Origin, string>()("test/Origin") {}

const served = (rights: Layer.Layer<never>) =>
  Layer.effect(
    Origin,
    Effect.map(
      Effect.service(HttpServer.HttpServer),
      ({ address }) => `http://127.0.0.1:${"port" in address ? address.port : 0}/api/uploads`
    )
  ).pipe(
    Layer.provide(LiveServer.layerHttp({ components: [Album], port: 0, host: "127.0.0.1" })),
    Layer.provide([AlbumLayer, filled, rights])
  )

const ask = (path: string, init?: RequestInit) =>
  Effect.flatMap(Effect.service(Origin), (origin) => Effect.promise(() => fetch(`${origin}/${path}`, init)))

const text = (response: Response) => Effect.promise(() => response.text())

layer(served(Layer.empty), { excludeTestServices: true })("a file that was uploaded", (it) => {
  for (const [[file, content], type, disposition] of [
    [files[0], "image/png", "inline"],
    [files[1], "application/octet-stream", "attachment"],
    [files[2], "application/octet-stream", "attachment"],
    [files[3], "application/pdf", "inline"],
    [files[4], "application/octet-stream", "attachment"]
  ] as ReadonlyArray<readonly [(typeof files)[number], string, string]>) {
    it.effect(`.${file.slice(33)} is served as ${disposition}, and nothing in it is run`, () =>
      Effect.gen(function* () {
        const response = yield* ask(file)
        assert.strictEqual(response.status, 200)
        assert.strictEqual(response.headers.get("content-type"), type)
        assert.strictEqual(response.headers.get("content-length"), String(content.length))
        assert.strictEqual(response.headers.get("content-disposition"), `${disposition}; filename="${file}"`)
        assert.strictEqual(response.headers.get("x-content-type-options"), "nosniff")
        assert.match(response.headers.get("content-security-policy") ?? "", /default-src 'none';.* sandbox/)
        const body = yield* Effect.promise(() => response.arrayBuffer())
        assert.deepStrictEqual(Buffer.from(body), content)
      })
    )
  }

  it.effect("is served in parts, and not again to who has it", () =>
    Effect.gen(function* () {
      const part = yield* ask(name("3", "txt"), { headers: { range: "bytes=2-4" } })
      assert.strictEqual(part.status, 206)
      assert.strictEqual(part.headers.get("content-range"), "bytes 2-4/10")
      assert.strictEqual(yield* text(part), "234")
      const end = yield* ask(name("3", "txt"), { headers: { range: "bytes=-3" } })
      assert.strictEqual(yield* text(end), "789")
      assert.strictEqual((yield* ask(name("3", "txt"), { headers: { range: "bytes=10-" } })).status, 416)
      const etag = part.headers.get("etag") ?? ""
      assert.strictEqual((yield* ask(name("3", "txt"), { headers: { "if-none-match": etag } })).status, 304)
      const changed = yield* ask(name("3", "txt"), { headers: { range: "bytes=2-4", "if-range": '"other"' } })
      assert.strictEqual(changed.status, 200)
      yield* text(changed)
      const head = yield* ask(name("3", "txt"), { method: "HEAD" })
      assert.strictEqual(head.headers.get("content-length"), "10")
    })
  )

  it.effect("has a name that the server has made; no other is looked for", () =>
    Effect.gen(function* () {
      for (const path of [
        name("6", "png"),
        "..%2f..%2fpackage.json",
        ".unfinished",
        `.unfinished%2f${"1".repeat(32)}`,
        "1".repeat(32),
        `${name("1", "png")}%00.html`,
        name("1", "png").toUpperCase(),
        "%ff"
      ]) {
        const response = yield* ask(path)
        assert.include([400, 404], response.status, path)
        yield* text(response)
      }
    })
  )
})

const guarded = Layer.mergeAll(
  Authentication.layer((request) => Effect.succeed(request.headers["x-name"] === "ada" ? { id: "ada" } : undefined)),
  Authorization.layer({
    download: ({ principal, storedName }) => Effect.succeed(principal?.id === "ada" && storedName.endsWith(".png"))
  })
)

layer(served(guarded), { excludeTestServices: true })("a file behind Authorization", (it) => {
  it.effect("is served to those who have the right, and to nobody else", () =>
    Effect.gen(function* () {
      const headers = { "x-name": "ada" }
      for (const [file, init, status] of [
        [name("1", "png"), { headers }, 200],
        [name("3", "txt"), { headers }, 403],
        [name("1", "png"), {}, 403],
        [name("6", "txt"), { headers }, 403]
      ] as const) {
        const response = yield* ask(file, init)
        assert.strictEqual(response.status, status)
        yield* text(response)
      }
    })
  )
})

describe("ByteRange.parse", () => {
  for (const [header, expected] of [
    ["bytes=0-0", { offset: 0, length: 1 }],
    ["bytes=5-99", { offset: 5, length: 5 }],
    ["bytes=-99", { offset: 0, length: 10 }],
    ["bytes=-0", "outside"],
    ["bytes=10-10", "outside"],
    ["bytes=4-2", undefined],
    ["bytes=-", undefined],
    ["bytes=0-1,3-4", undefined],
    ["bytes=99999999999999999999-", undefined],
    ["lines=0-1", undefined],
    [undefined, undefined]
  ] as const) {
    it(`${String(header)} of ten bytes is ${JSON.stringify(expected)}`, () => {
      assert.deepStrictEqual(ByteRange.parse(header, 10), expected)
    })
  }
})
