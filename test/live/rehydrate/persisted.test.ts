/** A component that persists has its state in the store: after changes, when it is passivated, when the server ends. */
import { assert, layer } from "@effect/vitest"
import { Effect, Exit, Layer, Option, Schema, Scope } from "effect"
import { TestClock } from "effect/testing"
import { Component, Migration } from "fibra"
import { SnapshotStore } from "fibra/server"
import { LiveTest } from "fibra/testing"
import { Notes, NotesLayer } from "../../support/Notes.ts"

/** The same component, two versions later. */
class LaterNotes extends Component.Service<LaterNotes>()("Notes", {
  version: 3,
  state: { entries: Schema.Array(Schema.Struct({ text: Schema.String, done: Schema.Boolean })), title: Schema.String },
  initial: () => ({ entries: [], title: "" })
}) {}

const LaterNotesLayer = LaterNotes.toLayer(LaterNotes.of({}), {
  persist: true,
  migrations: Migration.from(1, { lines: Schema.Array(Schema.String) }, ({ lines }) => ({
    entries: lines.map((text) => ({ text, done: false }))
  })).from(2, { entries: Schema.Array(Schema.Struct({ text: Schema.String, done: Schema.Boolean })) }, (state) => ({
    ...state,
    title: "migrated"
  }))
})

const store = SnapshotStore.layerMemory
const subject = LiveTest.layer({ components: [Notes] }).pipe(Layer.provide(NotesLayer), Layer.provideMerge(store))

const stored = (key: string) => Effect.flatMap(SnapshotStore.SnapshotStore, ({ read }) => read(`Notes/${key}`))

const linesOf = (snapshot: Option.Option<SnapshotStore.Snapshot>) =>
  Option.match(snapshot, { onNone: () => undefined, onSome: ({ state }) => state["lines"] })

layer(subject)("a component that persists", (it) => {
  it.effect("a component that persists is written at most once per interval after a change, and not before", () =>
    Effect.gen(function* () {
      const live = yield* LiveTest
      const notes = yield* live.mount(Notes, { key: "debounced" })
      yield* notes.call.Write({ line: "a" })
      yield* notes.call.Write({ line: "b" })
      assert.isUndefined(linesOf(yield* stored("debounced")))
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(linesOf(yield* stored("debounced")), ["a", "b"])
    }).pipe(Effect.scoped)
  )

  it.effect("a component that persists comes back with its state after it was passivated, in its next life", () =>
    Effect.gen(function* () {
      const live = yield* LiveTest
      const scope = yield* Scope.make()
      const notes = yield* Scope.provide(live.mount(Notes, { key: "idle" }), scope)
      yield* notes.call.Write({ line: "a" })
      yield* Scope.close(scope, Exit.void)
      yield* TestClock.adjust("1 minute")
      assert.strictEqual((yield* live.open).instances, 0)
      const again = yield* live.mount(Notes, { key: "idle" })
      assert.deepStrictEqual((yield* again.state).lines, ["a"])
      yield* TestClock.adjust("1 second")
      const snapshot = Option.getOrThrow(yield* stored("idle"))
      assert.deepInclude(snapshot, { epoch: 2, revision: 1 })
    }).pipe(Effect.scoped)
  )

  it.effect("a persistent component keeps what a server changed before it ended, and loses it when killed", () =>
    Effect.gen(function* () {
      const live = yield* LiveTest
      const notes = yield* live.mount(Notes, { key: "server" })
      yield* notes.call.Write({ line: "a" })
      yield* live.stop
      yield* live.start
      yield* live.reconnect
      assert.deepStrictEqual((yield* notes.state).lines, ["a"])
      yield* notes.call.Write({ line: "b" })
      yield* TestClock.adjust("1 second")
      yield* notes.call.Write({ line: "c" })
      yield* live.kill
      yield* live.start
      yield* live.reconnect
      assert.deepStrictEqual((yield* notes.state).lines, ["a", "b"])
    }).pipe(Effect.scoped)
  )

  it.effect("a component that persists prefers what was stored later to a client's token, for a private instance", () =>
    Effect.gen(function* () {
      const live = yield* LiveTest
      const notes = yield* live.mount(Notes, {})
      yield* notes.call.Write({ line: "a" })
      yield* TestClock.adjust("1 second")
      yield* live.settle
      // The client is away when the next change is stored, and so has no token of it.
      yield* live.stall
      yield* Effect.forkChild(notes.call.Write({ line: "b" }), { startImmediately: true })
      yield* live.settle
      yield* live.disconnect
      yield* live.stop
      yield* live.start
      yield* live.reconnect
      assert.strictEqual(yield* notes.activation, "rehydrated")
      assert.deepStrictEqual((yield* notes.state).lines, ["a", "b"])
    }).pipe(Effect.scoped)
  )
})

