/** The size of frames over real sockets: parts of files have a limit of their own, and everything else keeps its. */
import { assert, layer } from "@effect/vitest"
import { Context, Effect, Layer } from "effect"
import { HttpServer } from "effect/http"
import { LiveServer, UploadStore } from "fibra/server"
import { WebSocket } from "ws"
import { Album, AlbumLayer } from "../../support/Album.ts"
import { partFrame } from "../../support/MemoryWires.ts"

class Url extends Context.Service<Url, string>()("test/Url") {}

const served = Layer.effect(
  Url,
  Effect.map(
    Effect.service(HttpServer.HttpServer),
    ({ address }) => `ws://127.0.0.1:${"port" in address ? address.port : 0}/api/live`
  )
).pipe(
  Layer.provide(LiveServer.layerHttp({ components: [Album], port: 0, host: "127.0.0.1" })),
  Layer.provide([AlbumLayer, UploadStore.layerMemory])
)

/** Sends one frame, and gives the close code, or the first answer to it. */
const answerTo = (wire: "rpc" | "ws", frame: string | Buffer) =>
  Effect.flatMap(Effect.service(Url), (url) =>
    Effect.callback<number | string>((resume) => {
      const ws = new WebSocket(`${url}/${wire}`, { perMessageDeflate: false })
      ws.on("open", () => {
        ws.send(frame)
        // A part of no upload has no answer on this wire before its client is connected.
        if (wire === "rpc") ws.send(JSON.stringify({ _tag: "Ping" }))
      })
      ws.on("error", () => {})
      ws.on("close", (code) => resume(Effect.succeed(code)))
      ws.on("message", (data: Buffer) => {
        const text = data.toString()
        if (!text.includes("CONNECTION_ESTABLISHED")) resume(Effect.succeed(text))
      })
      return Effect.sync(() => ws.terminate())
    })
  )

const mebibyte = 1024 * 1024
const part = { type: "FILE_UPLOAD_CHUNK", componentId: "", uploadId: "u", chunkIndex: 0 }
const large = "A".repeat(1.4 * mebibyte)
const call = { type: "CALL_ACTION", componentId: "x", action: "y" }
const request = { _tag: "Request", id: "1", tag: "Ping", headers: [] }

layer(served, { excludeTestServices: true })("a frame", (it) => {
  for (const [what, wire, frame, expected] of [
    ["a part as base64", "ws", JSON.stringify({ ...part, data: large }), "UploadRejected"],
    ["a binary part on the open wire", "ws", partFrame(part, Buffer.alloc(1.9 * mebibyte)), "UploadRejected"],
    [
      "a binary part on the RPC wire",
      "rpc",
      partFrame({ uploadId: "u", offset: 0 }, Buffer.alloc(1.9 * mebibyte)),
      "Pong"
    ],
    ["a call", "ws", JSON.stringify({ ...call, payload: large }), 1009],
    [
      "a call that speaks of parts",
      "ws",
      JSON.stringify({ ...call, payload: [`"FILE_UPLOAD_CHUNK"`, large, part] }),
      1009
    ],
    [
      "a part and a call",
      "ws",
      JSON.stringify([
        { ...call, payload: large },
        { ...part, data: "" }
      ]),
      1009
    ],
    ["a request", "rpc", JSON.stringify({ ...request, payload: large }), 1009],
    ["bytes that are no part", "ws", Buffer.alloc(1.4 * mebibyte, "x"), 1009],
    ["a part beyond its limit", "ws", partFrame(part, Buffer.alloc(2 * mebibyte)), 1009]
  ] as const) {
    it.effect(`above 1 MiB: ${what} is ${expected === 1009 ? "refused" : "read"}`, () =>
      Effect.gen(function* () {
        const answer = yield* answerTo(wire, frame)
        if (typeof expected === "number") assert.strictEqual(answer, expected)
        else assert.include(String(answer), expected)
      })
    )
  }
})
