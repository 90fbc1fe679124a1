import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import { assert, describe, it, layer } from "@effect/vitest"
import { PgClient } from "@effect/sql-pg"
import { Duration, Effect, Layer, Option } from "effect"
import { KeyValueStore } from "effect/persistence"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import * as SnapshotStore from "../../src/server/SnapshotStore.ts"
import { Postgres } from "./Postgres.ts"
import { Held, snapshot, snapshotSuite } from "./snapshotSuite.ts"

const hour = Duration.hours(1)
const at = (epoch: number, serial: number): SnapshotStore.Position => ({ epoch, serial })

const temporaryFolder = Effect.acquireRelease(
  Effect.promise(() => mkdtemp(join(tmpdir(), "fibra-snapshots-"))),
  (folder) => Effect.promise(() => rm(folder, { recursive: true, force: true }))
)

snapshotSuite("in memory", Layer.effectContext(Effect.die("todo")))

snapshotSuite(
  "in a KeyValueStore",
  Layer.merge(
    SnapshotStore.layerKeyValueStore,
    Layer.effect(
      Held,
      Effect.map(Effect.service(KeyValueStore.KeyValueStore), ({ size }) => ({ count: size }))
    )
  ).pipe(Layer.provide(KeyValueStore.layerMemory))
)

snapshotSuite(
  "in a folder",
  Layer.unwrap(
    Effect.map(temporaryFolder, (folder) =>
      Layer.merge(
        SnapshotStore.layerFolder(join(folder, "to", "be", "made")),
        Layer.succeed(Held, {
          count: Effect.map(
            Effect.promise(() => readdir(join(folder, "to", "be", "made"))),
            (names) => names.length
          )
        })
      )
    )
  )
)