layer(store)("a store that fails", (it) => {
  it.effect("a store that fails to read refuses the mount, and nothing replaces the state", () =>
    Effect.gen(function* () {
      const real = yield* SnapshotStore.SnapshotStore
      let broken = false
      const failing = SnapshotStore.SnapshotStore.of({
        ...real,
        read: (address) =>
          broken
            ? Effect.fail(
                new SnapshotStore.SnapshotStoreError({ operation: "read", address, cause: new Error("down") })
              )
            : real.read(address)
      })
      yield* Effect.gen(function* () {
        const live = yield* LiveTest
        const scope = yield* Scope.make()
        const notes = yield* Scope.provide(live.mount(Notes, { key: "k" }), scope)
        yield* notes.call.Write({ line: "a" })
        yield* Scope.close(scope, Exit.void)
        yield* TestClock.adjust("2 minutes")
        broken = true
        const error = yield* Effect.flip(live.mount(Notes, { key: "k" }))
        assert.deepInclude(error.reason, { _tag: "SnapshotRejected", reason: "unavailable" })
        broken = false
        assert.deepStrictEqual((yield* (yield* live.mount(Notes, { key: "k" })).state).lines, ["a"])
      }).pipe(
        Effect.provide(
          LiveTest.layer({ components: [Notes] }).pipe(
            Layer.provide(NotesLayer),
            Layer.provide(Layer.succeed(SnapshotStore.SnapshotStore, failing))
          )
        )
      )
    }).pipe(Effect.scoped)
  )
})

layer(store)("a later version of a component", (it) => {
  it.effect("a later version reads what an earlier one stored, and an earlier one leaves a later one's alone", () =>
    Effect.gen(function* () {
      const server = <A, E>(
        components: typeof Notes | typeof LaterNotes,
        use: Effect.Effect<A, E, LiveTest | Scope.Scope>
      ) =>
        use.pipe(
          Effect.scoped,
          Effect.provide(
            Layer.fresh(
              components === Notes
                ? LiveTest.layer({ components: [Notes] }).pipe(Layer.provide(NotesLayer))
                : LiveTest.layer({ components: [LaterNotes] }).pipe(Layer.provide(LaterNotesLayer))
            ),
            { local: true }
          )
        )
      yield* server(
        Notes,
        Effect.gen(function* () {
          const live = yield* LiveTest
          yield* (yield* live.mount(Notes, { key: "k" })).call.Write({ line: "old" })
          yield* TestClock.adjust("1 second")
        })
      )
      yield* server(
        LaterNotes,
        Effect.gen(function* () {
          const live = yield* LiveTest
          const notes = yield* live.mount(LaterNotes, { key: "k" })
          assert.deepStrictEqual(yield* notes.state, { entries: [{ text: "old", done: false }], title: "migrated" })
          yield* TestClock.adjust("1 second")
        })
      )
      const before = yield* stored("k")
      assert.deepInclude(Option.getOrThrow(before), { version: 3 })
      yield* server(
        Notes,
        Effect.gen(function* () {
          const live = yield* LiveTest
          const error = yield* Effect.flip(live.mount(Notes, { key: "k" }))
          assert.deepInclude(error.reason, { _tag: "SnapshotRejected", reason: "newer" })
        })
      )
      assert.deepStrictEqual(yield* stored("k"), before)
    })
  )
})
