/** Spans of uploads, from their start to the handler of their file, in the trace of their client. */
import { assert, it } from "@effect/vitest"
import { Effect, Layer, type Tracer } from "effect"
import { png, settle, wires } from "../../support/Album.ts"
import { JsonAlbum } from "../../support/JsonAlbum.ts"
import { endOf, named, only, Recorded } from "../../support/RecordedSpans.ts"
import { RpcAlbum } from "../../support/RpcAlbum.ts"

const traced = wires().pipe(Layer.provideMerge(Recorded.layer))
const traceId = "0af7651916cd43dd8448eb211c80319c"
const spanId = "b7ad6b7169203331"

const parentOf = ({ parent }: Tracer.NativeSpan) => (parent._tag === "Some" ? parent.value.spanId : undefined)

it.effect("an upload is a span of the trace of its client, and what is done with its file is a part of it", () =>
  Effect.gen(function* () {
    const album = yield* JsonAlbum()
    const traceparent = `00-${traceId}-${spanId}-01`
    assert.deepInclude(yield* album.send({ filename: "a.png", fileType: "image/png", traceparent }, png), {
      success: true
    })
    const upload = yield* only("Album.photo.upload")
    assert.deepInclude(upload, { traceId, kind: "server" })
    assert.strictEqual(parentOf(upload), spanId)
    assert.strictEqual(endOf(upload), "Success")
    assert.deepStrictEqual(Object.fromEntries(upload.attributes), {
      "fibra.component": "Album",
      "fibra.instance": album.componentId,
      "fibra.upload": "photo",
      "fibra.upload.size": png.length
    })
    const handled = (yield* Recorded).filter((span) => parentOf(span) === upload.spanId)
    assert.lengthOf(handled, 1)
    assert.deepInclude(handled[0], { traceId })
    assert.property(Object.fromEntries(handled[0]?.attributes ?? []), "fibra.run_ms")
  }).pipe(Effect.provide(traced))
)

it.effect("uploads that are refused, that crash and that end early are spans that have failed, on both wires", () =>
  Effect.gen(function* () {
    const json = yield* JsonAlbum()
    for (const filename of ["refuse.png", "crash.png"]) {
      assert.deepInclude(yield* json.send({ filename, fileType: "image/png" }, png), { success: false })
    }
    const rpc = yield* RpcAlbum()
    yield* rpc.start({ size: 10 })
    yield* rpc.ask("UploadCancel", { uploadId: "one" })
    yield* settle
    assert.deepStrictEqual((yield* named("Album.photo.upload")).map(endOf), ["Failure", "Failure"])
    assert.deepStrictEqual((yield* named("Album.any.upload")).map(endOf), ["Failure"])
  }).pipe(Effect.provide(traced))
)
