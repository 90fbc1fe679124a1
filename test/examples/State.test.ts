/** docs/state.md: what is still there after a drop, a reload, a crash of the server and a deploy. */
import { assert, layer } from "@effect/vitest"
import { Context, Effect, Exit, Fiber, Layer, Logger, Result, Schema, Scope } from "effect"
import { Rpc } from "effect/rpc"
import { TestClock } from "effect/testing"
import { Component, Migration } from "fibra"
import { StateCache } from "fibra/client"
import { Secrets, SnapshotStore } from "fibra/server"
import { LiveTest } from "fibra/testing"
import { migrations, Notes, NotesLayer } from "./Notes.ts"

// #region draft
class Draft extends Component.Service<Draft>()("Draft", {
  state: { text: Schema.String, sent: Schema.Int },
  initial: () => ({ text: "", sent: 0 }),
  actions: [
    Rpc.make("Write", { payload: { text: Schema.String } }).annotate(Component.Idempotent, true), // twice is as once
    Rpc.make("Send", { success: Schema.Int })
  ]
}) {}
// #endregion draft

const DraftLayer = Draft.toLayer(
  Effect.gen(function* () {
    const self = yield* Draft
    return Draft.of({
      Write: ({ text }) => Effect.asVoid(self.update((state) => ({ ...state, text }))),
      Send: () =>
        Effect.map(
          self.update((state) => ({ ...state, sent: state.sent + 1 })),
          ({ sent }) => sent
        )
    })
  })
)

const test = LiveTest.layer({ components: [Draft, Notes] }).pipe(
  Layer.provide([DraftLayer, NotesLayer]),
  Layer.provide(Logger.layer([]))
)

