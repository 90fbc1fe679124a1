/** Uploads over a real socket. */
import { assert, it } from "@effect/vitest"
import { Context, Effect, Fiber, Layer, Logger, Stream } from "effect"
import { HttpServer } from "effect/http"
import { LiveClient } from "fibra/client"
import { LiveConfig, LiveServer, Secrets, UploadStore } from "fibra/server"
import { Album, AlbumLayer, sha256 } from "../../support/Album.ts"

const server = LiveServer.layerHttp({ components: [Album], port: 0, host: "127.0.0.1" }).pipe(
  Layer.provide([AlbumLayer, Secrets.layerRandom, UploadStore.layerMemory, Logger.layer([])]),
  Layer.provide(LiveConfig.layer({ rate: 1_000_000, rateBurst: 1_000_000 }))
)

it.live("a file arrives whole over a socket, and calls on the same one are answered meanwhile", () =>
  Effect.gen(function* () {
    const { address } = Context.get(yield* Layer.build(server), HttpServer.HttpServer)
    const url = `ws://127.0.0.1:${"port" in address ? address.port : 0}/api/live/rpc`
    const live = Context.get(yield* Layer.build(LiveClient.layerWebSocket({ url })), LiveClient)
    const album = yield* live.mount(Album, {})
    const content = Buffer.alloc(9_999_999, "not the same in every place, ")
    const upload = yield* album.upload("any", content, { name: "a.bin2" })
    const watching = yield* Effect.forkChild(Stream.runLast(upload.changes))
    let pings = 0
    while ((yield* upload.progress).status !== "completed") {
      yield* live.ping
      pings++
    }
    assert.isAbove(pings, 0)
    assert.strictEqual((yield* upload.result).sha256, sha256(content))
    assert.include(yield* Fiber.join(watching), { _tag: "Some" })
  })
)

it.live(
  "a file arrives whole over the JSON wire, in parts of base64 that come in many reads and with other messages",
  () =>
    Effect.gen(function* () {
      const { address } = Context.get(yield* Layer.build(server), HttpServer.HttpServer)
      const socket = new WebSocket(`ws://127.0.0.1:${"port" in address ? address.port : 0}/api/live/ws`)
      const content = Buffer.alloc(1_000_000, "not the same in every place, ")
      const size = 333_334
      const completed = yield* Effect.promise(
        () =>
          new Promise<unknown>((resolve) => {
            const send = (message: object) => socket.send(JSON.stringify(message))
            const file = { componentId: "", uploadId: "u" }
            const ping = () => send({ type: "COMPONENT_PING", componentId: "none", requestId: "ping" })
            const part = (chunkIndex: number) => {
              const data = content.subarray(chunkIndex * size, (chunkIndex + 1) * size).toString("base64")
              ping()
              send({ type: "FILE_UPLOAD_CHUNK", ...file, chunkIndex, totalChunks: 3, data, requestId: chunkIndex })
              ping()
            }
            socket.addEventListener("open", () =>
              send({ type: "COMPONENT_MOUNT", payload: { component: "Album" }, requestId: "mount" })
            )
            socket.addEventListener("message", ({ data }) => {
              const message = JSON.parse(String(data)) as Record<string, unknown>
              if (message["requestId"] === "mount") {
                const declared = { filename: "a.bin2", fileType: "", fileSize: content.length, upload: "any" }
                send({ type: "FILE_UPLOAD_START", ...file, ...declared, requestId: "start" })
              } else if (message["requestId"] === "start") part(0)
              else if (message["type"] === "FILE_UPLOAD_PROGRESS") {
                if (message["bytesUploaded"] === content.length) send({ type: "FILE_UPLOAD_COMPLETE", ...file })
                else part(Number(message["chunkIndex"]) + 1)
              } else if (message["type"] === "FILE_UPLOAD_COMPLETE" || message["type"] === "FILE_UPLOAD_ERROR") {
                resolve(message)
              }
            })
          })
      )
      socket.close()
      assert.deepInclude(completed, { success: true, sha256: sha256(content) })
    })
)
