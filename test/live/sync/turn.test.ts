/** What the messages of one turn of the event loop change is one change, for clients that need not see each of its steps. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Logger, Option, Schema } from "effect"
import { Rpc } from "effect/rpc"
import { TestClock } from "effect/testing"
import { Component } from "fibra"
import { SnapshotStore } from "fibra/server"
import { MemoryWires, type Told } from "../../support/MemoryWires.ts"

const contract = {
  state: { count: Schema.Int, name: Schema.String, items: Schema.Array(Schema.Int) },
  initial: () => ({ count: 0, name: "", items: [] }),
  actions: [
    Rpc.make("Add", { payload: { by: Schema.Finite } }),
    Rpc.make("Rename", { payload: { name: Schema.String } }),
    Rpc.make("Push")
  ]
} as const

class Plain extends Component.Service<Plain>()("Plain", contract) {}

/** The same, with an action whose client shows its change before it is answered. */
class Eager extends Component.Service<Eager>()("Eager", {
  ...contract,
  optimistic: { Add: (state, { by }) => ({ ...state, count: state.count + by }) }
}) {}

interface State {
  readonly count: number
  readonly name: string
  readonly items: ReadonlyArray<number>
}

interface Self {
  readonly update: (f: (state: State) => State) => Effect.Effect<unknown>
}

const handlers = (self: Self) => ({
  Add: ({ by }: { readonly by: number }) =>
    Effect.asVoid(self.update((state) => ({ ...state, count: state.count + by }))),
  Rename: ({ name }: { readonly name: string }) => Effect.asVoid(self.update((state) => ({ ...state, name }))),
  Push: () => Effect.asVoid(self.update((state) => ({ ...state, items: [...state.items, state.items.length] })))
})

const behaviors = Layer.mergeAll(
  Plain.toLayer(
    Effect.map(Plain, (self) => Plain.of(handlers(self))),
    { persist: true }
  ),
  Eager.toLayer(Effect.map(Eager, (self) => Eager.of(handlers(self)))),
  SnapshotStore.layerMemory
)

const served = MemoryWires.layer([Plain, Eager]).pipe(Layer.provideMerge(behaviors), Layer.provide(Logger.layer([])))

const turn = Effect.gen(function* () {
  const { flush } = yield* MemoryWires
  for (let n = 0; n < 20; n++) yield* Effect.yieldNow
  flush()
})

/** A client that has mounted a component. */
const mounted = Effect.fnUntraced(function* (wire: "rpc" | "json", component: "Plain" | "Eager", key?: string) {
  const { connect } = yield* MemoryWires
  const connection = connect(wire)
  let requests = 0
  const request = (tag: string, payload: object) =>
    connection.send({ _tag: "Request", id: `${++requests}`, tag, payload, headers: [] })
  const mount = { component, props: {}, ...(key === undefined ? {} : { key }) }
  if (wire === "rpc") {
    request("Connect", {})
    request("Mount", mount)
  } else connection.send({ type: "COMPONENT_MOUNT", payload: mount, requestId: "mount" })
  yield* turn
  const componentId = /"componentId":"([^"]+)"/.exec(JSON.stringify(connection.told))?.[1]
  let calls = 0
  const call = (action: string, payload?: object) =>
    wire === "rpc"
      ? request("Call", { componentId, action, payload, callId: ++calls })
      : connection.send({ type: "CALL_ACTION", componentId, action, payload, requestId: `${++calls}` })
  /** All that it was told of the state since it was last asked. */
  let read = connection.told.length
  const told = Effect.map(turn, (): ReadonlyArray<Told> => {
    const all = connection.told
      .slice(read)
      .flatMap((one) => (one["values"] as ReadonlyArray<Told> | undefined) ?? [one])
    read = connection.told.length
    return all.filter(({ _tag, type }) => _tag === "Patched" || _tag === "Snapshot" || type === "STATE_UPDATE")
  })
  yield* told
  return { call, told, connection }
})

const patches = (told: ReadonlyArray<Told>) => told.map(({ patch }) => patch)