layer(test)("docs/state.md", (it) => {
  it.effect("a connection that drops keeps its state, its call waits, and the instance continues", () =>
    Effect.gen(function* () {
      // #region drop
      const live = yield* LiveTest
      const draft = yield* live.mount(Draft, {})
      yield* draft.call.Write({ text: "Dear Ada" })

      yield* live.disconnect
      const sending = yield* Effect.forkChild(draft.call.Send(), { startImmediately: true }) // waits for a connection
      yield* TestClock.adjust("30 seconds")
      assert.deepInclude(yield* draft.view, { connected: false, state: { text: "Dear Ada", sent: 0 } }) // to look at

      yield* live.reconnect
      assert.strictEqual(yield* Fiber.join(sending), 1)
      assert.strictEqual(yield* draft.activation, "resumed") // the same instance, which has gone on meanwhile
      // #endregion drop
    }).pipe(Effect.scoped)
  )

  it.effect("a call waits no longer than its limit", () =>
    Effect.gen(function* () {
      const live = yield* LiveTest
      const draft = yield* live.mount(Draft, {})
      yield* live.disconnect
      // #region timeout
      const sending = yield* Effect.forkChild(Effect.flip(draft.call.Send(undefined, { timeout: "2 seconds" })), {
        startImmediately: true
      })
      yield* TestClock.adjust("2 seconds")
      const error = yield* Fiber.join(sending)
      assert.deepInclude(error.reason, { _tag: "CallExpired", outcome: "notRun" })
      // #endregion timeout
      yield* live.reconnect
      assert.strictEqual((yield* draft.state).sent, 0)
    }).pipe(Effect.scoped)
  )

  it.effect("a call whose session is gone is unknown, unless it may run twice", () =>
    Effect.gen(function* () {
      // #region unknown
      const live = yield* LiveTest
      const draft = yield* live.mount(Draft, {})
      yield* live.stall // what the server answers does not arrive any more
      const sending = yield* Effect.forkChild(Effect.flip(draft.call.Send()), { startImmediately: true })
      const writing = yield* Effect.forkChild(draft.call.Write({ text: "Dear Bob" }), { startImmediately: true })
      yield* live.settle
      yield* live.kill // and the server that would know is gone
      yield* live.start
      yield* live.reconnect

      const error = yield* Fiber.join(sending)
      assert.deepInclude(error.reason, { _tag: "CallExpired", outcome: "unknown" })
      yield* Fiber.join(writing) // was sent again
      assert.strictEqual((yield* draft.state).text, "Dear Bob")
      // #endregion unknown
    }).pipe(Effect.scoped)
  )

  it.effect("a server that is killed has the state back from its token", () =>
    Effect.gen(function* () {
      // #region kill
      const live = yield* LiveTest
      const draft = yield* live.mount(Draft, {})
      yield* draft.call.Write({ text: "Dear Ada" })
      yield* TestClock.adjust("1 second") // no change waits longer for its token
      yield* live.settle

      yield* live.kill
      yield* live.start
      yield* live.reconnect
      assert.deepStrictEqual(yield* draft.state, { text: "Dear Ada", sent: 0 })
      assert.strictEqual(yield* draft.activation, "rehydrated")
      // #endregion kill
    }).pipe(Effect.scoped)
  )

  it.effect("a change of the last second before a server is killed is lost", () =>
    Effect.gen(function* () {
      const live = yield* LiveTest
      const draft = yield* live.mount(Draft, {})
      const notes = yield* live.mount(Notes, { key: "killed" })
      yield* draft.call.Write({ text: "kept" })
      yield* notes.call.Add({ text: "kept" })
      yield* TestClock.adjust("1 second")
      yield* live.settle
      yield* draft.call.Write({ text: "lost" })
      yield* notes.call.Add({ text: "lost" })
      yield* live.kill
      yield* live.start
      yield* live.reconnect
      assert.strictEqual((yield* draft.state).text, "kept")
      assert.lengthOf((yield* notes.state).notes, 1)
    }).pipe(Effect.scoped)
  )

  it.effect("a server that is asked to end loses nothing", () =>
    Effect.gen(function* () {
      // #region deploy
      const live = yield* LiveTest
      const draft = yield* live.mount(Draft, {})
      const notes = yield* live.mount(Notes, { key: "team" })
      yield* draft.call.Write({ text: "the last word" })
      yield* notes.call.Add({ text: "deploy" })

      yield* live.settle // takes no time
      yield* live.stop // as SIGTERM does, in the same moment in which it was changed
      yield* live.start
      yield* live.reconnect
      assert.strictEqual((yield* draft.state).text, "the last word")
      assert.deepStrictEqual((yield* notes.state).notes, [{ text: "deploy", done: false }])
      // #endregion deploy
    }).pipe(Effect.scoped)
  )

  it.effect("a page that is reloaded has its state again", () =>
    Effect.gen(function* () {
      // #region reload
      const live = yield* LiveTest
      const page = Effect.gen(function* () {
        const client = yield* live.connect() // clients share one StateCache, as the pages of a browser do
        return yield* client.mount(Draft, { cacheKey: "letter" })
      })
      yield* Effect.scoped(Effect.flatMap(page, (draft) => draft.call.Write({ text: "Dear Ada" })))

      const draft = yield* page
      assert.strictEqual((yield* draft.state).text, "Dear Ada")
      assert.strictEqual(yield* draft.activation, "rehydrated")
      // #endregion reload
      yield* TestClock.adjust("1 second")
      yield* live.settle
      const before = yield* live.open
      const second = yield* page
      yield* second.call.Write({ text: "Dear both" })
      assert.strictEqual((yield* draft.state).text, "Dear both")
      assert.strictEqual((yield* live.open).instances, before.instances)
    }).pipe(Effect.scoped)
  )

  it.effect("a page without a cache key begins anew, and so does another browser", () =>
    Effect.gen(function* () {
      const live = yield* LiveTest
      const cache = Context.get(yield* Layer.build(StateCache.layerMemory), StateCache.StateCache)
      const cases = [
        [live.connect(), {}],
        [live.connect({ cache }), { cacheKey: "mine" }]
      ] as const
      const first = yield* Scope.make()
      const draft = yield* Scope.provide(live.mount(Draft, { cacheKey: "mine" }), first)
      yield* draft.call.Write({ text: "Dear Ada" })
      yield* Scope.close(first, Exit.void)
      for (const [connect, options] of cases) {
        const other = yield* (yield* connect).mount(Draft, options)
        assert.strictEqual((yield* other.state).text, "")
        assert.strictEqual(yield* other.activation, "mounted")
      }
    }).pipe(Effect.scoped)
  )

  it.effect("a shared instance that persists has its state after everyone has left", () =>
    Effect.gen(function* () {
      const live = yield* LiveTest
      const visit = Effect.flatMap(live.mount(Notes, { key: "idle" }), (notes) => notes.call.Add({ text: "a" }))
      yield* Effect.scoped(visit)
      yield* TestClock.adjust("1 hour")
      assert.strictEqual((yield* live.open).instances, 0)
      assert.strictEqual(yield* Effect.scoped(visit), 2)
    })
  )

  it.effect("a client of an earlier version is told that it is outdated", () =>
    Effect.gen(function* () {
      // #region outdated
      class Earlier extends Component.Service<Earlier>()("Notes", {
        version: 2,
        state: { notes: Schema.Array(Schema.Struct({ text: Schema.String, done: Schema.Boolean })) },
        initial: () => ({ notes: [] })
      }) {}
      const error = yield* Effect.flip((yield* LiveTest).mount(Earlier, { key: "team" }))
      assert.deepInclude(error.reason, { _tag: "VersionMismatch", client: 2, server: 3 })
      // #endregion outdated
    }).pipe(Effect.scoped)
  )
})

