/** When client and server do not have the same contract, or the client is gone, the caller is told; nobody waits for ever. */
import { assert, layer } from "@effect/vitest"
import { Effect, Exit, Layer, Schema, Scope } from "effect"
import { Rpc } from "effect/rpc"
import { TestClock } from "effect/testing"
import { Component } from "fibra"
import { LiveClient } from "fibra/client"
import { LiveTest } from "fibra/testing"
import { behaviors, components, Gate, Lab } from "../../support/Lab.ts"
import { client, served } from "../../support/server.ts"
import * as ReplicaOpener from "../../../src/client/ReplicaOpener.ts"

/** The page of last week: it knows the lab, but not as it is now. */
class OldLab extends Component.Service<OldLab>()("Lab", {
  props: { start: Schema.Int },
  state: { count: Schema.Int, removed: Schema.String },
  initial: ({ start }) => ({ count: start, removed: "" })
}) {}

class OddLab extends Component.Service<OddLab>()("Lab", {
  props: { start: Schema.Int },
  state: { count: Schema.Int },
  initial: ({ start }) => ({ count: start }),
  actions: [Rpc.make("Add", { payload: { by: Schema.Int }, success: Schema.String })]
}) {}

layer(LiveTest.layer({ components }).pipe(Layer.provideMerge(behaviors)))("an old contract", (it) => {
  it.effect("a client whose contract cannot read the state is told so when it mounts", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip((yield* LiveTest).mount(OldLab, { props: { start: 1 } }))
      assert.strictEqual(error.reason._tag, "ContractMismatch")
      assert.include(error.message, "removed")
    })
  )

  it.effect("a client whose contract cannot read a result is told so when it calls", () =>
    Effect.gen(function* () {
      const lab = yield* (yield* LiveTest).mount(OddLab, { props: { start: 1 } })
      const error = yield* Effect.flip(lab.call.Add({ by: 1 }))
      assert.strictEqual(error.reason._tag, "ContractMismatch")
      assert.deepStrictEqual(yield* lab.state, { count: 2 })
    })
  )

  it.effect("a component takes back what a crashed handler has shown, before it runs again", () =>
    Effect.gen(function* () {
      const gate = yield* Gate
      const live = yield* LiveTest
      const lab = yield* live.mount(Lab, { props: { start: 1 } })
      for (let crash = 0; crash < 5; crash++) {
        yield* Effect.exit(lab.call.Crash())
        yield* TestClock.adjust("2 seconds")
      }
      const waiting = yield* Effect.forkChild(Effect.exit(lab.call.WaitAndCrash()), { startImmediately: true })
      yield* live.settle
      assert.strictEqual((yield* lab.state).label, "doomed")
      yield* gate.latch.open
      yield* live.settle
      assert.strictEqual((yield* lab.state).label, "")
      assert.strictEqual((yield* lab.view).status, "faulted")
      yield* gate.latch.close
      assert.isDefined(waiting.pollUnsafe())
    })
  )
})

layer(served)("a client that is closed", (it) => {
  it.effect("a client that is closed fails later mounts, and calls on earlier ones", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const live = yield* Effect.provideService(LiveClient, Scope.Scope, scope).pipe(
        Effect.provide(yield* Layer.buildWithScope(client, scope))
      )
      const lab = yield* Scope.provide(live.mount(Lab, { props: { start: 1 } }), scope)
      yield* Scope.close(scope, Exit.void)
      const mounted = yield* Effect.flip(live.mount(Lab, { props: { start: 1 } }))
      assert.strictEqual(mounted.reason._tag, "Disconnected")
      const called = yield* Effect.flip(lab.call.Add({ by: 1 }))
      assert.strictEqual(called._tag, "LiveError")
    })
  )
})

layer(served)("a listener that throws", (it) => {
  it.effect("a listener that throws harms neither the connection nor other listeners", () =>
    Effect.gen(function* () {
      const live = yield* LiveClient
      const lab = yield* live.mount(Lab, { props: { start: 1 }, key: "heard" })
      const replica = ReplicaOpener.of(live)(Lab, { props: { start: 1 }, key: "heard" })
      yield* replica.mounted()
      replica.listen(() => {
        throw new Error("a listener of the state")
      })
      replica.listenToEvents(() => {
        throw new Error("a listener of the events")
      })
      yield* lab.call.Announce({ text: "x" })
      assert.strictEqual(yield* lab.call.Add({ by: 1 }), 2)
      assert.isTrue(yield* live.connected)
      replica.release()
    }).pipe(Effect.provide(client))
  )
})