describe("one turn of the event loop", () => {
  it.effect("several calls are one change on the wire that sends patches", () =>
    Effect.gen(function* () {
      const { call, told } = yield* mounted("rpc", "Plain")
      for (const by of [1, 2, 3]) call("Add", { by })
      call("Rename", { name: "Ada" })
      const [change, ...more] = yield* told
      assert.deepInclude(change, {
        revision: 1,
        patch: [
          ["set", ["count"], 6],
          ["set", ["name"], "Ada"]
        ]
      })
      assert.deepStrictEqual(more, [])
    }).pipe(Effect.provide(served))
  )

  it.effect("each call is a change on the wire that sends states, and counts there", () =>
    Effect.gen(function* () {
      const { call, told } = yield* mounted("json", "Plain")
      for (const by of [1, 2, 3]) call("Add", { by })
      const states = (yield* told).map(({ payload, revision }) => [(payload as Told)["state"], revision])
      assert.deepStrictEqual(
        states.map(([state, revision]) => [(state as Told)["count"], revision]),
        [
          [1, 1],
          [3, 2],
          [6, 3]
        ]
      )
    }).pipe(Effect.provide(served))
  )

  it.effect("each change of a call that was shown before is told with that call", () =>
    Effect.gen(function* () {
      const { call, told } = yield* mounted("rpc", "Eager")
      call("Rename", { name: "Ada" })
      call("Add", { by: 1 })
      call("Add", { by: 1 })
      const changes = yield* told
      assert.deepStrictEqual(
        changes.map(({ by }) => (by as ReadonlyArray<Told>).map(({ callId }) => callId)),
        [[2], [3]]
      )
      assert.deepStrictEqual(patches(changes)[1], [["set", ["count"], 2]])
    }).pipe(Effect.provide(served))
  )

  it.effect("what is taken back is no change", () =>
    Effect.gen(function* () {
      const { call, connection, told } = yield* mounted("rpc", "Plain")
      call("Add", { by: 1 })
      call("Add", { by: -1 })
      assert.deepStrictEqual(yield* told, [])
      assert.lengthOf(
        connection.told.filter(({ _tag }) => _tag === "Exit"),
        3
      )
      call("Add", { by: 5 })
      assert.deepInclude((yield* told)[0], { revision: 1, patch: [["set", ["count"], 5]] })
    }).pipe(Effect.provide(served))
  )

  it.effect("a state that is set to what it was is no change, and costs no token", () =>
    Effect.gen(function* () {
      const { call, connection, told } = yield* mounted("rpc", "Plain")
      const sealed = Effect.gen(function* () {
        yield* TestClock.adjust("10 seconds")
        yield* told
        return JSON.stringify(connection.told).split("Sealed").length
      })
      const before = yield* sealed
      call("Add", { by: 0 })
      assert.deepStrictEqual(yield* told, [])
      assert.strictEqual(yield* sealed, before)
      call("Add", { by: 1 })
      assert.strictEqual(yield* sealed, before + 1)
    }).pipe(Effect.provide(served))
  )

  it.effect("a state that does not fit crashes the handler that made it, and what came before it counts", () =>
    Effect.gen(function* () {
      const { call, connection, told } = yield* mounted("rpc", "Plain")
      call("Add", { by: 2 })
      call("Add", { by: 0.5 })
      assert.deepStrictEqual(patches(yield* told), [[["set", ["count"], 2]]])
      const exits = connection.told.filter(({ _tag }) => _tag === "Exit").map(({ exit }) => JSON.stringify(exit))
      assert.include(exits[1], "Success")
      assert.include(exits[2], "ComponentCrashed")
    }).pipe(Effect.provide(served))
  )

  it.effect("what is larger than a plain value is told at once, with what waited", () =>
    Effect.gen(function* () {
      const { call, told } = yield* mounted("rpc", "Plain")
      call("Add", { by: 1 })
      call("Push")
      call("Add", { by: 1 })
      assert.deepStrictEqual(patches(yield* told), [
        [
          ["set", ["count"], 1],
          ["splice", ["items"], 0, 0, [0]]
        ],
        [["set", ["count"], 2]]
      ])
    }).pipe(Effect.provide(served))
  )

  it.effect("a state that its only client does not read any more is stored all the same", () =>
    Effect.gen(function* () {
      const store = yield* SnapshotStore.SnapshotStore
      const { call, connection } = yield* mounted("rpc", "Plain", "kept")
      yield* TestClock.adjust("10 seconds")
      call("Add", { by: 20 })
      connection.drop()
      yield* TestClock.adjust("10 seconds")
      const stored = Option.getOrThrow(yield* store.read("Plain/kept"))
      assert.include(JSON.stringify(stored), `"count":20`)
    }).pipe(Effect.provide(served))
  )
})