/** Notes as they were two versions ago. */
class FirstNotes extends Component.Service<FirstNotes>()("Notes", {
  version: 1,
  state: { notes: Schema.Array(Schema.String) },
  initial: () => ({ notes: [] }),
  actions: [Rpc.make("Add", { payload: { text: Schema.String } })]
}) {}

const FirstNotesLayer = FirstNotes.toLayer(
  Effect.gen(function* () {
    const self = yield* FirstNotes
    return FirstNotes.of({
      Add: ({ text }) => Effect.asVoid(self.update(({ notes }) => ({ notes: [...notes, text] })))
    })
  }),
  { persist: true }
)

const kept = Layer.mergeAll(SnapshotStore.layerMemory, StateCache.layerMemory, Secrets.layerRandom)

layer(kept)("docs/state.md, two versions later", (it) => {
  it.effect("a state of version 1 is migrated to version 3", () =>
    Effect.sync(() => {
      // #region fixture
      const stored = { notes: ["buy milk"] } // as version 1 wrote it
      const migrated = Migration.run(migrations, { component: Notes, version: 1, state: stored })
      assert.deepStrictEqual(
        migrated,
        Result.succeed({ title: "Untitled", notes: [{ text: "buy milk", done: false }] })
      )
      // #endregion fixture
    })
  )

  it.effect("states in the store and in tokens are migrated", () =>
    Effect.gen(function* () {
      const cache = yield* StateCache.StateCache
      const server = <A, E>(
        layer: Layer.Layer<LiveTest, unknown>,
        use: (live: LiveTest["Service"]) => Effect.Effect<A, E, Scope.Scope>
      ) => Effect.scoped(Effect.flatMap(Effect.service(LiveTest), use)).pipe(Effect.provide(layer, { local: true }))
      const services = Layer.succeedContext(yield* Effect.context<SnapshotStore.SnapshotStore | Secrets.Secrets>())
      const first = LiveTest.layer({ components: [FirstNotes], cache }).pipe(Layer.provide([FirstNotesLayer, services]))
      const third = LiveTest.layer({ components: [Notes], cache }).pipe(Layer.provide([NotesLayer, services]))
      yield* server(first, (live) =>
        Effect.gen(function* () {
          const shared = yield* live.mount(FirstNotes, { key: "list" })
          const own = yield* live.mount(FirstNotes, { cacheKey: "mine" })
          yield* shared.call.Add({ text: "shared" })
          yield* own.call.Add({ text: "own" })
          yield* TestClock.adjust("1 second")
          yield* live.settle
        })
      )
      yield* server(third, (live) =>
        Effect.gen(function* () {
          for (const [name, options] of [
            ["shared", { key: "list" }],
            ["own", { cacheKey: "mine" }]
          ] as const) {
            const notes = yield* live.mount(Notes, options)
            assert.deepStrictEqual(yield* notes.state, { title: "Untitled", notes: [{ text: name, done: false }] })
          }
          yield* TestClock.adjust("1 second")
        })
      )
      // A deploy that is rolled back: what the later version stored is neither read nor written over.
      yield* server(first, (live) =>
        Effect.gen(function* () {
          const error = yield* Effect.flip(live.mount(FirstNotes, { key: "list" }))
          assert.deepInclude(error.reason, { _tag: "SnapshotRejected", reason: "newer" })
        })
      )
    })
  )
})
