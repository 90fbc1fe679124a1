/**
 * A large state and a large call on a slow network, over real sockets: each arrives on the first connection, on both wires. It is a
 * third of the sizes and of the times; with FIBRA_SLOW=1 it is 1.2 MB on 48 kB/s and 900 kB on 30 kB/s, with the defaults.
 */
import { createServer } from "node:http"
import { NodeHttpServer } from "@effect/platform-node"
import { assert, layer } from "@effect/vitest"
import { Duration, Effect, Layer, Logger, Schema } from "effect"
import { HttpRouter } from "effect/http"
import { Rpc } from "effect/rpc"
import { Component } from "fibra"
import { LiveClient } from "fibra/client"
import { LiveConfig, LiveServer, Secrets } from "fibra/server"
import { port as portOf, Port } from "../support/AuthorizationFixture.ts"
import { connect } from "../support/JsonSocket.ts"
import * as Proxy from "../support/Proxy.ts"

const isReal = process.env["FIBRA_SLOW"] === "1"
const scaled = (real: number) => (isReal ? real : real / 3)
const seconds = (real: number) => Duration.seconds(scaled(real))

const rates: Proxy.Rates = { toClient: 48_000, toServer: 30_000 }
const [stateSize, callSize] = [scaled(1_200_000), scaled(900_000)]
/** Below it, nothing was slow. */
const atLeast = scaled(24_000)

class Large extends Component.Service<Large>()("Large", {
  props: { size: Schema.Int },
  state: { text: Schema.String },
  initial: ({ size }) => ({ text: "x".repeat(size) }),
  actions: [Rpc.make("Take", { payload: { text: Schema.String }, success: Schema.Int })]
}) {}

const behavior = Large.toLayer(Effect.succeed(Large.of({ Take: ({ text }) => Effect.succeed(text.length) })))

const served = LiveServer.layer({ components: [Large] }).pipe(
  (app) => HttpRouter.serve(app, { disableLogger: true, disableListenLog: true }),
  Layer.merge(portOf),
  Layer.provide(NodeHttpServer.layer(createServer, { port: 0, host: "127.0.0.1" })),
  Layer.provide(LiveConfig.layer({ heartbeat: seconds(15), idleTimeout: seconds(45) })),
  Layer.provide([behavior, Secrets.layerRandom, Logger.layer([])])
)

/** How long this took, in milliseconds. */
const timed = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.map(Effect.timed(effect), ([duration, result]) => [Duration.toMillis(duration), result] as const)

const layerOf = (port: number) =>
  LiveClient.layerWebSocket({
    url: `ws://127.0.0.1:${port}/api/live/rpc`,
    pingInterval: seconds(10),
    pingTimeout: seconds(10)
  })

/** A slow way to the server. */
const slowly = Effect.gen(function* () {
  const proxy = yield* Proxy.make(yield* Port)
  proxy.slow(rates)
  return proxy
})

const ways = {
  "a state to a client": Effect.gen(function* () {
    const proxy = yield* slowly
    const context = yield* Layer.build(Layer.fresh(layerOf(proxy.port)))
    const live = yield* Effect.provide(Effect.service(LiveClient), context)
    const [took, large] = yield* timed(live.mount(Large, { props: { size: stateSize } }))
    return [took, (yield* large.state).text.length, stateSize, proxy.accepted()] as const
  }),
  "a call of a client": Effect.gen(function* () {
    const proxy = yield* slowly
    const context = yield* Layer.build(Layer.fresh(layerOf(proxy.port)))
    const live = yield* Effect.provide(Effect.service(LiveClient), context)
    const large = yield* live.mount(Large, { props: { size: 1 } })
    const [took, length] = yield* timed(large.call.Take({ text: "x".repeat(callSize) }))
    return [took, length, callSize, proxy.accepted()] as const
  }),
  "a state to a client of the open wire": Effect.gen(function* () {
    const proxy = yield* slowly
    const socket = yield* connect(proxy.port)
    const payload = { component: "Large", props: { size: stateSize } }
    const [took, reply] = yield* timed(socket.request({ type: "COMPONENT_MOUNT", payload }))
    const { initialState } = reply["result"] as { readonly initialState: { readonly text: string } }
    return [took, initialState.text.length, stateSize, proxy.accepted()] as const
  }),
  "a call of a client of the open wire": Effect.gen(function* () {
    const proxy = yield* slowly
    const socket = yield* connect(proxy.port)
    const componentId = yield* socket.mount({ component: "Large", props: { size: 1 } })
    const call = { type: "CALL_ACTION", componentId, action: "Take", payload: { text: "x".repeat(callSize) } }
    const [took, { result }] = yield* timed(socket.request({ ...call, expectResponse: true }))
    return [took, result as number, callSize, proxy.accepted()] as const
  })
}

layer(served, { excludeTestServices: true })("on a slow network", (it) => {
  it.effect(
    "each arrives on the first connection, though it takes longer than any heartbeat",
    () =>
      Effect.gen(function* () {
        const arrived = yield* Effect.all(ways, { concurrency: 4 })
        for (const [what, [took, length, expected, connections]] of Object.entries(arrived)) {
          assert.strictEqual(length, expected, what)
          assert.strictEqual(connections, 1, what)
          assert.isAbove(took, atLeast, what)
        }
      }).pipe(Effect.scoped),
    90_000
  )
})
