/** What a client makes the server hold for it is counted and has a limit, whatever it is, and over how many connections it comes. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Logger, Schema } from "effect"
import { Rpc } from "effect/rpc"
import { Component } from "fibra"
import { PendingAcks } from "../../../src/server/session/PendingAcks.ts"
import { type MemoryConnection, MemoryWires, type Told } from "../../support/MemoryWires.ts"

/** Shows a copy of its state to each. */
class Shown extends Component.Service<Shown>()("Shown", {
  props: { note: Schema.String },
  state: { notes: Schema.Array(Schema.Struct({ note: Schema.String })) },
  initial: ({ note }) => ({ notes: Array.from({ length: 20 }, () => ({ note: note.slice(0, 1000) })) })
}) {}

const ShownLayer = Shown.toLayer(Effect.succeed(Shown.of({})), {
  view: ({ notes }) => ({ notes: notes.map(({ note }) => ({ note: `${note}!` })) })
})

class Keeper extends Component.Service<Keeper>()("Keeper", {
  props: { note: Schema.String },
  state: { calls: Schema.Int },
  initial: () => ({ calls: 0 }),
  actions: [
    Rpc.make("Say", { payload: { words: Schema.String } }),
    Rpc.make("Track", { payload: { name: Schema.String } }),
    Rpc.make("Wait", { payload: { text: Schema.String } }),
    Rpc.make("Switch", { payload: { room: Schema.String } })
  ],
  events: { Said: Schema.String },
  presence: { metadata: { name: Schema.String }, initial: () => ({ name: "" }) }
}) {}

const KeeperLayer = Keeper.toLayer(
  Effect.map(Keeper, (self) =>
    Keeper.of({
      Say: ({ words }) => self.broadcast("Said", words),
      Track: ({ name }) => self.track({ name }),
      Wait: () => Effect.never,
      Switch: Effect.fnUntraced(function* ({ room }) {
        const before = self.room
        yield* self.join(room)
        if (before !== undefined) yield* self.leave(before)
      })
    })
  )
)

const large = 50_000
const text = "x".repeat(large)
const served = (config: Parameters<typeof MemoryWires.layer>[1] = {}) =>
  MemoryWires.layer([Keeper, Shown], config).pipe(Layer.provide([KeeperLayer, ShownLayer, Logger.layer([])]))

interface Mounting {
  readonly note?: string
  readonly room?: string
  readonly key?: string
}

/** A client of either wire, with one component. */
const client = (wire: "rpc" | "json", { note = "", ...mounting }: Mounting = {}) =>
  Effect.map(MemoryWires, (wires) => {
    let requests = 0
    let connection: MemoryConnection = wires.connect(wire)
    const ask = (tag: string, payload: object): Told | undefined => {
      const requestId = `${++requests}`
      const message =
        wire === "rpc"
          ? { _tag: "Request", id: requestId, tag, payload, headers: [] }
          : { type: tag, ...payload, requestId }
      connection.send(message)
      wires.flush()
      return connection.told.find((told) => told["requestId"] === requestId)
    }
    const told = (name: string): string =>
      new RegExp(`"${name}":"([^"]+)"`).exec(JSON.stringify(connection.told))?.[1] ?? assert.fail(`no ${name}`)
    if (wire === "rpc") ask("Connect", {})
    const mount = { component: "Keeper", props: { note }, ...mounting }
    if (wire === "rpc") ask("Mount", mount)
    else ask("COMPONENT_MOUNT", { payload: mount })
    const componentId = told("componentId")
    return {
      call: (action: string, payload: object, callId?: number) => {
        const call = { componentId, action, payload, ...(callId === undefined ? {} : { callId }) }
        return JSON.stringify(ask(wire === "rpc" ? "Call" : "CALL_ACTION", call))
      },
      bytes: () => connection.session()?.bytes ?? assert.fail("no session"),
      /** Its connection is cut, and it comes back on another; returns whether to its session. */
      comeBack: (pending: ReadonlyArray<number> = []) => {
        const sessionToken = told("sessionToken")
        connection.drop()
        connection = wires.connect(wire, { sessionToken })
        const at = { componentId, epoch: 1, revision: 0, index: 0 }
        if (wire === "rpc") ask("Connect", { resume: { sessionToken, components: [at], pending } })
        wires.flush()
        return JSON.stringify(connection.told).includes('"resumed":true')
      },
      code: () => connection.code()
    }
  })

