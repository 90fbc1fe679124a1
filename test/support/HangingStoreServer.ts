/**
 * A server of notes, tallies and what does not end, as a program. Its store is the PostgreSQL whose socket `DATABASE` names, or the folder `STORE`, and then hangs on
 * the key `stuck`, in the way that `HANGS` says, or with `STUCK=all` on every key.
 */
import { PgClient } from "@effect/sql-pg"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import { LiveConfig, LiveServer, SnapshotStore } from "../../src/server/index.ts"
import { listening } from "./listening.ts"
import { CounterFixture, CounterFixtureLayer } from "./CounterFixture.ts"
import { Notes, NotesLayer } from "./Notes.ts"
import { Stubborn, StubbornLayer } from "./Stubborn.ts"

const ways: Record<string, Effect.Effect<never>> = {
  "never ends": Effect.never,
  "cannot be interrupted": Effect.uninterruptible(Effect.never),
  "waits for a promise": Effect.promise(() => new Promise<never>(() => {}))
}
const hangs = ways[process.env["HANGS"] ?? ""] ?? Effect.never
const isStuck = (address: string) => process.env["STUCK"] === "all" || address.endsWith("/stuck")

const inFolder = Layer.effect(
  SnapshotStore.SnapshotStore,
  Effect.map(Effect.service(SnapshotStore.SnapshotStore), (store) =>
    SnapshotStore.SnapshotStore.of({
      ...store,
      write: (address, ...rest) => (isStuck(address) ? hangs : store.write(address, ...rest)),
      retire: (instance, ...rest) => (isStuck(instance) ? hangs : store.retire(instance, ...rest))
    })
  )
).pipe(Layer.provide(SnapshotStore.layerFolder(process.env["STORE"] ?? "")))

const database = process.env["DATABASE"]
const store =
  database === undefined
    ? inFolder
    : Layer.orDie(
        Layer.provide(
          SnapshotStore.layerSql,
          PgClient.layer({ path: database, username: "postgres", database: "postgres" })
        )
      )

const config = LiveConfig.layer({
  drainTimeout: Duration.seconds(2),
  persistInterval: Duration.millis(100),
  rate: Infinity,
  maxConnectionsPerAddress: Infinity
})

LiveServer.layerHttp({
  components: [Notes, Stubborn, CounterFixture],
  port: Number(process.env["PORT"] ?? 0),
  host: "127.0.0.1"
}).pipe(
  (server) => Layer.provideMerge(listening, server),
  // What it says of the store is tested elsewhere.
  Layer.provide([NotesLayer, StubbornLayer, CounterFixtureLayer, store, config, Logger.layer([])]),
  LiveServer.runMain
)
