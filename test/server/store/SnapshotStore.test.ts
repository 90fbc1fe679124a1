import { spawn } from "node:child_process"
import { once } from "node:events"
import { watch } from "node:fs"
import { readdir, readFile, truncate, utimes, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import { NodeFileSystem } from "@effect/platform-node"
import { assert, describe, it, layer } from "@effect/vitest"
import {
  Context,
  Duration,
  Effect,
  Exit,
  Fiber,
  FileSystem,
  Latch,
  Layer,
  Option,
  PlatformError,
  Schema,
  Scope
} from "effect"
import { KeyValueStore } from "effect/persistence"
import { Reactivity } from "effect/reactivity"
import { SqlClient, Statement } from "effect/sql"
import { TestClock } from "effect/testing"
import * as RecordEntries from "../../../src/server/store/RecordEntries.ts"
import * as RecordFolder from "../../../src/server/store/RecordFolder.ts"
import * as Records from "../../../src/server/store/Records.ts"
import * as SnapshotStore from "../../../src/server/store/SnapshotStore.ts"
import { collidingNames } from "../../support/collidingNames.ts"
import { Postgres } from "../../support/Postgres.ts"
import { snapshot, snapshotSuite } from "../../support/snapshotSuite.ts"
import { folder } from "../../support/workspace.ts"

const hour = Duration.hours(1)
const at = (epoch: number, serial: number): SnapshotStore.Position => ({ epoch, serial })

const read = Effect.fnUntraced(function* (address: string) {
  return Option.getOrUndefined(yield* (yield* SnapshotStore.SnapshotStore).read(address))
})

/** Everything that has to look at the records of this address. */
const uses = Effect.fnUntraced(function* (address: string) {
  const store = yield* SnapshotStore.SnapshotStore
  return [
    store.read(address),
    store.write(address, snapshot(9, 1)),
    store.spend(address, at(9, 1), at(10, 0), hour),
    store.retire(address, at(9, 1), hour)
  ] as ReadonlyArray<Effect.Effect<unknown, SnapshotStore.SnapshotStoreError>>
})

/** Why a store does not open. */
const refusal = <E, R>(store: Layer.Layer<SnapshotStore.SnapshotStore, E, R>) =>
  Effect.flip(Effect.scoped(Layer.build(Layer.fresh(store))))

layer(SnapshotStore.layerMemory)("in memory", (it) => {
  snapshotSuite(it)

  it.effect("a store in memory deletes what has expired, and nothing else", () =>
    Effect.gen(function* () {
      const records = yield* Records.makeMemory<string>()
      yield* records.update("write", "stays", () => [true, { value: "", expires: Records.never }])
      yield* records.update("write", "goes", (_, now) => [true, { value: "", expires: Records.expiresAt(now, hour) }])
      yield* TestClock.adjust("59 minutes")
      assert.strictEqual(records.sizeUnsafe(), 2)
      yield* TestClock.adjust("10 minutes")
      assert.strictEqual(records.sizeUnsafe(), 1)
      assert.strictEqual(yield* records.read("stays"), "")
    })
  )
})

layer(Layer.provideMerge(SnapshotStore.layerKeyValueStore, KeyValueStore.layerMemory))("in a KeyValueStore", (it) => {
  snapshotSuite(
    it,
    KeyValueStore.KeyValueStore.use(({ size }) => size)
  )

  it.effect("an entry of a KeyValueStore that cannot be read is an error that names it, and stays", () =>
    Effect.gen(function* () {
      const [entries, store] = [yield* KeyValueStore.KeyValueStore, yield* SnapshotStore.SnapshotStore]
      yield* entries.clear
      yield* store.write("damaged", snapshot(1, 1))
      yield* store.retire("damaged", at(1, 1), Duration.infinity)
      const keys = yield* entries.keys
      assert.lengthOf(keys, 2)
      const damages: ReadonlyArray<(text: string) => string> = [
        () => "",
        (text) => text.slice(0, -1),
        (text) => text.replace("epoch", "epic"),
        (text) => text.replace("damaged", "other")
      ]
      for (const damage of damages) {
        for (const key of keys) yield* entries.modify(key, damage)
        const damaged = yield* Effect.forEach(keys, entries.get)
        for (const use of yield* uses("damaged")) {
          const error = yield* Effect.flip(use)
          assert.strictEqual(error.address, "damaged")
          assert.isTrue(keys.some((key) => error.message.includes(`"${key}" cannot be read`)))
        }
        yield* TestClock.adjust("1 days")
        assert.deepStrictEqual(yield* Effect.forEach(keys, entries.get), damaged)
        yield* entries.clear
        yield* store.write("damaged", snapshot(1, 1))
        yield* store.retire("damaged", at(1, 1), Duration.infinity)
      }
      yield* Effect.forEach(keys, (key) => entries.modify(key, () => "{"))
      yield* store.remove("damaged")
      assert.isTrue(yield* store.write("damaged", snapshot(1, 1)))
    })
  )
})

describe("in entries that take their time", () => {
  it.effect("a change of a slow KeyValueStore that was interrupted is not overtaken by the next one", () =>
    Effect.gen(function* () {
      const [started, finish, finished] = [yield* Latch.make(), yield* Latch.make(), yield* Latch.make()]
      const texts = new Map<string, string>()
      // The first one is slow, and goes on when nobody waits for it any more, as the writing of a file does.
      const slow = (key: string, text: string) =>
        started.open.pipe(
          Effect.andThen(finish.await),
          Effect.andThen(Effect.sync(() => texts.set(key, text))),
          Effect.andThen(finished.open),
          Effect.forkDetach,
          Effect.flatMap(Fiber.join)
        )
      const records = yield* RecordEntries.make(
        {
          get: (key) => Effect.sync(() => texts.get(key)),
          set: (key, text) =>
            text.includes('"value":1') ? slow(key, text) : Effect.sync(() => void texts.set(key, text)),
          remove: () => Effect.void,
          keys: Effect.succeed([])
        },
        "number",
        Schema.Int
      )
      const put = (value: number) => records.update("write", "a", () => [true, { value, expires: Records.never }])
      const first = yield* Effect.forkChild(put(1))
      yield* started.await
      yield* Effect.forkChild(Fiber.interrupt(first), { startImmediately: true })
      const second = yield* Effect.forkChild(put(2), { startImmediately: true })
      yield* finish.open
      yield* Fiber.join(second)
      yield* finished.await
      assert.strictEqual(yield* records.read("a"), 2)
    })
  )
})

/** Entries in which writing a text that says so never ends, and when it does. */
const stuckEntries = Effect.gen(function* () {
  const gate = yield* Latch.make()
  const texts = new Map<string, string>()
  const entries: RecordEntries.Entries<never> = {
    get: (key) => Effect.sync(() => texts.get(key)),
    set: (key, text) =>
      Effect.andThen(
        text.includes("hangs") ? gate.await : Effect.void,
        Effect.sync(() => void texts.set(key, text))
      ),
    remove: (key) => Effect.sync(() => void texts.delete(key)),
    keys: Effect.sync(() => Array.from(texts.keys()))
  }
  return { gate, texts, records: yield* RecordEntries.make(entries, "text", Schema.String) }
})

describe("in entries of which one hangs", () => {
  const put = (records: Records.Records<string>, address: string, value: string) =>
    records.update("write", address, (_, now) => [true, { value, expires: Records.expiresAt(now, hour) }])

  it.effect("the other entries are read, changed, removed and cleaned up when one hangs", () =>
    Effect.gen(function* () {
      const { gate, records, texts } = yield* stuckEntries
      const names = collidingNames(256)
      for (const name of names) yield* put(records, name, "text")
      const stuck = yield* Effect.forkChild(put(records, names[0] ?? "", "hangs"), { startImmediately: true })
      for (const name of names.slice(1)) {
        assert.strictEqual(yield* records.read(name), "text")
        yield* put(records, name, "other")
      }
      yield* records.remove(names[1] ?? "")
      yield* TestClock.adjust("2 hours")
      assert.strictEqual(texts.size, 1)
      yield* gate.open
      yield* Fiber.join(stuck)
      // It was asked for two hours ago, and has expired since.
      yield* TestClock.adjust("10 minutes")
      assert.strictEqual(texts.size, 0)
    }).pipe(Effect.scoped)
  )

  it.effect("a change of an entry that hangs is not overtaken, interrupted or not", () =>
    Effect.gen(function* () {
      const { gate, records } = yield* stuckEntries
      const stuck = yield* Effect.forkChild(put(records, "a", "hangs"), { startImmediately: true })
      yield* Effect.forkChild(Fiber.interrupt(stuck), { startImmediately: true })
      const next = yield* Effect.forkChild(put(records, "a", "newer"), { startImmediately: true })
      yield* TestClock.adjust("10 minutes")
      assert.isUndefined(next.pollUnsafe())
      yield* gate.open
      yield* Fiber.join(next)
      assert.strictEqual(yield* records.read("a"), "newer")
    }).pipe(Effect.scoped)
  )
})

describe("in entries of which one cannot be looked at", () => {
  it.effect("what has expired of the others is deleted all the same, and the Scope does not wait", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const texts = new Map<string, string>()
      let stuck = ""
      const entries: RecordEntries.Entries<never> = {
        get: (key) => (key === stuck ? Effect.uninterruptible(Effect.never) : Effect.sync(() => texts.get(key))),
        set: (key, text) => Effect.sync(() => void texts.set(key, text)),
        remove: (key) => Effect.sync(() => void texts.delete(key)),
        keys: Effect.succeed([])
      }
      const records = yield* Scope.provide(RecordEntries.make(entries, "text", Schema.String), scope)
      for (const name of ["a", "b", "c"]) {
        yield* records.update("write", name, (_, now) => [true, { value: "", expires: Records.expiresAt(now, hour) }])
      }
      const [first = ""] = texts.keys()
      stuck = first
      yield* TestClock.adjust("2 hours")
      assert.deepStrictEqual(Array.from(texts.keys()), [first])
      const closing = yield* Effect.forkChild(Scope.close(scope, Exit.void), { startImmediately: true })
      yield* Effect.yieldNow
      assert.isDefined(closing.pollUnsafe())
    })
  )
})

