/** What ends one connection after the other for its size fails, and is not sent for ever; what else is under way goes on. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Logger, Schema, type Scope } from "effect"
import { Rpc } from "effect/rpc"
import { createServer } from "node:http"
import { NodeHttpServer } from "@effect/platform-node"
import { HttpRouter } from "effect/http"
import { Component } from "fibra"
import { LiveClient } from "fibra/client"
import { LiveConfig, LiveServer, Secrets } from "fibra/server"
import { LargeRequests } from "../../src/client/LargeRequests.ts"
import { port as portOf, Port } from "../support/AuthorizationFixture.ts"
import { connect } from "../support/JsonSocket.ts"
import * as Proxy from "../support/Proxy.ts"

class Taker extends Component.Service<Taker>()("Taker", {
  props: { text: Schema.String },
  state: { length: Schema.Int },
  initial: ({ text }) => ({ length: text.length }),
  actions: [
    Rpc.make("Take", { payload: { text: Schema.String }, success: Schema.Int }),
    Rpc.make("Rest", { success: Schema.String })
  ]
}) {}

class Full extends Component.Service<Full>()("Full", {
  props: { length: Schema.Int },
  state: { text: Schema.String },
  initial: ({ length }) => ({ text: "ä".repeat(length) })
}) {}

const behavior = Taker.toLayer(
  Effect.succeed(
    Taker.of({
      Take: ({ text }) => Effect.succeed(text.length),
      Rest: () => Effect.as(Effect.sleep("2 seconds"), "rested")
    })
  )
)

/** What the server has logged as an error. */
const lines: Array<string> = []
const logger = Logger.make(({ logLevel, message }) => {
  if (logLevel === "Error") lines.push(String(Array.isArray(message) ? message[0] : message))
})

const served = LiveServer.layer({ components: [Taker, Full] }).pipe(
  (app) => HttpRouter.serve(app, { disableLogger: true, disableListenLog: true }),
  Layer.merge(portOf),
  Layer.provide(NodeHttpServer.layer(createServer, { port: 0, host: "127.0.0.1" })),
  Layer.provide(LiveConfig.layer({ maxPayload: 100_000, maxBuffered: 200_000 })),
  Layer.provide([behavior, Full.toLayer(Full.of({})), Secrets.layerRandom, Logger.layer([logger])])
)

const client = Effect.gen(function* () {
  const proxy = yield* Proxy.make(yield* Port)
  const url = `ws://127.0.0.1:${proxy.port}/api/live/rpc`
  const context = yield* Layer.build(Layer.fresh(LiveClient.layerWebSocket({ url, backoff: "10 millis" })))
  return { proxy, live: yield* Effect.provide(Effect.service(LiveClient), context) }
})

const run = <A, E>(effect: Effect.Effect<A, E, Port | Scope.Scope>) =>
  effect.pipe(Effect.scoped, Effect.provide([served, Logger.layer([])]))

const text = "x".repeat(150_000)

describe("what is too large", () => {
  it.live("a call that is too large fails after two connections, and those beside it are answered", () =>
    run(
      Effect.gen(function* () {
        const { live, proxy } = yield* client
        const taker = yield* live.mount(Taker, { props: { text: "" } })
        const [error, rested, length] = yield* Effect.all(
          [Effect.flip(taker.call.Take({ text })), taker.call.Rest(), taker.call.Take({ text: "x".repeat(50_000) })],
          { concurrency: 3 }
        )
        assert.deepNestedInclude(error, { "reason._tag": "PayloadRejected", "reason.action": "Take" })
        assert.deepStrictEqual([rested, length], ["rested", 50_000])
        assert.strictEqual(proxy.accepted(), 3)
        assert.strictEqual(yield* taker.call.Take({ text: "abc" }), 3)
        assert.strictEqual(proxy.accepted(), 3)
      })
    )
  )

  it.live("a mount that is too large fails after two connections", () =>
    run(
      Effect.gen(function* () {
        const { live, proxy } = yield* client
        const error = yield* Effect.flip(live.mount(Taker, { props: { text } }))
        assert.deepNestedInclude(error, { "reason._tag": "PropsRejected", "reason.component": "Taker" })
        assert.strictEqual(proxy.accepted(), 3)
      })
    )
  )

  it.live("a mount whose state could never be sent fails, on both wires, and nothing else does", () =>
    run(
      Effect.gen(function* () {
        const { live, proxy } = yield* client
        const taker = yield* live.mount(Taker, { props: { text: "" } })
        const error = yield* Effect.flip(live.mount(Full, { props: { length: 110_000 } }))
        assert.deepNestedInclude(error, { "reason._tag": "ComponentCrashed", "reason.component": "Full" })
        assert.strictEqual((yield* (yield* live.mount(Full, { props: { length: 90_000 } })).state).text.length, 90_000)
        assert.strictEqual(yield* taker.call.Take({ text: "abc" }), 3)
        assert.strictEqual(proxy.accepted(), 1)

        const socket = yield* connect(yield* Port)
        const mount = (length: number) =>
          socket.request({ type: "COMPONENT_MOUNT", payload: { component: "Full", props: { length } } })
        for (let times = 0; times < 3; times++) {
          assert.deepInclude(yield* mount(110_000), { success: false, code: "ComponentCrashed" })
        }
        assert.deepStrictEqual(lines, ["The state of a component is larger than maxBuffered, and cannot be mounted"])
        assert.deepInclude(yield* mount(90_000), { success: true })
      })
    )
  )

  it.live("a call that is cut twice on its way fails, and it is said that it may have run", () =>
    run(
      Effect.gen(function* () {
        const { live, proxy } = yield* client
        const taker = yield* live.mount(Taker, { props: { text: "" } })
        proxy.cut({ way: "toServer", bytes: 60_000 }, { way: "toServer", bytes: 60_000 })
        const error = yield* Effect.flip(taker.call.Take({ text: "x".repeat(90_000) }))
        assert.deepNestedInclude(error, { "reason._tag": "CallExpired", "reason.outcome": "unknown" })
      })
    )
  )
})

describe("a large request", () => {
  const closed = { kind: "closed", code: 1006 } as const
  it("that has arrived, and one on a connection that was closed for another reason, may be sent again for ever", () => {
    const requests = new LargeRequests()
    for (let time = 0; time < 10; time++) {
      requests.sent(1, 50_000)
      requests.arrived(1)
      requests.lost(closed)
      requests.sent(2, 50_000)
      requests.lost({ kind: "closed", code: 1001 })
    }
    assert.deepStrictEqual([requests.overweight(1), requests.overweight(2)], [undefined, undefined])
  })

  it("that is the largest of several was the one that was refused", () => {
    const requests = new LargeRequests()
    for (let time = 0; time < 2; time++) {
      requests.sent(1, 50_000)
      requests.sent(2, 70_000)
      requests.lost({ kind: "closed", code: 1009 })
    }
    assert.deepStrictEqual(requests.overweight(2), { kind: "refused", length: 70_000 })
    assert.isUndefined(requests.overweight(1))
  })
})
