// A terminal client: five ticks of a clock that runs on the server, a zone it knows and one it does not.
// #region client
import { NodeRuntime } from "@effect/platform-node"
import { Config, Console, DateTime, Effect, Layer, Stream } from "effect"
import { LiveClient } from "fibra/client"
import { Clock } from "./Clock.ts"

const url = Config.withDefault(Config.String("LIVE_URL"), "ws://127.0.0.1:3000/api/live/rpc")

Effect.gen(function* () {
  const live = yield* LiveClient
  const clock = yield* live.mount(Clock, {})
  yield* clock.changes.pipe(
    Stream.map(({ now }) => now),
    Stream.filter((now) => now !== null),
    Stream.take(5),
    Stream.runForEach((now) => Console.log(`tick: ${DateTime.formatIso(now)}`))
  )
  yield* clock.call.SetZone({ zone: "Europe/Lisbon" })
  yield* Console.log(`zone: ${(yield* clock.state).zone}`)
  const answer = yield* clock.call
    .SetZone({ zone: "Mars/Olympus" })
    .pipe(Effect.catchTag("UnknownZone", (error) => Effect.succeed(error.message)))
  yield* Console.log(`zone: ${answer}`)
}).pipe(
  Effect.scoped,
  Effect.provide(Layer.unwrap(Effect.map(url, (url) => LiveClient.layerWebSocket({ url })))),
  NodeRuntime.runMain
)
// #endregion client
