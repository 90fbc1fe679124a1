/**
 * A server that is killed while its clients write tears nothing: real processes, a store in files. `FIBRA_KILLS` says how often.
 */
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Fiber, Layer, Option, Schedule, Scope } from "effect"
import type { LiveError } from "fibra"
import { LiveClient, type LiveHandle } from "fibra/client"
import * as SnapshotStore from "../../src/server/store/SnapshotStore.ts"
import { Notes } from "../support/Notes.ts"
import * as ServerProcess from "../support/ServerProcess.ts"
import { folder } from "../support/workspace.ts"

const file = new URL("../support/HangingStoreServer.ts", import.meta.url)
const kills = Number(process.env["FIBRA_KILLS"] ?? 3)
const keys = ["a", "b", "c", "d", "e", "f"]

/** What one page writes: lines with numbers, each once. */
interface Writer {
  readonly notes: LiveHandle<typeof Notes>
  readonly address: string
  next: number
  /** The lines for which an answer came. */
  readonly answered: Set<string>
}

/** What is in the files; that they can be read is part of the test. */
const stored = Effect.fnUntraced(
  function* (folder: string, writers: ReadonlyArray<Writer>) {
    const store = yield* SnapshotStore.SnapshotStore
    return yield* Effect.forEach(writers, ({ address }) =>
      Effect.map(store.read(address), (found) =>
        Option.match(found, { onNone: (): ReadonlyArray<string> => [], onSome: ({ state }) => state["lines"] as never })
      )
    )
  },
  (effect, folder) => Effect.provide(effect, SnapshotStore.layerFolder(folder), { local: true })
)

/** Writes one line; whether it was written may be unknown when the server is killed meanwhile. */
const write = (writer: Writer): Effect.Effect<void, LiveError.LiveError> =>
  Effect.suspend(() => {
    const line = String(writer.next++)
    return writer.notes.call.Write({ line }).pipe(
      Effect.tap(() => Effect.sync(() => writer.answered.add(line))),
      Effect.asVoid,
      Effect.catchTag("LiveError", (error) => (error.reason._tag === "CallExpired" ? Effect.void : Effect.fail(error)))
    )
  })

const linesOf = ({ notes }: Writer) => Effect.map(notes.view, ({ state }) => state.lines)

describe("a server that is killed", () => {
  it.live(
    `a server that is killed ${kills} times while its clients write keeps what was stored, tears nothing and runs no call twice`,
    () =>
      Effect.gen(function* () {
        const store = yield* folder
        const scope = yield* Effect.scope
        const env = { STORE: store }
        const start = (port?: number) =>
          Scope.provide(ServerProcess.start({ file, env, ...(port === undefined ? {} : { port }) }), scope)
        let server = yield* start()
        const { port } = server
        const layer = LiveClient.layerWebSocket({ url: `ws://127.0.0.1:${port}/api/live/rpc` })
        const client = Context.get(yield* Layer.build(layer), LiveClient)
        const writers = yield* Effect.forEach(keys, (key) =>
          Effect.map(client.mount(Notes, { key }), (notes): Writer => ({
            notes,
            address: `Notes/${key}`,
            next: 0,
            answered: new Set()
          }))
        )
        for (let kill = 0; kill < kills; kill++) {
          const writing = yield* Effect.forEach(writers, (writer) => Effect.forever(write(writer)), {
            concurrency: "unbounded"
          }).pipe(Effect.forkChild)
          const begun = writers.map(({ next }) => next)
          yield* Effect.repeat(stored(store, writers), {
            until: (kept) => kept.flat().length > 0,
            schedule: Schedule.spaced("3 millis")
          })
          // Each time at another moment of writing.
          yield* Effect.sync(() => writers.every(({ next }, index) => next > (begun[index] ?? 0) + 20 + kill)).pipe(
            Effect.repeat({ until: (is) => is, schedule: Schedule.spaced("3 millis") })
          )
          assert.strictEqual((yield* server.end("SIGKILL")).signal, "SIGKILL")
          const kept = yield* stored(store, writers)
          server = yield* start(port)
          yield* Effect.forEach(writers, ({ notes }) =>
            Effect.repeat(notes.view, { until: ({ connected }) => connected, schedule: Schedule.spaced("5 millis") })
          )
          yield* Fiber.interrupt(writing)
          for (const [index, writer] of writers.entries()) {
            // An answer that is still on its way may change what it shows.
            yield* writer.notes.call.Write({ line: `end ${kill}` })
            const lines = yield* linesOf(writer)
            const before = kept[index] ?? []
            assert.deepStrictEqual(lines.slice(0, before.length), before, "what was stored is there, as it was")
            assert.strictEqual(new Set(lines).size, lines.length, "no line was written twice")
            const numbers = lines.filter((line) => !line.startsWith("end")).map(Number)
            assert.deepStrictEqual(
              numbers,
              numbers.toSorted((one, other) => one - other),
              "lines are in the order of their calls"
            )
          }
          const shown = yield* Effect.forEach(writers, linesOf)
          // Until all of it is in the store, so that the next kill may not take it away.
          yield* Effect.repeat(stored(store, writers), {
            until: (now) => now.every((lines, index) => lines.length >= (shown[index]?.length ?? 0)),
            schedule: Schedule.spaced("20 millis")
          })
        }
        yield* server.end("SIGTERM")
        const last = yield* stored(store, writers)
        for (const [index, writer] of writers.entries()) {
          const ends = last[index]?.filter((line) => line.startsWith("end"))
          assert.deepStrictEqual(
            ends,
            Array.from({ length: kills }, (_, kill) => `end ${kill}`)
          )
          assert.isAtLeast(writer.answered.size, 20 * kills)
        }
      }).pipe(Effect.scoped),
    60_000 + kills * 30_000
  )
})