describe("what a client has brought", () => {
  const brought: Readonly<
    Record<string, readonly [Mounting, (keeper: Effect.Success<ReturnType<typeof client>>) => void]>
  > = {
    "its props": [{ note: text }, () => {}],
    "its props, of a shared component": [{ note: text, key: "shared" }, () => {}],
    "what is said to it": [{}, ({ call }) => call("Say", { words: text })],
    "what is said in a room where nobody else is": [{ room: "lobby" }, ({ call }) => call("Say", { words: text })],
    "what is known of it": [{}, ({ call }) => call("Track", { name: text })],
    "what is known of it, by a shared component": [{ key: "shared" }, ({ call }) => call("Track", { name: text })]
  }
  for (const [name, [mounting, bring]] of Object.entries(brought)) {
    it.effect(`${name} counts for its session about as much as it takes`, () =>
      Effect.gen(function* () {
        const elsewhere = mounting.room === undefined ? {} : { room: "elsewhere" }
        const before = (yield* client("json", { ...mounting, ...elsewhere, note: "" })).bytes()
        const keeper = yield* client("json", mounting)
        bring(keeper)
        const counted = keeper.bytes() - before
        assert.isAtLeast(counted, large)
        assert.isAtMost(counted, large * 1.2)
      }).pipe(Effect.scoped, Effect.provide(served()))
    )
  }

  it.effect("what a view shows counts besides the state", () =>
    Effect.gen(function* () {
      const wires = yield* MemoryWires
      const bytes = (note: string) => {
        const connection = wires.connect("json")
        connection.send({ type: "COMPONENT_MOUNT", payload: { component: "Shown", props: { note } } })
        wires.flush()
        return connection.session()?.bytes ?? assert.fail("no session")
      }
      // Its props, and twice twenty thousand characters.
      assert.isAtLeast(bytes("x".repeat(1000)) - bytes(""), 41_000)
    }).pipe(Effect.scoped, Effect.provide(served()))
  )

  it.effect("what is said in a room counts for each of its components in part", () =>
    Effect.gen(function* () {
      const [one, other] = [yield* client("json", { room: "lobby" }), yield* client("json", { room: "lobby" })]
      const before = one.bytes() + other.bytes()
      one.call("Say", { words: text })
      const counted = one.bytes() + other.bytes() - before
      assert.isAtLeast(counted, large)
      assert.isAtMost(counted, large * 1.2)
    }).pipe(Effect.scoped, Effect.provide(served()))
  )
})

for (const wire of ["rpc", "json"] as const) {
  describe(`a client that comes back (${wire})`, () => {
    it.effect("may have no more waiting than over one connection, also of what has no id", () =>
      Effect.gen(function* () {
        const keeper = yield* client(wire)
        const wait = () => keeper.call("Wait", { text }) ?? "waits"
        const before = keeper.bytes()
        // What has an id makes the session go on, and is not waited for.
        assert.strictEqual(keeper.call("Wait", { text: "" }, 1) ?? "waits", "waits")
        for (let call = 0; call < 3; call++) assert.strictEqual(wait(), "waits")
        for (let round = 0; round < 3; round++) {
          assert.isTrue(keeper.comeBack([1]))
          assert.isAtLeast(keeper.bytes() - before, 3 * large)
          assert.include(wait(), wire === "rpc" ? "RateLimited" : "RATE_LIMITED")
        }
      }).pipe(Effect.scoped, Effect.provide(served({ maxBuffered: 4 * large })))
    )

    it.effect("may have no more waiting than over one connection, and may wait again for what waits", () =>
      Effect.gen(function* () {
        const keeper = yield* client(wire)
        const wait = (callId: number) => keeper.call("Wait", { text }, callId) ?? "waits"
        for (const callId of [1, 2, 3]) assert.strictEqual(wait(callId), "waits")
        const before = keeper.bytes()
        assert.include(wait(4), wire === "rpc" ? "RateLimited" : "RATE_LIMITED")
        for (let round = 0; round < 3; round++) {
          assert.isTrue(keeper.comeBack([1, 2, 3]))
          assert.isAtLeast(keeper.bytes() - before, 3 * large)
          assert.include(wait(4), wire === "rpc" ? "RateLimited" : "RATE_LIMITED")
          // It waits again for one of them, and for two of them on the next round.
          for (const callId of [1, 2].slice(0, round)) assert.strictEqual(wait(callId), "waits")
          assert.include(wait(5), wire === "rpc" ? "RateLimited" : "RATE_LIMITED")
        }
        if (wire === "json") return
        assert.isTrue(keeper.comeBack([1]))
        assert.isBelow(keeper.bytes() - before, 2 * large)
        assert.strictEqual(wait(6), "waits")
      }).pipe(Effect.scoped, Effect.provide(served({ maxBuffered: 4 * large })))
    )
  })

  for (const key of [undefined, "shared"]) {
    const kind = key === undefined ? "a private" : "a shared"
    it.effect(
      `a client of ${kind} component that is in many rooms, one after the other, and acknowledges nothing (${wire})`,
      () =>
        Effect.gen(function* () {
          const keeper = yield* client(wire, key === undefined ? {} : { key })
          const switched = (times: number) => {
            for (let room = 0; room < times; room++) keeper.call("Switch", { room: `room-${room}` })
            return keeper.bytes()
          }
          const few = switched(10)
          assert.isAbove(few, keeper.bytes() - 1)
          const some = switched(40)
          assert.isAtMost(switched(400), some)
          assert.isUndefined(keeper.code())
          // What it would have to be told is gone.
          assert.isFalse(keeper.comeBack())
        }).pipe(Effect.scoped, Effect.provide(served({ maxRooms: 16 })))
    )

    it.effect(`a client of ${kind} component that was in as many rooms as it may be comes back (${wire})`, () =>
      Effect.gen(function* () {
        const keeper = yield* client(wire, key === undefined ? {} : { key })
        for (let room = 0; room < 16; room++) keeper.call("Switch", { room: `room-${room}` })
        assert.isTrue(keeper.comeBack())
      }).pipe(Effect.scoped, Effect.provide(served({ maxRooms: 16 })))
    )
  }
}

describe("what a client has not acknowledged", () => {
  it("is remembered for a limited number of cursors: those that were told last", () => {
    const confirmed: Array<string> = []
    const cursor = (name: string) => ({ serial: 1, confirm: () => void confirmed.push(name) })
    const acks = new PendingAcks(3)
    const [a, b] = [cursor("a"), cursor("b")]
    for (const one of [a, b, cursor("c"), a, cursor("d")]) acks.expect(1, one)
    acks.acknowledged(1)
    assert.deepStrictEqual(confirmed, ["c", "a", "d"])
    assert.isTrue(acks.isEmpty)
  })
})
