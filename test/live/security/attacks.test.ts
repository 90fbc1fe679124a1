/** What an attacker tried, and what came of it: each of these once did harm. */
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Fiber, Layer, Logger, Schema } from "effect"
import { Rpc } from "effect/rpc"
import { TestClock } from "effect/testing"
import { Component } from "fibra"
import { LiveConfig, SnapshotStore } from "fibra/server"
import { LiveTest } from "fibra/testing"
import { PendingAcks } from "../../../src/server/session/PendingAcks.ts"
import { Port, served } from "../../support/AuthorizationFixture.ts"
import { RoomFixture, RoomFixtureLayer, Minutes } from "../../support/RoomFixture.ts"
import { connect, type JsonSocket } from "../../support/JsonSocket.ts"

const unlimited = { rate: Infinity, rateBurst: Infinity } as const

/** The fewest milliseconds of several times: what the machine did meanwhile does not count. */
const fewest = (times: ReadonlyArray<number>) => Math.min(...times)

/** Milliseconds until a request is answered. */
const timeOf = (socket: JsonSocket) =>
  Effect.gen(function* () {
    const start = performance.now()
    yield* socket.request({ type: "COMPONENT_PING", componentId: "none" })
    return performance.now() - start
  })

describe("a megabyte of brackets", () => {
  for (const message of [
    { type: "PROPERTY_UPDATE", componentId: "none", payload: { property: "title", value: "$" } },
    { type: "COMPONENT_MOUNT", payload: { component: "Nobody", props: "$" } },
    { type: "CALL_ACTION", componentId: "none", action: "Note", payload: "$" }
  ]) {
    it.live(`a megabyte of brackets in a ${message.type} delays nobody`, () =>
      Effect.gen(function* () {
        const port = yield* Port
        const [attacker, other] = [yield* connect(port), yield* connect(port)]
        yield* timeOf(other)
        const text = JSON.stringify(message)
        for (const value of [`[${"[],".repeat(300_000)}[]]`, "[".repeat(450_000) + "]".repeat(450_000)]) {
          const frame = text.replace('"$"', value)
          const [parsing, waiting]: [Array<number>, Array<number>] = [[], []]
          for (let time = 0; time < 5; time++) {
            const start = performance.now()
            JSON.parse(frame)
            parsing.push(performance.now() - start)
            yield* attacker.sendText(frame)
            waiting.push(yield* timeOf(other))
          }
          // It has to be read as JSON, and nothing that takes longer may come of it, at the best of all times: others use this machine.
          assert.isBelow(fewest(waiting), 50 + 5 * fewest(parsing))
        }
      }).pipe(Effect.scoped, Effect.provide(served(unlimited)))
    )
  }

  it.live("a megabyte of brackets as the type of a message is a mistake like any other", () =>
    Effect.gen(function* () {
      const socket = yield* connect(yield* Port)
      yield* socket.sendText(`{"type":${"[".repeat(10_000)}${"]".repeat(10_000)}}`)
      assert.deepInclude(yield* socket.next("ERROR"), { code: "UnknownMessage" })
      yield* timeOf(socket)
    }).pipe(Effect.scoped, Effect.provide(served()))
  )
})

describe("a client that never says what it has", () => {
  it("a client that never acknowledges costs the memory of the newest of each thing it was sent", () => {
    const receipts = new PendingAcks(1024)
    const confirmed: Array<number> = []
    let serial = 0
    const sent = {
      get serial() {
        return ++serial
      },
      confirm: (serial: number) => void confirmed.push(serial)
    }
    for (let time = 0; time < 1000; time++) receipts.expect(1, sent)
    receipts.expect(2, sent)
    receipts.acknowledged(1)
    assert.deepStrictEqual(confirmed, [1000])
    assert.isFalse(receipts.isEmpty)
    receipts.acknowledged(2)
    assert.deepStrictEqual(confirmed, [1000, 1001])
    assert.isTrue(receipts.isEmpty)
  })

  it.live("a client that never acknowledges and sends nothing but empty arrays is disconnected like any other", () =>
    Effect.gen(function* () {
      const socket = yield* connect(yield* Port)
      for (let time = 0; time < 600; time++) yield* socket.sendText("[]")
      assert.strictEqual(yield* socket.closed, 1008)
    }).pipe(Effect.scoped, Effect.provide(served()))
  )

  it.live("a client that never acknowledges but has resumed its session is not disconnected for silence", () =>
    Effect.gen(function* () {
      const port = yield* Port
      const socket = yield* connect(port)
      yield* socket.mount({ component: "AuthorizationFixture" })
      const { sessionToken } = socket.seen[0] ?? {}
      const back = yield* connect(port, { sessionToken: String(sessionToken) })
      const silent = yield* connect(port, {}, { answersPings: false })
      assert.strictEqual(yield* silent.closed, 1008)
      yield* timeOf(back)
    }).pipe(Effect.scoped, Effect.provide(served({ firstMessageTimeout: Duration.millis(200) })))
  )
})

const halls = (config: Partial<LiveConfig.Settings>) =>
  LiveTest.layer({ components: [RoomFixture] }).pipe(
    Layer.provide([
      RoomFixtureLayer.pipe(Layer.provideMerge(Minutes.layer)),
      LiveConfig.layer(config),
      Logger.layer([])
    ])
  )

