/** Calls run once, however often the connection is lost over them. Real processes, a real network that breaks. */
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Layer } from "effect"
import { LiveClient } from "fibra/client"
import * as Proxy from "../support/Proxy.ts"
import * as ServerProcess from "../support/ServerProcess.ts"
import { CounterFixture } from "../support/CounterFixture.ts"
import * as ReplicaOpener from "../../src/client/ReplicaOpener.ts"

const file = new URL("../support/CounterFixtureServer.ts", import.meta.url)

const calls = 1000
const cuts = 50
const inFlight = 8

/** Numbers from 0 to `below`, spread and always the same ones. */
const spread = (seed: number, below: number): number => (seed * 7919 + 104_729) % below

describe("a network that breaks fifty times", () => {
  it.live(
    "a network that breaks fifty times loses no call, runs none twice, and ends no session",
    () =>
      Effect.gen(function* () {
        const server = yield* ServerProcess.start({ file })
        const proxy = yield* Proxy.make(server.port)
        const url = `ws://127.0.0.1:${proxy.port}/api/live/rpc`
        const live = Context.get(yield* Layer.build(LiveClient.layerWebSocket({ url })), LiveClient)
        const tally = ReplicaOpener.of(live)(CounterFixture, {})
        const activations: Array<string | undefined> = []
        let { connected } = tally.view
        tally.listen(() => {
          if (tally.view.connected && !connected) activations.push(tally.view.activation)
          connected = tally.view.connected
        })
        yield* Effect.addFinalizer(() => Effect.sync(() => tally.release()))
        yield* tally.mounted()

        let answered = 0
        let broken = 0
        const answers = yield* Effect.forEach(
          Array.from({ length: calls }),
          () =>
            Effect.tap(tally.call("Add", { by: 1 }), () =>
              Effect.sync(() => {
                answered++
                if (answered % (calls / cuts) !== calls / cuts / 2) return
                const way = broken % 2 === 0 ? "toClient" : "toServer"
                proxy.cut({ way, bytes: spread(broken, 1200) })
                // And now and then the next connection, too, before or while its session is resumed.
                if (broken % 5 === 0) proxy.cut({ way, bytes: spread(broken, 700) })
                broken++
              })
            ),
          { concurrency: inFlight }
        )
        assert.deepStrictEqual(
          (answers as Array<number>).toSorted((a, b) => a - b),
          Array.from({ length: calls }, (_, index) => index + 1)
        )
        assert.deepStrictEqual(tally.view.state, { count: calls })
        const [first, ...later] = activations
        const resumed = later.filter((activation) => activation === "resumed").length
        console.log(`${calls} calls, ${proxy.cuts()} cuts, ${resumed} times resumed`)
        assert.strictEqual(first, "mounted")
        assert.strictEqual(broken, cuts)
        assert.isAtLeast(proxy.cuts(), cuts)
        assert.isAtLeast(resumed, cuts)
        assert.strictEqual(later.length, resumed)
      }),
    120_000
  )
})
