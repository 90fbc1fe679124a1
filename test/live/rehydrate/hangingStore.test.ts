/** A store that hangs or is down for a while: nothing that was answered is lost, and nobody waits for ever. */
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Exit, Fiber, Latch, Layer, Logger, Option, References, Scope } from "effect"
import { TestClock } from "effect/testing"
import { SnapshotStore } from "fibra/server"
import { LiveTest } from "fibra/testing"
import { Notes, NotesLayer } from "../../support/Notes.ts"
import { listen } from "../../support/Rpc.ts"

/** What is wrong with the store. */
interface Ills {
  reads: "answered" | "never answered"
  writes: "taken" | "refused" | "never answered"
}

const healthy = (): Ills => ({ reads: "answered", writes: "taken" })

/** What the server says when it has given up. */
const lost = /last changes of a component are lost/

const subject = (ills: Ills, said: Array<string> = []) => {
  const ailing = Layer.effect(
    SnapshotStore.SnapshotStore,
    Effect.map(Layer.build(SnapshotStore.layerMemory), (context) => {
      const store = Context.get(context, SnapshotStore.SnapshotStore)
      const refusal = (address: string) =>
        new SnapshotStore.SnapshotStoreError({ operation: "write", address, cause: new Error("down") })
      return SnapshotStore.SnapshotStore.of({
        ...store,
        read: (address) => (ills.reads === "answered" ? store.read(address) : Effect.never),
        write: (address, ...rest) =>
          Effect.suspend(() => {
            if (ills.writes === "never answered") return Effect.never
            return ills.writes === "refused" ? Effect.fail(refusal(address)) : store.write(address, ...rest)
          })
      })
    })
  )
  const logger = Logger.make(({ message }) => void said.push(String(message)))
  return LiveTest.layer({ components: [Notes] }).pipe(
    Layer.provide([NotesLayer, Logger.layer([logger])]),
    Layer.provideMerge(ailing)
  )
}

const linesIn = (address: string) =>
  Effect.map(
    SnapshotStore.SnapshotStore.use((store) => store.read(address)),
    (snapshot) => Option.getOrUndefined(snapshot)?.state["lines"]
  )

/** One line is stored, the next is not, for the store does not take it any more; and then nobody is left. */
const writeAndLeave = Effect.fnUntraced(function* (ills: Ills, writes: Ills["writes"] = "refused") {
  const live = yield* LiveTest
  const scope = yield* Scope.make()
  const notes = yield* Scope.provide(live.mount(Notes, { key: "k" }), scope)
  yield* notes.call.Write({ line: "a" })
  yield* TestClock.adjust("2 seconds")
  ills.writes = writes
  yield* notes.call.Write({ line: "b" })
  yield* Scope.close(scope, Exit.void)
})

describe("a store that does not answer when a key is read", () => {
  it.effect("a store that does not answer a read fails that mount in time, and not the next", () => {
    const ills = healthy()
    return Effect.gen(function* () {
      const live = yield* LiveTest
      ills.reads = "never answered"
      const mounting = yield* Effect.forkChild(Effect.flip(live.mount(Notes, { key: "k" })), { startImmediately: true })
      yield* live.settle
      yield* TestClock.adjust("5 seconds")
      yield* live.settle
      assert.deepInclude((yield* Fiber.join(mounting)).reason, { _tag: "SnapshotRejected", reason: "unavailable" })
      ills.reads = "answered"
      const notes = yield* live.mount(Notes, { key: "k" })
      assert.deepStrictEqual(yield* notes.state, { lines: [] })
    }).pipe(Effect.scoped, Effect.provide(subject(ills)))
  })
})

