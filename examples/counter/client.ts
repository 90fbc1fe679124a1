// A terminal client: one call that succeeds, one that fails with the action's own error, both typed.
// #region client
import { NodeRuntime } from "@effect/platform-node"
import { Config, Console, Effect, Layer, Stream } from "effect"
import { LiveClient } from "fibra/client"
import { Counter } from "./Counter.ts"

const url = Config.withDefault(Config.String("LIVE_URL"), "ws://127.0.0.1:3000/api/live/rpc")

Effect.gen(function* () {
  const live = yield* LiveClient
  const counter = yield* live.mount(Counter, { props: { start: 0 } }) // leaving the Scope unmounts
  yield* counter.events("Milestone").pipe(
    Stream.runForEach(({ count }) => Console.log(`milestone: ${count}`)),
    Effect.forkScoped({ startImmediately: true })
  )
  const total = yield* counter.call.Increment({ by: 10 })
  yield* Console.log(`total: ${total}`)
  const limit = yield* counter.call
    .Increment({ by: 1000 })
    .pipe(Effect.catchTag("LimitReached", ({ max }) => Effect.succeed(`no further than ${max}`)))
  yield* Console.log(`limit: ${limit}`)
}).pipe(
  Effect.scoped,
  Effect.provide(Layer.unwrap(Effect.map(url, (url) => LiveClient.layerWebSocket({ url })))),
  NodeRuntime.runMain
)
// #endregion client
