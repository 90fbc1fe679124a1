/** The showcase with its dashboard, both built by vite, and patients beside it, under load until the Scope closes. */
import { fileURLToPath } from "node:url"
import { NodeServices } from "@effect/platform-node"
import { ConfigProvider, Context, Effect, Layer, Logger, Schedule } from "effect"
import { HttpStaticServer } from "effect/http"
import { LiveClient } from "fibra/client"
import { Authentication, Authorization, LiveConfig, LiveServer, Secrets, UploadStore } from "fibra/server"
import { build } from "vite"
import { Board } from "../../examples/board/Board.ts"
import { BoardLayer } from "../../examples/board/BoardLayer.ts"
import { Chat, History } from "../../examples/chat/Chat.ts"
import { ChatLayer } from "../../examples/chat/ChatLayer.ts"
import { HistoryLayer } from "../../examples/chat/HistoryLayer.ts"
import { Clock } from "../../examples/clock/Clock.ts"
import { ClockLayer } from "../../examples/clock/ClockLayer.ts"
import { Counter } from "../../examples/counter/Counter.ts"
import { CounterLayer } from "../../examples/counter/CounterLayer.ts"
import { Gallery } from "../../examples/gallery/Gallery.ts"
import { GalleryLayer } from "../../examples/gallery/GalleryLayer.ts"
import { named } from "../../examples/showcase/Visitor.ts"
import { DashboardFolder } from "../../src/server/monitor/dashboard/DashboardFiles.ts"
import { Patient, PatientLayer } from "./Patient.ts"
import { folder } from "./workspace.ts"

const at = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url))

/** What vite makes of a page, in a folder that goes away with the Scope. */
const page = (config: { readonly root: string; readonly configFile: string }) =>
  Effect.tap(folder, (outDir) =>
    Effect.promise(() => build({ ...config, logLevel: "error", build: { outDir, emptyOutDir: true } }))
  )

const folders = Effect.gen(function* () {
  const dashboard = yield* page({ root: at("src/dashboard/page"), configFile: at("vite.dashboard.config.ts") })
  const showcase = yield* page({ root: at("examples/showcase"), configFile: at("examples/showcase/vite.config.ts") })
  return { dashboard, showcase }
})

/** As in the showcase: whoever says `?as=ada` is Ada. */
const visitors = Authentication.layer(({ originalUrl }) =>
  Effect.sync(() => {
    const id = named(new URL(originalUrl, "http://showcase").search)
    return id === undefined ? undefined : { id }
  })
)

/** The token of its monitor, for whoever names another host than this machine. */
export const token = "a-token-of-the-monitor-that-is-long-enough"

/** Serves the pages, on a port of its own. */
export const layer = Layer.unwrap(
  Effect.map(folders, ({ dashboard, showcase }) =>
    LiveServer.layerHttp({
      components: [Counter, Clock, Chat, History, Board, Gallery, Patient],
      routes: HttpStaticServer.layer({ root: showcase }),
      port: 0,
      host: "127.0.0.1",
      dashboard: true
    }).pipe(
      Layer.provide([CounterLayer, ClockLayer, ChatLayer, HistoryLayer, BoardLayer, GalleryLayer, PatientLayer]),
      Layer.provide([
        Secrets.layerRandom,
        UploadStore.layerMemory,
        visitors,
        Authorization.layer({ mount: () => Effect.succeed(true) }),
        Logger.layer([]),
        ConfigProvider.layer(ConfigProvider.fromEnv({ env: { FIBRA_MONITOR_TOKEN: token } })),
        // So that there is something to see soon.
        LiveConfig.layer({ rate: 10_000, rateBurst: 10_000, healthInterval: "1 second", alertActionTime: "20 millis" }),
        Layer.succeed(DashboardFolder, dashboard)
      ])
    )
  )
).pipe(Layer.provide(NodeServices.layer))

const often = Schedule.spaced("100 millis")

/** Clients that use it: 60 patients, of whom `bed-1` crashes and some are slow, and a counter. */
export const load = (port: number) =>
  Effect.gen(function* () {
    const url = `ws://127.0.0.1:${port}/api/live/rpc`
    const live = Context.get(yield* Layer.build(Layer.fresh(LiveClient.layerWebSocket({ url }))), LiveClient)
    const patients = yield* Effect.forEach(Array.from({ length: 60 }), (_, index) =>
      live.mount(Patient, { key: `bed-${index}` })
    )
    const [first, second] = patients
    const counter = yield* live.mount(Counter, { props: { start: 0 }, key: "lobby" })
    const round = Effect.gen(function* () {
      yield* Effect.forEach(patients.slice(10, 30), (patient) => patient.call.Count(), { concurrency: "unbounded" })
      yield* Effect.exit(counter.call.Increment({ by: 1 }))
      if (first !== undefined) yield* Effect.exit(first.call.Refuse())
    })
    yield* Effect.forkScoped(Effect.repeat(round, often))
    if (second !== undefined) {
      const crash = Effect.exit(second.call.Crash())
      yield* Effect.forkScoped(Effect.repeat(crash, Schedule.spaced("400 millis")))
    }
    for (const patient of patients.slice(2, 5)) {
      yield* Effect.forkScoped(Effect.repeat(Effect.exit(patient.call.Sleep({ millis: 60 })), often))
    }
  })