describe("a store that is down when a shared component is passivated", () => {
  it.effect("a store that is down during a passivation gets the last state as soon as it is up", () => {
    const ills = healthy()
    const said: Array<string> = []
    return Effect.gen(function* () {
      const live = yield* LiveTest
      yield* writeAndLeave(ills)
      yield* TestClock.adjust("4 minutes")
      assert.deepStrictEqual(yield* linesIn("Notes/k"), ["a"])
      ills.writes = "taken"
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(yield* linesIn("Notes/k"), ["a", "b"])
      assert.strictEqual((yield* live.open).instances, 0)
      assert.isFalse(said.some((line) => lost.test(line)))
    }).pipe(Effect.scoped, Effect.provide(subject(ills, said)))
  })

  it.effect("a store that is down gets the state of the new life, which has the last state, when it is up", () => {
    const ills = healthy()
    return Effect.gen(function* () {
      const live = yield* LiveTest
      yield* writeAndLeave(ills)
      yield* TestClock.adjust("2 minutes")
      const notes = yield* live.mount(Notes, { key: "k" })
      assert.deepStrictEqual((yield* notes.state).lines, ["a", "b"])
      assert.deepStrictEqual(yield* linesIn("Notes/k"), ["a"])
      yield* notes.call.Write({ line: "c" })
      ills.writes = "taken"
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(yield* linesIn("Notes/k"), ["a", "b", "c"])
    }).pipe(Effect.scoped, Effect.provide(subject(ills)))
  })

  it.effect("a store that is down for too long is not waited for, which is logged; the old state comes back", () => {
    const ills = healthy()
    const said: Array<string> = []
    return Effect.gen(function* () {
      const live = yield* LiveTest
      yield* writeAndLeave(ills)
      yield* TestClock.adjust("7 minutes")
      assert.strictEqual((yield* live.open).instances, 0)
      assert.lengthOf(
        said.filter((line) => lost.test(line)),
        1
      )
      ills.writes = "taken"
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(yield* linesIn("Notes/k"), ["a"])
      const notes = yield* live.mount(Notes, { key: "k" })
      assert.deepStrictEqual((yield* notes.state).lines, ["a"])
    }).pipe(Effect.scoped, Effect.provide(subject(ills, said)))
  })

  for (const writes of ["refused", "never answered"] as const) {
    it.effect(`a store that is down does not keep a server from ending: writes are ${writes}`, () => {
      const ills = healthy()
      const said: Array<string> = []
      return Effect.gen(function* () {
        const live = yield* LiveTest
        yield* writeAndLeave(ills, writes)
        yield* TestClock.adjust("70 seconds")
        const stopping = yield* Effect.forkChild(live.stop, { startImmediately: true })
        yield* live.settle
        for (let second = 0; second < 10; second++) yield* TestClock.adjust("1 second")
        yield* live.settle
        assert.isDefined(stopping.pollUnsafe())
        assert.lengthOf(
          said.filter((line) => lost.test(line)),
          1
        )
      }).pipe(Effect.scoped, Effect.provide(subject(ills, said)))
    })
  }

  it.effect("a store that is up again while the server ends gets the last states", () => {
    const ills = healthy()
    const said: Array<string> = []
    return Effect.gen(function* () {
      const live = yield* LiveTest
      yield* writeAndLeave(ills)
      yield* TestClock.adjust("70 seconds")
      const active = yield* live.mount(Notes, { key: "active" })
      yield* active.call.Write({ line: "c" })
      const stopping = yield* Effect.forkChild(live.stop, { startImmediately: true })
      yield* live.settle
      yield* TestClock.adjust("1 second")
      assert.isUndefined(stopping.pollUnsafe())
      ills.writes = "taken"
      yield* TestClock.adjust("1 second")
      yield* live.settle
      assert.isDefined(stopping.pollUnsafe())
      assert.deepStrictEqual(yield* linesIn("Notes/k"), ["a", "b"])
      assert.deepStrictEqual(yield* linesIn("Notes/active"), ["c"])
      assert.isFalse(said.some((line) => lost.test(line)))
    }).pipe(Effect.scoped, Effect.provide(subject(ills, said)))
  })
})