describe("a record of tokens that was kept by an earlier version", () => {
  it.effect("a record of tokens of an earlier version is read, and its last token is used", () =>
    Effect.gen(function* () {
      const entries = yield* KeyValueStore.KeyValueStore
      const value = { next: at(2, 0), spent: at(1, 3) }
      const text = JSON.stringify({ address: "old", expires: Records.never, value })
      yield* entries.set(`fibra-token-${RecordEntries.hash("old")}`, text)
      const store = yield* SnapshotStore.SnapshotStore
      assert.strictEqual(yield* store.spend("old", at(1, 3), at(3, 0), hour, at(2, 0)), "spent")
      assert.strictEqual(yield* store.spend("old", at(2, 1), at(3, 0), hour), "accepted")
      assert.deepStrictEqual(yield* store.spend("old", at(2, 1), at(3, 0), hour), { successor: at(3, 0) })
    }).pipe(Effect.provide(Layer.provideMerge(SnapshotStore.layerKeyValueStore, KeyValueStore.layerMemory)))
  )
})

/** A directory of the test's own. */
class Folder extends Context.Service<Folder, string>()("test/Folder") {
  static readonly layer = Layer.effect(Folder, folder)
  /** The store in a folder below it that is yet to be made. */
  static readonly store = Layer.unwrap(
    Effect.map(Effect.service(Folder), (folder) => SnapshotStore.layerFolder(join(folder, "to", "make")))
  )
  static readonly files = Effect.flatMap(Effect.service(Folder), (folder) =>
    Effect.promise(() => readdir(join(folder, "to", "make")))
  )
}

