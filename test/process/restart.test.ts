/** A server that ends takes no state with it, whether it is killed or asked to end. Real processes, and a thousand clients. */
import { assert, layer } from "@effect/vitest"
import { Context, Duration, Effect, Layer, Logger, Scope } from "effect"
import { LiveConfig } from "fibra/server"
import * as ClientFleet from "../support/ClientFleet.ts"
import * as ServerProcess from "../support/ServerProcess.ts"

const file = new URL("../support/CounterFixtureServer.ts", import.meta.url)
const size = 1000

/** Longer than by default: on a busy machine a thousand clients take their time to hear of it. */
const drainTimeout = Duration.seconds(25)
const env = { DRAIN_MILLIS: String(Duration.toMillis(drainTimeout)) }

/** A server that is ended and started again, and its clients. */
class Town extends Context.Service<
  Town,
  {
    readonly crowd: ReadonlyArray<ClientFleet.Member>
    readonly end: (signal: NodeJS.Signals) => Effect.Effect<ServerProcess.Ended>
    /** Starts it where it was. */
    readonly start: Effect.Effect<ServerProcess.ServerProcess>
  }
>()("test/process/Town") {
  static readonly layer = Layer.effect(
    Town,
    Effect.gen(function* () {
      const scope = yield* Effect.scope
      let server = yield* ServerProcess.start({ file, env })
      const { port } = server
      return Town.of({
        // What a thousand clients say of their lost connections takes longer to print than to say.
        crowd: yield* Effect.provide(ClientFleet.make(size, `ws://127.0.0.1:${port}/api/live/rpc`), Logger.layer([])),
        end: (signal) => Effect.suspend(() => server.end(signal)),
        start: Effect.map(Scope.provide(ServerProcess.start({ file, env, port }), scope), (again) => (server = again))
      })
    })
  )
}

/** Waits until all are back, which they are with these counts from their tokens; gives the milliseconds that it took. */
const back = Effect.fnUntraced(function* (since: number, counts: ReadonlyArray<number>) {
  const { crowd } = yield* Town
  yield* ClientFleet.all(crowd, ({ tally }) => Effect.map(tally.view, ({ connected }) => connected))
  const took = Math.round(performance.now() - since)
  for (const [index, { number, tally }] of crowd.entries()) {
    const { activation, state } = yield* tally.view
    assert.deepStrictEqual(
      { number, activation, state },
      { number, activation: "rehydrated", state: { count: counts[index] ?? 0 } }
    )
  }
  return took
})

/** A number of its own for each. */
const grow = Effect.gen(function* () {
  return yield* ClientFleet.each((yield* Town).crowd, ({ number, tally }) => tally.call.Add({ by: number }))
})

layer(Town.layer, { excludeTestServices: true, timeout: 240_000 })("a thousand clients of a server", (it) => {
  it.effect(
    "a thousand clients of a server that is killed and started again continue where they were",
    () =>
      Effect.gen(function* () {
        const { crowd, end, start } = yield* Town
        const counts = yield* grow
        yield* ClientFleet.all(crowd, ({ number, sealed }) => Effect.sync(() => sealed() === counts[number - 1]))
        assert.strictEqual((yield* end("SIGKILL")).signal, "SIGKILL")
        const took = yield* back((yield* start).since, counts)
        console.log(`killed: ${size} clients were back ${took} ms after the server listened again`)
      }),
    240_000
  )

  it.effect(
    "a thousand clients of a server that is asked to end lose no answer, and do not come back all at once",
    () =>
      Effect.gen(function* () {
        const { crowd, end, start } = yield* Town
        const { reconnectWithin } = LiveConfig.defaults
        const before = crowd.map(({ delays }) => delays.length)
        const counts = yield* grow
        const [ending, { code }] = yield* Effect.timed(end("SIGTERM"))
        assert.strictEqual(code, 0)
        assert.isBelow(Duration.toMillis(ending), Duration.toMillis(drainTimeout))
        const took = yield* back((yield* start).since, counts)
        const within = Duration.toMillis(reconnectWithin)
        console.log(
          `asked to end: it took ${Math.round(Duration.toMillis(ending))} ms; ` +
            `${size} clients were back ${took} ms after the server listened again`
        )
        const delays = crowd.map(({ delays, number }) => delays[before[number - 1] ?? 0] ?? 0).toSorted((a, b) => a - b)
        const [early = 0, late = 0] = [delays[size * 0.1], delays[size * 0.9]]
        // Evenly: a tenth by a tenth of the time, and nine tenths by nine tenths of it.
        assert.isBelow(early, within * 0.2)
        assert.isAbove(late, within * 0.8)
        assert.isAtMost(delays.at(-1) ?? Infinity, within)
      }),
    240_000
  )
})