/** A store in which writes of one address hang in some way until the gate is open, and what the server says of that. */
const stuckAt = (address: string, way: "can be interrupted" | "cannot be interrupted") => {
  const gate = Latch.makeUnsafe(false)
  const said: Array<string> = []
  const store = Layer.effect(
    SnapshotStore.SnapshotStore,
    Effect.map(Layer.build(SnapshotStore.layerMemory), (context) => {
      const store = Context.get(context, SnapshotStore.SnapshotStore)
      return SnapshotStore.SnapshotStore.of({
        ...store,
        write: (to, ...rest) => {
          if (!to.startsWith(address)) return store.write(to, ...rest)
          const late = Effect.andThen(gate.await, store.write(to, ...rest))
          return way === "can be interrupted" ? late : Effect.uninterruptible(late)
        }
      })
    })
  )
  const logger = Logger.make(({ fiber, logLevel, message }) => {
    const { address } = fiber.getRef(References.CurrentLogAnnotations)
    said.push(`${logLevel} ${String(message)} ${String(address)}`)
  })
  const layer = LiveTest.layer({ components: [Notes] }).pipe(
    Layer.provide([NotesLayer, Logger.layer([logger])]),
    Layer.provideMerge(store)
  )
  return { gate, layer, said }
}

for (const way of ["can be interrupted", "cannot be interrupted"] as const) {
  describe(`a store in which the writes of one key hang, where that ${way}`, () => {
    it.effect(
      "stores the others in their time, says which one it is, and has its newest state when it is well again",
      () => {
        const { gate, layer, said } = stuckAt("Notes/stuck", way)
        return Effect.gen(function* () {
          const live = yield* LiveTest
          const stuck = yield* live.mount(Notes, { key: "stuck" })
          yield* stuck.call.Write({ line: "a" })
          yield* TestClock.adjust("1 minute")
          const other = yield* live.mount(Notes, { key: "other" })
          for (const line of ["a", "b", "c"]) {
            yield* stuck.call.Write({ line })
            yield* other.call.Write({ line })
            yield* TestClock.adjust("1 second")
            assert.strictEqual(((yield* linesIn("Notes/other")) as Array<string>).at(-1), line)
          }
          assert.isUndefined(yield* linesIn("Notes/stuck"))
          const line = "Error The state of a component was not stored"
          const times = said.filter((text) => text.startsWith(line) && text.endsWith("Notes/stuck")).length
          // Each attempt takes five seconds, and the pauses between them grow to ten.
          assert.isAtLeast(times, 4)
          assert.isAtMost(times, 10)
          yield* gate.open
          yield* TestClock.adjust("11 seconds")
          assert.deepStrictEqual(yield* linesIn("Notes/stuck"), ["a", "a", "b", "c"])
        }).pipe(Effect.scoped, Effect.provide(layer))
      }
    )

    it.effect("does not keep whoever comes back waiting, and gives the last state", () => {
      const { gate, layer } = stuckAt("Notes", way)
      return Effect.gen(function* () {
        const live = yield* LiveTest
        const heard = yield* listen()
        const { componentId } = yield* heard.mount("Notes", {})
        yield* heard.call(componentId, "Write", { line: "a" })
        yield* TestClock.adjust("1 second")
        const token = yield* heard.sealed
        yield* heard.call(componentId, "Write", { line: "b" })
        yield* heard.disconnect
        yield* TestClock.adjust("1 minute")
        assert.strictEqual((yield* live.open).instances, 0)
        const again = yield* listen()
        const { value } = yield* again.rehydrate({ component: "Notes", props: {} as never, token })
        assert.deepStrictEqual(value?.state, { lines: ["a", "b"] })
        yield* gate.open
        yield* TestClock.adjust("11 seconds")
        assert.deepStrictEqual(yield* linesIn(`Notes#${componentId}`), ["a", "b"])
      }).pipe(Effect.scoped, Effect.provide(layer))
    })
  })
}
