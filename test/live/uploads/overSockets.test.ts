/** Uploads of `fibra/client` over a real socket. */
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
