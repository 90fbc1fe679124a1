/** A page with many components, over real sockets, with the limits of every server. */
import { assert, layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { Socket } from "effect/socket"
import { LiveClient, Link, StateCache } from "fibra/client"
import { LiveConfig } from "fibra/server"
import { Ticker } from "../../support/Lab.ts"
import { Address, served } from "../../support/server.ts"

// A server of a test has no rate where it is the default.
const everyday = Layer.provide(served, LiveConfig.layer({ rate: 50.000001 }))

const count = 600

layer(everyday)("a page with many components", (it) => {
  it.effect(`${count} components are mounted over one connection, in few frames, before any allowance comes back`, () =>
    Effect.gen(function* () {
      const { url } = yield* Address
      let sockets = 0
      let frames = 0
      const dial: Socket.WebSocketConstructor["Service"] = (url, protocols) => {
        const socket = new WebSocket(url, protocols as Array<string> | undefined)
        const send = socket.send.bind(socket)
        sockets++
        return Object.assign(socket, {
          send: (data: string) => {
            frames++
            send(data)
          }
        })
      }
      const client = LiveClient.layer().pipe(
        Layer.provide(Layer.merge(Link.layerWebSocket({ url }), StateCache.layerMemory)),
        Layer.provide(Layer.succeed(Socket.WebSocketConstructor, dial))
      )
      // Time stands still: nothing that the server has used up comes back.
      yield* Effect.gen(function* () {
        const live = yield* LiveClient
        const mounts = Array.from({ length: count }, () => live.mount(Ticker, {}))
        const mounted = yield* Effect.all(mounts, { concurrency: "unbounded" })
        assert.strictEqual(mounted.length, count)
        for (const handle of mounted) assert.isTrue((yield* handle.view).connected)
        assert.strictEqual(sockets, 1)
        assert.isBelow(frames, 60)
      }).pipe(Effect.scoped, Effect.provide(client))
    })
  )
})