/** A store that is opened for this effect, and closed after it. */
const inFolder =
  (folder: string) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>) =>
    Effect.provide(effect, SnapshotStore.layerFolder(folder), { local: true })

layer(Layer.provideMerge(Folder.store, Folder.layer))("in a folder", (it) => {
  snapshotSuite(
    it,
    Effect.map(Folder.files, (files) => files.length)
  )
})

describe("in a folder", () => {
  const withFolder = <A, E, R>(test: (folder: string) => Effect.Effect<A, E, R>) =>
    Effect.provide(Effect.flatMap(Effect.service(Folder), test), Folder.layer)
  const filesOf = (folder: string) => Effect.promise(() => readdir(folder))

  it.effect("a process reads from a folder what another has written", () =>
    withFolder((folder) =>
      Effect.gen(function* () {
        yield* Effect.gen(function* () {
          const store = yield* SnapshotStore.SnapshotStore
          yield* store.write("kept", snapshot(3, 4))
          yield* store.write("expiring", snapshot(3, 4), hour)
          yield* store.spend("kept", at(1, 1), at(2, 0), hour)
        }).pipe(inFolder(folder))
        yield* Effect.gen(function* () {
          const store = yield* SnapshotStore.SnapshotStore
          assert.deepStrictEqual(yield* read("kept"), snapshot(3, 4))
          assert.deepStrictEqual(yield* read("expiring"), snapshot(3, 4))
          assert.isFalse(yield* store.write("kept", snapshot(3, 3)))
          assert.deepStrictEqual(yield* store.spend("kept", at(1, 1), at(2, 0), hour), { successor: at(2, 0) })
          yield* TestClock.adjust("1 hours")
          assert.isUndefined(yield* read("expiring"))
          const onlyOneIsLeft = Effect.map(filesOf(folder), (files) => files.length === 1)
          const sweep = Effect.andThen(TestClock.adjust("1 minutes"), TestClock.withLive(Effect.sleep("1 millis")))
          yield* Effect.repeat(Effect.andThen(sweep, onlyOneIsLeft), { until: (left) => left })
        }).pipe(inFolder(folder))
      })
    )
  )

  it.effect("a file that was cut short is an error that names it, and the others are read", () =>
    withFolder((folder) =>
      Effect.gen(function* () {
        const store = yield* SnapshotStore.SnapshotStore
        yield* store.write("cut", snapshot(1, 1))
        const [file = ""] = yield* filesOf(folder)
        yield* store.write("whole", snapshot(1, 1))
        yield* Effect.promise(() => truncate(join(folder, file), 50))
        const error = yield* Effect.flip(read("cut"))
        assert.include(error.message, `The snapshot store could not read "cut": the entry "${file}" cannot be read: `)
        assert.include(error.hint, "Restore the record from a backup")
        assert.deepStrictEqual(yield* read("whole"), snapshot(1, 1))
      }).pipe(inFolder(folder))
    )
  )

  it.effect("a write that was cut short leaves what was there, and a file that is deleted when it is old", () =>
    withFolder((folder) =>
      Effect.gen(function* () {
        yield* Effect.flatMap(Effect.service(SnapshotStore.SnapshotStore), (store) =>
          store.write("cut", snapshot(1, 1))
        ).pipe(inFolder(folder))
        const [file = ""] = yield* filesOf(folder)
        const text = yield* Effect.promise(() => readFile(join(folder, file), "utf8"))
        const left = join(folder, `${file}.0.unfinished`)
        yield* Effect.promise(() => writeFile(left, text.slice(0, 50)))
        yield* Effect.promise(() => utimes(left, 60, 60))
        assert.deepStrictEqual(yield* inFolder(folder)(read("cut")), snapshot(1, 1))
        assert.lengthOf(yield* filesOf(folder), 2)
        yield* TestClock.adjust("12 minutes")
        assert.deepStrictEqual(yield* inFolder(folder)(read("cut")), snapshot(1, 1))
        assert.deepStrictEqual(yield* filesOf(folder), [file])
      })
    )
  )

  it.effect(
    "a file that another process has left unfinished is deleted when it is old, and what is being written is not",
    () =>
      withFolder((folder) =>
        Effect.gen(function* () {
          const [fs, gate] = [yield* FileSystem.FileSystem, yield* Latch.make()]
          const entries = yield* RecordFolder.make(folder).pipe(
            Effect.provideService(FileSystem.FileSystem, {
              ...fs,
              rename: (from, to) => Effect.andThen(gate.await, fs.rename(from, to))
            })
          )
          const writing = yield* Effect.forkChild(entries.set("mine", "1"), { startImmediately: true })
          const unfinished = Effect.map(filesOf(folder), (files) =>
            files.filter((file) => file.endsWith(".unfinished"))
          )
          yield* Effect.repeat(unfinished, { until: (files) => files.length === 1 })
          for (const name of ["old", "young"]) {
            yield* Effect.promise(() => writeFile(join(folder, `${name}.unfinished`), "2"))
          }
          const [mine = ""] = yield* unfinished
          for (const name of [mine, "old.unfinished"]) yield* Effect.promise(() => utimes(join(folder, name), 1, 1))
          yield* Effect.promise(() => utimes(join(folder, "young.unfinished"), 3600, 3600))
          // The sweep wakes with the test clock, but deletes in real time.
          const sweep = Effect.andThen(TestClock.adjust("5 minutes"), TestClock.withLive(Effect.sleep("1 millis")))
          yield* Effect.repeat(Effect.andThen(sweep, unfinished), {
            until: (files) => !files.includes("old.unfinished")
          })
          assert.sameMembers(yield* unfinished, [mine, "young.unfinished"])
          yield* gate.open
          yield* Fiber.join(writing)
          assert.strictEqual(yield* entries.get("mine"), "1")
        }).pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer))
      )
  )

  it.effect("a write to a folder that fails leaves what was there, and nothing else", () =>
    withFolder((folder) =>
      Effect.gen(function* () {
        const fs = yield* FileSystem.FileSystem
        const full = PlatformError.systemError({ _tag: "Unknown", module: "FileSystem", method: "rename" })
        const entries = yield* RecordFolder.make(folder).pipe(
          Effect.provideService(FileSystem.FileSystem, {
            ...fs,
            rename: (from, to) => (to.endsWith("second") ? Effect.fail(full) : fs.rename(from, to))
          })
        )
        yield* entries.set("first", "1")
        assert.strictEqual(yield* Effect.flip(entries.set("second", "2")), full)
        assert.deepStrictEqual(yield* filesOf(folder), ["first"])
        assert.strictEqual(yield* entries.get("first"), "1")
      }).pipe(Effect.provide(NodeFileSystem.layer))
    )
  )

  it.effect("a process that is killed while it writes leaves the last whole snapshot", () =>
    withFolder((folder) =>
      Effect.gen(function* () {
        const confirmed = yield* Effect.promise(async () => {
          const writer = spawn(
            process.execPath,
            [fileURLToPath(new URL("../../support/SnapshotWriter.ts", import.meta.url)), folder],
            {
              stdio: ["ignore", "pipe", "inherit"]
            }
          )
          const exit = once(writer, "exit")
          const over = new AbortController()
          let revision = 0
          for await (const line of createInterface({ input: writer.stdout })) {
            revision = Number(line)
            // As soon as the next file is touched, of which it has megabytes to write.
            if (revision === 2) watch(folder, { signal: over.signal }, () => writer.kill("SIGKILL"))
          }
          await exit
          over.abort()
          return revision
        })
        assert.isAtLeast(confirmed, 2)
        const kept = yield* inFolder(folder)(read("large"))
        assert.isAtLeast(kept?.revision ?? 0, confirmed)
        assert.strictEqual(kept?.state["end"], kept?.revision)
      })
    )
  )

  it.effect("a folder that cannot be made is an error that names it", () =>
    withFolder((folder) =>
      Effect.gen(function* () {
        const file = join(folder, "file")
        yield* Effect.promise(() => writeFile(file, ""))
        const error = yield* refusal(SnapshotStore.layerFolder(file))
        assert.include(error.message, `The snapshot store could not open "${file}": EEXIST`)
        assert.include(error.hint, "See whether the store runs")
      })
    )
  )
})

