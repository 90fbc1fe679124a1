/** Mounts and calls that are given up, or lost with a connection, at the worst moment: nothing is left behind. */
import { assert, layer } from "@effect/vitest"
import { Effect, Fiber, Layer } from "effect"
import { TestClock } from "effect/testing"
import { LiveConfig } from "fibra/server"
import { LiveTest } from "fibra/testing"
import { behaviors, components, Gate, Lab } from "../../support/Lab.ts"
import * as ReplicaOpener from "../../../src/client/ReplicaOpener.ts"

const subject = LiveTest.layer({ components }).pipe(Layer.provideMerge(behaviors))

layer(subject)("released while the answer is on its way", (it) => {
  it.effect("a mount that is released while its answer is on its way leaves no instance behind", () =>
    Effect.gen(function* () {
      const live = yield* LiveTest
      yield* live.settle
      yield* live.stall
      const replica = ReplicaOpener.of(live.client)(Lab, { props: { start: 0 } })
      yield* live.settle
      assert.strictEqual((yield* live.open).instances, 1)
      replica.release()
      yield* live.unstall
      yield* live.settle
      assert.strictEqual((yield* live.open).instances, 0, "while connected")
    }).pipe(Effect.scoped)
  )
  it.effect("a mount that is released before its answer leaves no instance behind after the next resume", () =>
    Effect.gen(function* () {
      const live = yield* LiveTest
      yield* live.settle
      const before = (yield* live.open).instances
      yield* live.stall
      const replica = ReplicaOpener.of(live.client)(Lab, { props: { start: 0 } })
      yield* live.settle
      replica.release()
      yield* live.unstall
      yield* live.disconnect
      yield* live.reconnect
      yield* live.settle
      assert.isAtMost((yield* live.open).instances, before, "after resume")
    }).pipe(Effect.scoped)
  )
})

layer(subject)("a mount that fails", (it) => {
  it.effect("a mount that has failed mounts nothing later, although its Scope is open", () =>
    Effect.gen(function* () {
      const live = yield* LiveTest
      yield* live.settle
      yield* live.hold
      const mounting = yield* Effect.forkChild(Effect.flip(live.client.mount(Lab, { props: { start: 0 } })), {
        startImmediately: true
      })
      yield* TestClock.adjust("31 seconds")
      assert.strictEqual((yield* Fiber.join(mounting)).reason._tag, "Disconnected")
      yield* live.unhold
      yield* live.settle
      for (let again = 0; again < 2; again++) {
        yield* live.disconnect
        yield* live.reconnect
        yield* live.settle
        assert.strictEqual((yield* live.open).instances, 0)
      }
    }).pipe(Effect.scoped)
  )
})

const frames: Array<string> = []
layer(
  LiveTest.layer({ components, onFrame: (from, text) => void (from === "client" && frames.push(text)) }).pipe(
    Layer.provideMerge(behaviors)
  )
)("ids", (it) => {
  it.effect("ids of mounts that were given up are settled", () =>
    Effect.gen(function* () {
      const live = yield* LiveTest
      yield* live.settle
      for (let i = 0; i < 5; i++) {
        const replica = ReplicaOpener.of(live.client)(Lab, { props: { start: 0 } })
        yield* i % 2 ? live.hold : live.stall
        yield* live.settle
        replica.release()
        yield* live.unhold
        yield* live.unstall
      }
      yield* live.settle
      frames.length = 0
      yield* live.disconnect
      yield* live.reconnect
      const connect = frames.find((f) => f.includes('"Connect"')) ?? ""
      assert.include(connect, '"pending":[]')
    }).pipe(Effect.scoped)
  )
})

layer(
  LiveTest.layer({ components }).pipe(Layer.provideMerge(behaviors), Layer.provide(LiveConfig.layer({ maxResults: 4 })))
)("more mounts than answers are kept", (it) => {
  it.effect("more mounts than answers are kept all succeed when the connection is lost over them", () =>
    Effect.gen(function* () {
      const live = yield* LiveTest
      yield* live.settle
      yield* live.stall
      const replicas = Array.from({ length: 8 }, () => ReplicaOpener.of(live.client)(Lab, { props: { start: 0 } }))
      yield* live.settle
      yield* live.disconnect
      yield* live.reconnect
      yield* live.settle
      assert.deepStrictEqual(
        replicas.map(({ view }) => view.error?.message),
        replicas.map(() => undefined)
      )
    }).pipe(Effect.scoped)
  )
})

let act: (() => void) | undefined
layer(
  LiveTest.layer({
    components,
    onFrame: (from, text) => {
      if (from === "server" && text.includes("ConnectionEstablished")) {
        act?.()
        act = undefined
      }
    }
  }).pipe(Layer.provideMerge(behaviors))
)("between Connect and ConnectionEstablished", (it) => {
  it.effect("a component that is released between Connect and ConnectionEstablished is unmounted", () =>
    Effect.gen(function* () {
      const live = yield* LiveTest
      yield* live.settle
      const replica = ReplicaOpener.of(live.client)(Lab, { props: { start: 0 } })
      yield* live.settle
      assert.strictEqual((yield* live.open).instances, 1)
      yield* live.disconnect
      act = () => replica.release()
      yield* live.reconnect
      yield* live.settle
      assert.isUndefined(act)
      assert.strictEqual((yield* live.open).instances, 0)
    }).pipe(Effect.scoped)
  )
  it.effect("a call that is given up between Connect and ConnectionEstablished is interrupted", () =>
    Effect.gen(function* () {
      const live = yield* LiveTest
      yield* live.settle
      const gate = yield* Gate
      const lab = yield* live.mount(Lab, { props: { start: 0 } })
      const hanging = yield* Effect.forkChild(Effect.exit(lab.call.Hang()), { startImmediately: true })
      yield* live.settle
      yield* live.disconnect
      const before = gate.interrupted
      act = () => hanging.interruptUnsafe()
      yield* live.reconnect
      yield* live.settle
      const { interrupted } = gate
      yield* live.kill
      assert.strictEqual(interrupted, before + 1)
    }).pipe(Effect.scoped)
  )
})