describe("rooms", () => {
  it.effect("rooms that were left do not count, even before the client has acknowledged that", () =>
    Effect.gen(function* () {
      const live = yield* LiveTest
      const hall = yield* live.mount(RoomFixture, { props: { who: "Ada" } })
      yield* live.stall
      const hops = Array.from({ length: 20 }, (_, room) => `room-${room}`).flatMap((room) => [
        hall.call.Join({ room }),
        hall.call.Leave({ room })
      ])
      const hopping = yield* Effect.forkChild(Effect.all(hops, { concurrency: "unbounded" }), {
        startImmediately: true
      })
      yield* live.settle
      yield* live.unstall
      yield* Fiber.join(hopping)
      assert.strictEqual((yield* live.open).rooms, 0)
    }).pipe(Effect.scoped, Effect.provide(halls({ maxRooms: 2 })))
  )

  it.effect("rooms are joined by a shared instance whatever rooms its clients are in", () =>
    Effect.gen(function* () {
      const live = yield* LiveTest
      const mallory = yield* live.connect()
      for (const room of ["one", "two"]) yield* mallory.mount(RoomFixture, { props: { who: "Mallory" }, room })
      yield* mallory.mount(RoomFixture, { props: { who: "Mallory" }, key: "shared" })
      const shared = yield* live.mount(RoomFixture, { props: { who: "Ada" }, key: "shared" })
      yield* shared.call.Join({ room: "three" })
      assert.strictEqual((yield* live.open).rooms, 3)
    }).pipe(Effect.scoped, Effect.provide(halls({ maxRooms: 2 })))
  )
})

describe("one event for very many components of one client", () => {
  for (const batch of ["0", "1"]) {
    it.live(
      `an event for very many components of a client ends its connection, ${batch === "1" ? "in one array" : "one by one"}`,
      () =>
        Effect.gen(function* () {
          const socket = yield* connect(yield* Port, { batch })
          let desk = ""
          for (let mount = 0; mount < 100; mount++)
            desk = yield* socket.mount({ component: "AuthorizationFixture", room: "hall" })
          const payload = { words: "x".repeat(200_000) }
          yield* socket.send({ type: "CALL_ACTION", componentId: desk, action: "Say", payload })
          // Cut off, in the middle of what cannot be written.
          assert.include([1006, 1013], yield* socket.closed)
        }).pipe(Effect.scoped, Effect.provide(served({ ...unlimited, maxBuffered: 1024 * 1024 })))
    )
  }
})

/** Declares no events, and may be put into any room. */
class Fly extends Component.Service<Fly>()("Fly", { state: {}, initial: () => ({}) }) {}

/** Shows what is hidden to whoever may see it. */
class Safe extends Component.Service<Safe>()("Safe", {
  state: { hidden: Schema.String },
  initial: () => ({ hidden: "" }),
  actions: [Rpc.make("Hide", { payload: { what: Schema.String } })]
}) {}

const SafeLayer = Safe.toLayer(
  Effect.map(Effect.service(Safe), (self) => Safe.of({ Hide: ({ what }) => self.set({ hidden: what }) })),
  { persist: true, view: (state, principal) => (principal?.claims?.["admin"] === true ? state : { hidden: "" }) }
)

describe("a component without events", () => {
  it.effect("a component without events hears nothing in a room where others send events", () =>
    Effect.gen(function* () {
      const live = yield* LiveTest
      const frames: Array<string> = []
      const eve = yield* live.connect({ onFrame: (_, text) => frames.push(text) })
      yield* eve.mount(Fly, { props: {}, room: "staff" })
      const boss = yield* live.mount(RoomFixture, { props: { who: "Boss" }, room: "staff" })
      yield* boss.call.Say({ words: "the secret" })
      yield* live.settle
      yield* eve.settle
      assert.notInclude(frames.join("\n"), "the secret")
    }).pipe(
      Effect.scoped,
      Effect.provide(
        LiveTest.layer({ components: [RoomFixture, Fly] }).pipe(
          Layer.provide([RoomFixtureLayer.pipe(Layer.provideMerge(Minutes.layer)), Fly.toLayer({}), Logger.layer([])])
        )
      )
    )
  )
})

describe("a view", () => {
  it.effect("a view uses the claims of the client that looks, not those of another client of its principal", () =>
    Effect.gen(function* () {
      const live = yield* LiveTest
      const admin = yield* live.connect({ principal: { id: "carol", claims: { admin: true } } })
      const plain = yield* live.connect({ principal: { id: "carol" } })
      const [safe, other] = [yield* admin.mount(Safe, { key: "s" }), yield* plain.mount(Safe, { key: "s" })]
      yield* safe.call.Hide({ what: "gold" })
      assert.deepStrictEqual(yield* safe.state, { hidden: "gold" })
      assert.deepStrictEqual(yield* other.state, { hidden: "" })
    }).pipe(
      Effect.scoped,
      Effect.provide(LiveTest.layer({ components: [Safe] }).pipe(Layer.provide([SafeLayer, Logger.layer([])])))
    )
  )
})

describe("keys that somebody makes up", () => {
  it.effect("keys that somebody makes up leave nothing in the store when nothing has happened under them", () =>
    Effect.gen(function* () {
      const live = yield* LiveTest
      const store = yield* SnapshotStore.SnapshotStore
      yield* Effect.forEach(
        ["a", "b"],
        (key) =>
          Effect.scoped(
            Effect.gen(function* () {
              const safe = yield* live.mount(Safe, { key })
              if (key === "b") yield* safe.call.Hide({ what: "gold" })
            })
          ),
        { discard: true }
      )
      yield* TestClock.adjust("5 minutes")
      assert.isTrue((yield* store.read("Safe/a"))._tag === "None")
      assert.isTrue((yield* store.read("Safe/b"))._tag === "Some")
    }).pipe(
      Effect.scoped,
      Effect.provide(
        LiveTest.layer({ components: [Safe] }).pipe(
          Layer.provide([SafeLayer, Logger.layer([])]),
          Layer.provideMerge(SnapshotStore.layerMemory)
        )
      )
    )
  )
})
