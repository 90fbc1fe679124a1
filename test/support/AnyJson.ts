/** A component that takes any JSON, and lets itself be waited for. */
import { createServer } from "node:http"
import { NodeHttpServer } from "@effect/platform-node"
import { Context, Deferred, Effect, Layer, Logger, Schema } from "effect"
import { HttpRouter } from "effect/http"
import { Rpc } from "effect/rpc"
import { Component } from "fibra"
import { LiveConfig, LiveServer, Secrets } from "fibra/server"
import { port } from "./AuthorizationFixture.ts"

export class AnyJson extends Component.Service<AnyJson>()("AnyJson", {
  props: {},
  state: { value: Schema.Json, runs: Schema.Int },
  initial: () => ({ value: null, runs: 0 }),
  writable: ["value"],
  actions: [
    Rpc.make("Put", { payload: { value: Schema.Json }, success: Schema.Int }),
    Rpc.make("Wait", { payload: { text: Schema.String }, success: Schema.Int })
  ]
}) {}

/** What `Wait` waits for. */
export class Gate extends Context.Service<Gate, Deferred.Deferred<void>>()("test/Gate") {}

/** Its behaviour. */
export const AnyJsonLayer = AnyJson.toLayer(
  Effect.gen(function* () {
    const self = yield* AnyJson
    const gate = yield* Gate
    return AnyJson.of({
      Put: Effect.fnUntraced(function* ({ value }) {
        return (yield* self.update(({ runs }) => ({ value, runs: runs + 1 }))).runs
      }),
      Wait: Effect.fnUntraced(function* () {
        yield* Deferred.await(gate)
        return (yield* self.update((state) => ({ ...state, runs: state.runs + 1 }))).runs
      })
    })
  })
)

/** A test that is over waits for no answer any more, such as one behind the gate. */
const drainTimeout = "100 millis"

/** Boxes, served on a port of their own, and the gate. */
export const served = (config: LiveConfig.Options = {}) =>
  LiveServer.layer({ components: [AnyJson] }).pipe(
    (app) => HttpRouter.serve(app, { disableLogger: true, disableListenLog: true }),
    Layer.merge(port),
    Layer.provide(NodeHttpServer.layer(createServer, { port: 0, host: "127.0.0.1" })),
    Layer.provide(AnyJsonLayer),
    Layer.provideMerge(Layer.effect(Gate, Deferred.make<void>())),
    Layer.provide([Secrets.layerRandom, LiveConfig.layer({ drainTimeout, ...config }), Logger.layer([])])
  )
