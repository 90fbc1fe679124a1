/** Tokens at the worst moment: a token is never spent for nothing, and one that is refused changes nothing. */
import { assert, layer } from "@effect/vitest"
import { Effect, Exit, Layer, Option, Scope } from "effect"
import { TestClock } from "effect/testing"
import { SnapshotStore } from "fibra/server"
import { LiveTest } from "fibra/testing"
import { behaviors, components, Lab } from "../../support/Lab.ts"
import { listen } from "../../support/Rpc.ts"
import { Notes, NotesLayer } from "../../support/Notes.ts"
import * as ReplicaOpener from "../../../src/client/ReplicaOpener.ts"

const subject = LiveTest.layer({ components }).pipe(Layer.provideMerge(behaviors))

layer(subject)("a page that is reloaded and loses its first connection", (it) => {
  it.effect("a page that is reloaded and loses its connection before ConnectionEstablished arrives has its state", () =>
    Effect.gen(function* () {
      const live = yield* LiveTest
      const scope = yield* Scope.make()
      const first = yield* Scope.provide(live.connect(), scope)
      const lab = yield* Scope.provide(first.mount(Lab, { props: { start: 0 }, cacheKey: "mine" }), scope)
      yield* lab.call.Add({ by: 5 })
      yield* Scope.close(scope, Exit.void)
      yield* live.settle
      const runSync = Effect.runSyncWith(yield* Effect.context<never>())
      let stall: (() => void) | undefined
      const second = yield* live.connect({
        onFrame: (from) => {
          if (from === "client") stall?.()
          stall = undefined
        }
      })
      stall = () => runSync(second.stall)
      const replica = ReplicaOpener.of(second.client)(Lab, { props: { start: 0 }, cacheKey: "mine" })
      yield* second.settle
      yield* second.disconnect
      yield* second.reconnect
      yield* TestClock.adjust("1 second")
      yield* second.settle
      assert.strictEqual(replica.view.state.count, 5)
      assert.strictEqual(replica.view.activation, "rehydrated")
    }).pipe(Effect.scoped)
  )
})

layer(subject)("a page that was reloaded", (it) => {
  it.effect("a page that is reloaded, and left right after a change, has that change later", () =>
    Effect.gen(function* () {
      const live = yield* LiveTest
      const page = Effect.gen(function* () {
        const scope = yield* Scope.make()
        const client = yield* Scope.provide(live.connect(), scope)
        const lab = yield* Scope.provide(client.mount(Lab, { props: { start: 0 }, cacheKey: "left" }), scope)
        return { client, lab, leave: Effect.andThen(Scope.close(scope, Exit.void), live.settle) }
      })
      const before = yield* page
      yield* TestClock.adjust("1 second")
      yield* before.client.settle
      // Nobody says good-bye: the page is reloaded.
      yield* before.client.disconnect
      const after = yield* page
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* after.lab.call.Add({ by: 5 }), 5)
      yield* after.leave
      yield* TestClock.adjust("2 minutes")
      yield* live.settle
      const later = yield* page
      assert.strictEqual((yield* later.lab.state).count, 5)
      yield* later.leave
      yield* before.leave
    })
  )
})

layer(
  LiveTest.layer({ components: [Notes] }).pipe(Layer.provide(NotesLayer), Layer.provideMerge(SnapshotStore.layerMemory))
)("a token that is refused", (it) => {
  it.effect("a token that is refused changes nothing in the store", () =>
    Effect.gen(function* () {
      const live = yield* LiveTest
      const { read } = yield* SnapshotStore.SnapshotStore
      const heard = yield* listen()
      const { componentId } = yield* heard.mount("Notes", {})
      yield* heard.call(componentId, "Write", { line: "a" })
      yield* TestClock.adjust("1 second")
      const token = yield* heard.sealed
      const mine = { component: "Notes", props: {}, token } as never
      assert.isDefined((yield* heard.rehydrate(mine)).value)
      yield* live.settle
      yield* live.kill
      const epochOf = Effect.map(
        read(`Notes#${componentId}`),
        Option.map(({ epoch }) => epoch)
      )
      const before = yield* epochOf
      yield* live.start
      const other = yield* listen()
      assert.deepInclude((yield* other.rehydrate(mine)).reason, { _tag: "TokenRejected" })
      yield* live.settle
      assert.deepStrictEqual(yield* epochOf, before)
    }).pipe(Effect.scoped)
  )
})
