/** docs/wire.md: the wire with nothing of ours on the client's side but the group and the patch. */
import { assert, layer } from "@effect/vitest"
import { Deferred, Effect, Layer, Stream } from "effect"
import { RpcClient, RpcSerialization } from "effect/rpc"
import { Socket } from "effect/socket"
import { LiveProtocol, Patch } from "fibra"
import { server, url } from "./Server.ts"

layer(server)("docs/wire.md, a stock RpcClient", (it) => {
  it.effect("a stock RpcClient mounts, calls and follows the state", () =>
    Effect.gen(function* () {
      const address = yield* url
      // #region stock
      const protocol = RpcClient.layerProtocolSocket().pipe(
        Layer.provide(Socket.layerWebSocket(address)), // ws://127.0.0.1:3000/api/live/rpc
        Layer.provide(Socket.layerWebSocketConstructorGlobal),
        Layer.provide(RpcSerialization.layerJson)
      )

      const program = Effect.gen(function* () {
        const client = yield* RpcClient.make(LiveProtocol.LiveProtocol)
        const connected = yield* Deferred.make<void>()
        const states = new Map<string, Patch.Json>()
        yield* client.Connect({}).pipe(
          Stream.runForEach((event) =>
            Effect.sync(() => {
              if (event._tag === "ConnectionEstablished") Deferred.doneUnsafe(connected, Effect.void)
              if (event._tag === "Snapshot") states.set(event.componentId, event.state)
              if (event._tag === "Patched") {
                states.set(event.componentId, Patch.apply(states.get(event.componentId) ?? {}, event.patch))
              }
            })
          ),
          Effect.forkScoped
        )
        yield* Deferred.await(connected)

        const { componentId, state } = yield* client.Mount({ component: "Counter", props: { start: 8 } })
        states.set(componentId, state)
        const answer = yield* client.Call({ componentId, action: "Increment", payload: { by: 1 } })
        yield* client.Unmount({ componentId })
        return { answer, state: states.get(componentId) }
      })
      // #endregion stock
      const result = yield* program.pipe(Effect.scoped, Effect.provide(protocol))
      assert.deepStrictEqual(result, { answer: 9, state: { count: 9 } })
    })
  )
})
