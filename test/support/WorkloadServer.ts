/** A server as a program, as `npm start` runs one, with a component whose handlers take as long as they are told. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import { Component } from "../../src/index.ts"
import { LiveConfig, LiveServer } from "../../src/server/index.ts"
import { listening } from "./listening.ts"

class Workload extends Component.Service<Workload>()("Workload", {
  state: { count: Schema.Int },
  initial: () => ({ count: 0 }),
  actions: [
    Rpc.make("Add", { success: Schema.Int }),
    Rpc.make("Work", { payload: { millis: Schema.Int } }),
    Rpc.make("Refuse", { error: Schema.String }),
    Rpc.make("Crash")
  ]
}) {}

const WorkloadLayer = Workload.toLayer(
  Effect.map(Effect.service(Workload), (self) =>
    Workload.of({
      Add: () =>
        Effect.map(
          self.update(({ count }) => ({ count: count + 1 })),
          ({ count }) => count
        ),
      Work: ({ millis }) => Effect.sleep(millis),
      Refuse: () => Effect.fail("no"),
      Crash: () => Effect.die(new Error("it broke"))
    })
  )
)

LiveServer.layerHttp({ components: [Workload], host: "127.0.0.1" }).pipe(
  (server) => Layer.provideMerge(listening, server),
  // Its crashes are on purpose.
  Layer.provide([WorkloadLayer, LiveConfig.layerConfig, Logger.layer([])]),
  LiveServer.runMain
)
