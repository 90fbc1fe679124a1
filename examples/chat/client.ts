// A terminal client: `npx tsx examples/chat/client.ts Ada general`, and in another terminal one for Bob. What is typed is said.
// #region client
import { createInterface } from "node:readline"
import { NodeRuntime } from "@effect/platform-node"
import { Config, Console, DateTime, Effect, Layer, Stream } from "effect"
import { LiveClient } from "fibra/client"
import { Chat, History, type Said } from "./Chat.ts"

const [, , name = "Guest", room = "general"] = process.argv
const url = Config.withDefault(Config.String("LIVE_URL"), "ws://127.0.0.1:3000/api/live/rpc")

const print = ({ at, name, text }: typeof Said.Type) =>
  Console.log(`${DateTime.format(at, { locale: "en-GB", timeStyle: "short" })} ${name}: ${text}`)

Effect.gen(function* () {
  const live = yield* LiveClient
  // #region room
  const history = yield* live.mount(History, { key: room })
  const chat = yield* live.mount(Chat, { props: { name: name.trim() }, room })
  yield* Effect.forEach((yield* history.state).messages, print)
  yield* chat.events("Said").pipe(Stream.runForEach(print), Effect.forkScoped({ startImmediately: true }))
  // #endregion room
  // #region people
  yield* chat.presenceChanges.pipe(
    Stream.filter((people) => people.length > 0),
    Stream.take(1),
    Stream.runForEach((people) => Console.log(`* here: ${people.map(({ metadata }) => metadata.name).join(", ")}`)),
    Effect.forkScoped({ startImmediately: true })
  )
  yield* chat.presenceEvents.pipe(
    Stream.filter((change) => change._tag !== "Updated"),
    Stream.runForEach(({ _tag, person }) =>
      Console.log(`* ${person.metadata.name} ${_tag === "Joined" ? "is here" : "has left"}`)
    ),
    Effect.forkScoped({ startImmediately: true })
  )
  // #endregion people
  yield* Stream.fromAsyncIterable(createInterface({ input: process.stdin }), String).pipe(
    Stream.map((line) => line.trim()),
    Stream.filter((line) => line !== ""),
    Stream.runForEach((text) => chat.call.Say({ text }).pipe(Effect.catch((error) => Console.error(error.message))))
  )
}).pipe(
  Effect.scoped,
  Effect.provide(Layer.unwrap(Effect.map(url, (url) => LiveClient.layerWebSocket({ url })))),
  NodeRuntime.runMain
)
// #endregion client