const rows = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const [counted] = yield* sql<{ readonly rows: bigint }>`
    SELECT (SELECT count(*) FROM fibra_snapshots) + (SELECT count(*) FROM fibra_tokens) AS rows`
  return Number(counted?.rows)
})

const postgres = SnapshotStore.layerSql.pipe(
  Layer.provideMerge(Postgres.layerClient("postgres")),
  Layer.provideMerge(Postgres.layer)
)

layer(postgres, { timeout: "30 seconds" })("in PostgreSQL", (it) => {
  snapshotSuite(it, rows)

  it.effect("servers that start together make the tables of PostgreSQL once, and share them", () =>
    Effect.gen(function* () {
      yield* SqlClient.SqlClient.use((sql) => sql`CREATE DATABASE together`)
      const together = Postgres.layerClient("together")
      const server = SnapshotStore.layerSql.pipe(Layer.provide(Layer.fresh(together)), Layer.fresh)
      const servers = yield* Effect.forEach(Array(8), () => Layer.build(server), { concurrency: "unbounded" })
      const stores = servers.map((context) => Context.get(context, SnapshotStore.SnapshotStore))
      for (const [revision, store] of stores.entries()) yield* store.write("shared", snapshot(1, revision))
      for (const store of stores) assert.deepStrictEqual(yield* store.read("shared"), Option.some(snapshot(1, 7)))
      const tables = yield* SqlClient.SqlClient.use(
        (sql) => sql<{ readonly name: string }>`SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'`
      ).pipe(Effect.provide(together))
      const names = tables.map(({ name }) => name)
      assert.sameMembers(names, ["fibra_migrations", "fibra_snapshots", "fibra_tokens"])
    })
  )

  it.effect("exactly one of several servers accepts a token, and the latest snapshot of any is kept", () =>
    Effect.gen(function* () {
      const server = SnapshotStore.layerSql.pipe(Layer.provide(Postgres.layerClient("postgres")), Layer.fresh)
      const servers = yield* Effect.forEach([1, 2, 3], () => Layer.build(server))
      const stores = servers.map((context) => Context.get(context, SnapshotStore.SnapshotStore))
      for (const epoch of [1, 2, 3, 4, 5]) {
        const answers = yield* Effect.forEach(
          Array.from({ length: 30 }, () => stores).flat(),
          (store) => store.spend("race", at(epoch, 0), at(epoch + 1, 0), hour),
          { concurrency: "unbounded" }
        )
        assert.strictEqual(answers.filter((answer) => answer === "accepted").length, 1)
        assert.strictEqual(answers.filter((answer) => typeof answer === "object").length, 89)
        const revisions = Array.from({ length: 30 }, (_, index) => (index * 7) % 30)
        yield* Effect.forEach(
          revisions.flatMap((revision) => stores.map((store) => store.write("race", snapshot(epoch, revision)))),
          (write) => write,
          { concurrency: "unbounded" }
        )
        assert.deepStrictEqual(yield* read("race"), snapshot(epoch, 29))
      }
    })
  )

  it.effect("a row of tokens of an earlier version is read, and its last token is used", () =>
    Effect.gen(function* () {
      const [sql, store] = [yield* SqlClient.SqlClient, yield* SnapshotStore.SnapshotStore]
      yield* sql`INSERT INTO fibra_tokens (id, address, next, spent, expires)
        VALUES (${RecordEntries.hash("old")}, 'old', ARRAY[2, 0], ARRAY[1, 3], ${Records.never})`
      assert.strictEqual(yield* store.spend("old", at(1, 3), at(3, 0), hour, at(2, 0)), "spent")
      assert.strictEqual(yield* store.spend("old", at(2, 1), at(3, 0), hour), "accepted")
      assert.deepStrictEqual(yield* store.spend("old", at(2, 1), at(3, 0), hour), { successor: at(3, 0) })
    })
  )

  it.effect("a row that cannot be read is an error that names it", () =>
    Effect.gen(function* () {
      const [sql, store] = [yield* SqlClient.SqlClient, yield* SnapshotStore.SnapshotStore]
      yield* store.write("damaged", snapshot(1, 1))
      yield* sql`UPDATE fibra_snapshots SET snapshot = '{' WHERE address = 'damaged'`
      const error = yield* Effect.flip(read("damaged"))
      assert.match(error.message, /the row "[0-9a-f]{64}" of fibra_snapshots cannot be read/)
    })
  )

  it.effect("an error contains what the database says", () =>
    Effect.gen(function* () {
      const { message } = yield* refusal(Layer.provide(SnapshotStore.layerSql, Postgres.layerClient("missing")))
      assert.include(message, `could not open "PostgreSQL": database "missing" does not exist.`)
    })
  )
})

describe("in another database than PostgreSQL", () => {
  it.effect("a store does not open in a database other than PostgreSQL", () =>
    Effect.gen(function* () {
      const compiler = Statement.makeCompilerSqlite()
      const unused = Effect.die("not to be used")
      const client = SqlClient.make({ acquirer: unused, compiler, driver: "sqlite", spanAttributes: [] })
      const sqlite = Layer.provide(Layer.effect(SqlClient.SqlClient, client), Reactivity.layer)
      const { message } = yield* refusal(Layer.provide(SnapshotStore.layerSql, sqlite))
      assert.include(message, 'could not open "PostgreSQL": the SqlClient speaks another language.')
    })
  )
})
