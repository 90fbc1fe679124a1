/** A server whose store hangs ends in time all the same, and what the store takes is in it. Real processes. */
import { assert, describe, it } from "@effect/vitest"
import { Context, Duration, Effect, Layer, Option } from "effect"
import { LiveClient } from "fibra/client"
import * as ClientFleet from "../support/ClientFleet.ts"
import { Notes } from "../support/Notes.ts"
import { patience } from "../support/patience.ts"
import { Postgres } from "../support/Postgres.ts"
import * as ServerProcess from "../support/ServerProcess.ts"
import { Stubborn } from "../support/Stubborn.ts"
import * as SnapshotStore from "../../src/server/store/SnapshotStore.ts"
import { folder } from "../support/workspace.ts"

const file = new URL("../support/HangingStoreServer.ts", import.meta.url)

/** Its `drainTimeout`, and what a machine takes to end a process. */
const limit = Duration.sum(Duration.seconds(2), Duration.seconds(3 * patience))

const clientOf = (port: number) =>
  Effect.map(
    Layer.build(LiveClient.layerWebSocket({ url: `ws://127.0.0.1:${port}/api/live/rpc` })),
    Context.get(LiveClient)
  )

describe("a server that is asked to end while its store", () => {
  for (const hangs of ["never ends", "cannot be interrupted", "waits for a promise"]) {
    for (const stuck of ["one", "all"]) {
      it.live(
        `a server whose store ${hangs} for ${stuck === "one" ? "one key has stored the others, and" : "all keys"} ends in time`,
        () =>
          Effect.gen(function* () {
            const store = yield* folder
            const server = yield* ServerProcess.start({ file, env: { HANGS: hangs, STUCK: stuck, STORE: store } })
            const client = yield* clientOf(server.port)
            const keys = ["stuck", ...Array.from({ length: 40 }, (_, index) => `key ${index}`)]
            const mounted = yield* Effect.forEach(keys, (key) => client.mount(Notes, { key }), { concurrency: 8 })
            yield* client.mount(Notes, {})
            yield* Effect.forEach(mounted, (notes) => notes.call.Write({ line: "first" }))
            yield* Effect.sleep("300 millis")
            yield* Effect.forEach(mounted, (notes) => notes.call.Write({ line: "last" }))
            const ended = yield* Effect.timeoutOption(Effect.timed(server.end("SIGTERM")), "1 minute")
            assert.isTrue(Option.isSome(ended))
            if (Option.isNone(ended)) return
            assert.isAtMost(Duration.toMillis(ended.value[0]), Duration.toMillis(limit))
            yield* Effect.gen(function* () {
              const kept = yield* SnapshotStore.SnapshotStore
              for (const key of keys) {
                const snapshot = Option.getOrUndefined(yield* kept.read(`Notes/${key}`))
                const isKept = stuck === "one" && key !== "stuck"
                assert.deepStrictEqual(snapshot?.state["lines"], isKept ? ["first", "last"] : undefined, key)
              }
            }).pipe(Effect.provide(SnapshotStore.layerFolder(store), { local: true }))
          }).pipe(Effect.scoped),
        120_000
      )
    }
  }

  it.live(
    "a server whose store, handlers and finalizers all hang ends in time, and every client has its last state in a token",
    () =>
      Effect.gen(function* () {
        const store = yield* folder
        const env = { HANGS: "cannot be interrupted", STUCK: "all", STORE: store }
        const server = yield* ServerProcess.start({ file, env })
        const client = yield* clientOf(server.port)
        for (const key of ["one", "two", "three"]) {
          const stubborn = yield* client.mount(Stubborn, { key })
          yield* Effect.forkChild(Effect.exit(stubborn.call.Hang()), { startImmediately: true })
        }
        const crowd = yield* ClientFleet.make(30, `ws://127.0.0.1:${server.port}/api/live/rpc`)
        yield* ClientFleet.each(crowd, ({ number, tally }) => tally.call.Add({ by: number }))
        const ended = yield* Effect.timeoutOption(Effect.timed(server.end("SIGTERM")), "1 minute")
        assert.isTrue(Option.isSome(ended))
        if (Option.isNone(ended)) return
        assert.isAtMost(Duration.toMillis(ended.value[0]), Duration.toMillis(limit))
        assert.deepStrictEqual(
          crowd.map(({ sealed }) => sealed()),
          crowd.map(({ number }) => number)
        )
      }).pipe(Effect.scoped),
    120_000
  )

  it.live(
    "a server whose store is a PostgreSQL that is frozen ends in time, though its driver would wait for five seconds",
    () =>
      Effect.gen(function* () {
        const { freeze, socket, thaw } = yield* Postgres
        const server = yield* ServerProcess.start({ file, env: { DATABASE: socket } })
        const client = yield* clientOf(server.port)
        const keys = Array.from({ length: 20 }, (_, index) => `key ${index}`)
        const mounted = yield* Effect.forEach(keys, (key) => client.mount(Notes, { key }), { concurrency: 8 })
        const [took, { code }] = yield* Effect.acquireUseRelease(
          freeze,
          () =>
            Effect.gen(function* () {
              yield* Effect.forEach(mounted, (notes) => notes.call.Write({ line: "last" }))
              return yield* Effect.timed(server.end("SIGTERM"))
            }),
          () => thaw
        )
        // That it was ended before the driver had.
        assert.strictEqual(code, 1)
        assert.isAtMost(Duration.toMillis(took), Duration.toMillis(limit))
      }).pipe(Effect.scoped, Effect.provide(Postgres.layer)),
    120_000
  )
})
