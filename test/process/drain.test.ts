/** A server that ends while its clients call as fast as they can: each call is answered, by it or by the next. */
import { assert, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import * as ClientFleet from "../support/ClientFleet.ts"
import * as ServerProcess from "../support/ServerProcess.ts"

const file = new URL("../support/CounterFixtureServer.ts", import.meta.url)

it.live(
  "a server that is asked to end costs nobody a call",
  () =>
    Effect.gen(function* () {
      const server = yield* ServerProcess.start({ file })
      const crowd = yield* ClientFleet.make(20, `ws://127.0.0.1:${server.port}/api/live/rpc`)
      const failures: Array<string> = []
      let going = true
      let answered = 0
      const calling = yield* Effect.forkChild(
        Effect.forEach(
          crowd.flatMap((member) => [member, member, member, member]),
          ({ tally }) =>
            Effect.repeat(
              Effect.match(tally.call.Add({ by: 1 }), {
                onFailure: ({ message }) => void failures.push(message),
                onSuccess: () => void answered++
              }),
              { while: () => going }
            ),
          { concurrency: "unbounded" }
        ),
        { startImmediately: true }
      )
      yield* Effect.repeat(Effect.yieldNow, { until: () => answered > 1000 })
      yield* server.end("SIGTERM")
      yield* ServerProcess.start({ file, port: server.port })
      yield* ClientFleet.all(crowd, ({ tally }) => Effect.map(tally.view, ({ connected }) => connected))
      going = false
      yield* Fiber.join(calling)
      const counts = yield* ClientFleet.each(crowd, ({ tally }) => Effect.map(tally.state, ({ count }) => count))
      assert.deepStrictEqual(failures.slice(0, 1), [])
      assert.strictEqual(
        counts.reduce((sum, count) => sum + count),
        answered
      )
    }),
  120_000
)
