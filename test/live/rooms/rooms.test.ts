/** Rooms, presence and shared instances, seen from the clients that are in them. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Logger, Schema } from "effect"
import { Rpc } from "effect/rpc"
import { TestClock } from "effect/testing"
import { Component, LiveError } from "fibra"
import { Authorization, LiveConfig } from "fibra/server"
import { LiveTest } from "fibra/testing"
import { RoomFixture, RoomFixtureLayer, hear, Minutes } from "../../support/RoomFixture.ts"

const served = (config: Partial<LiveConfig.Settings> = {}) =>
  LiveTest.layer({ components: [RoomFixture] }).pipe(
    Layer.provide(RoomFixtureLayer),
    Layer.provideMerge(Minutes.layer),
    Layer.provide(LiveConfig.layer({ ...config })),
    Layer.provide(Logger.layer([]))
  )

/** Two who are in one room, and what one of them hears. */
const adaAndBob = Effect.gen(function* () {
  const live = yield* LiveTest
  const second = yield* live.connect()
  const ada = yield* live.mount(RoomFixture, { props: { who: "Ada" }, room: "lobby" })
  const bob = yield* second.mount(RoomFixture, { props: { who: "Bob" }, room: "lobby" })
  return { ada, bob, heard: yield* hear(ada), live, second }
})

const reason = (error: unknown) => (error instanceof LiveError.LiveError ? error.reason._tag : error)

describe("a room", () => {
  it.effect("a room sends an event of one member to every member, including itself, once, and to nobody else", () =>
    Effect.gen(function* () {
      const live = yield* LiveTest
      const [second, third] = [yield* live.connect(), yield* live.connect()]
      const ada = yield* live.mount(RoomFixture, { props: { who: "Ada" }, room: "lobby" })
      const bob = yield* second.mount(RoomFixture, { props: { who: "Bob" }, room: "lobby" })
      const cy = yield* third.mount(RoomFixture, { props: { who: "Cy" }, room: "kitchen" })
      const heard = [yield* hear(ada), yield* hear(bob), yield* hear(cy)]
      yield* ada.call.Say({ words: "hello" })
      yield* bob.call.Say({ words: "hi" })
      yield* live.settle
      assert.deepStrictEqual(heard, [["hello", "hi"], ["hello", "hi"], []])
      // On the server they have heard it, too.
      assert.deepStrictEqual((yield* bob.state).heard, ["Ada: hello", "Bob: hi"])
      assert.strictEqual((yield* live.open).rooms, 2)
    }).pipe(Effect.scoped, Effect.provide(served()))
  )

  it.effect("a room is joined and left by the behaviour, and events before or after are not heard", () =>
    Effect.gen(function* () {
      const live = yield* LiveTest
      const second = yield* live.connect()
      const ada = yield* live.mount(RoomFixture, { props: { who: "Ada" } })
      const bob = yield* second.mount(RoomFixture, { props: { who: "Bob" }, room: "lobby" })
      const heard = yield* hear(ada)
      yield* bob.call.Say({ words: "before" })
      yield* ada.call.Join({ room: "lobby" })
      yield* bob.call.Say({ words: "meanwhile" })
      yield* ada.call.Leave({ room: "lobby" })
      yield* bob.call.Say({ words: "after" })
      yield* live.settle
      assert.deepStrictEqual(heard, ["meanwhile"])
      yield* ada.call.Say({ words: "to myself" })
      yield* live.settle
      assert.deepStrictEqual(heard, ["meanwhile", "to myself"])
    }).pipe(Effect.scoped, Effect.provide(served()))
  )

  it.effect("a room can send an event to all but the sender, and to one principal", () =>
    Effect.gen(function* () {
      const live = yield* LiveTest
      const [one, other] = [yield* live.connect({ principal: "ada" }), yield* live.connect({ principal: "bob" })]
      const [ada, bob] = [
        yield* one.mount(RoomFixture, { props: { who: "Ada" }, room: "lobby" }),
        yield* other.mount(RoomFixture, { props: { who: "Bob" }, room: "lobby" })
      ]
      const guest = yield* live.mount(RoomFixture, { props: { who: "Guest" }, room: "lobby" })
      const heard = [yield* hear(ada), yield* hear(bob), yield* hear(guest)]
      yield* ada.call.SayToOthers({ words: "others" })
      yield* guest.call.Whisper({ words: "psst", to: "bob" })
      yield* live.settle
      assert.deepStrictEqual(heard, [[], ["others", "psst"], ["others"]])
      assert.deepStrictEqual((yield* ada.state).heard, [])
      assert.deepStrictEqual((yield* bob.state).heard, ["Ada: others", "Guest: psst"])
    }).pipe(Effect.scoped, Effect.provide(served()))
  )

  it.effect("a room keeps a member through a drop, and sends it what it missed, or how much is lost", () =>
    Effect.gen(function* () {
      const { ada, bob, heard, live, second } = yield* adaAndBob
      yield* bob.call.Say({ words: "0" })
      yield* live.settle
      yield* live.disconnect
      yield* bob.call.Repeat({ words: "missed", times: 10 })
      yield* live.reconnect
      assert.deepStrictEqual(heard, ["0", ...Array.from({ length: 10 }, (_, index) => `missed ${index}`)])
      assert.strictEqual(yield* ada.eventsDropped, 0)
      yield* live.disconnect
      yield* bob.call.Repeat({ words: "many", times: 300 })
      yield* second.settle
      yield* live.reconnect
      assert.strictEqual(heard.at(-1), "many 299")
      assert.strictEqual(heard.length, 11 + 256)
      assert.strictEqual(yield* ada.eventsDropped, 300 - 256)
    }).pipe(Effect.scoped, Effect.provide(served()))
  )

  it.effect("a room limits what a client that does not read may miss, whose state is the latest all the same", () =>
    Effect.gen(function* () {
      const { ada, bob, heard, live, second } = yield* adaAndBob
      yield* live.stall
      for (let round = 0; round < 30; round++) {
        yield* bob.call.Repeat({ words: `${round}`, times: 100 })
        yield* second.settle
      }
      yield* live.unstall
      for (let round = 0; round < 30; round++) yield* live.settle
      assert.strictEqual(heard.length + (yield* ada.eventsDropped), 3000)
      assert.isAtLeast(yield* ada.eventsDropped, 1)
      assert.strictEqual(heard.at(-1), "29 99")
      assert.strictEqual((yield* ada.state).heard.at(-1), "Bob: 29 99")
    }).pipe(Effect.scoped, Effect.provide(served()))
  )

  it.effect("a room refuses wrong requests, each with its error, and everything else continues", () =>
    Effect.gen(function* () {
      const live = yield* LiveTest
      const ada = yield* live.mount(RoomFixture, { props: { who: "Ada" }, room: "lobby" })
      const fails = <R>(effect: Effect.Effect<unknown, unknown, R>) => Effect.map(Effect.flip(effect), reason)
      for (const room of [
        "",
        "a b",
        "\u0000",
        "\u3164",
        "a\u2800",
        "\uFE0F",
        "x".repeat(129),
        "x".repeat(10_000_000)
      ]) {
        assert.strictEqual(yield* fails(ada.call.Join({ room })), "RoomRejected")
      }
      assert.strictEqual(yield* fails(live.mount(RoomFixture, { props: { who: "x" }, room: "\n" })), "RoomRejected")
      // Who is not kept from it by the types is by the server.
      const both = { props: { who: "x" }, key: "k", room: "r" } as { readonly props: { who: string } }
      assert.strictEqual(yield* fails(live.mount(RoomFixture, both)), "RoomRejected")
      assert.strictEqual(yield* fails(ada.call.Join({ room: "secret" })), "NotAllowed")
      assert.strictEqual(yield* fails(live.mount(RoomFixture, { props: { who: "x" }, room: "secret" })), "NotAllowed")
      assert.strictEqual(yield* fails(ada.call.Say({ words: "hi", room: "elsewhere" })), "NotInRoom")
      assert.strictEqual(yield* fails(ada.call.Say({ words: "" })), "PayloadRejected")
      assert.strictEqual(yield* fails(ada.call.JoinMany({ count: 100_000 })), "TooManyRooms")
      assert.strictEqual((yield* live.open).rooms, 256)
      assert.strictEqual(yield* ada.call.Say({ words: "still here" }), 3)
    }).pipe(
      Effect.scoped,
      Effect.provide(
        served().pipe(Layer.provide(Authorization.layer({ join: ({ room }) => Effect.succeed(room !== "secret") })))
      )
    )
  )

  it.effect("a connection is in no more rooms than it may be, whatever it mounts", () =>
    Effect.gen(function* () {
      const live = yield* LiveTest
      for (const room of ["one", "two", "three"]) yield* live.mount(RoomFixture, { props: { who: room }, room })
      const error = yield* Effect.flip(live.mount(RoomFixture, { props: { who: "four" }, room: "four" }))
      assert.strictEqual(reason(error), "TooManyRooms")
      // A room it is in already takes no more room, and an instance in none is in a place of its own.
      yield* live.mount(RoomFixture, { props: { who: "again" }, room: "one" })
      yield* live.mount(RoomFixture, { props: { who: "alone" } })
      assert.deepInclude(yield* live.open, { rooms: 3, instances: 5 })
    }).pipe(Effect.scoped, Effect.provide(served({ maxRooms: 3 })))
  )

  it.effect("a room of a shared instance is heard by all who have mounted it, whatever rooms they are in", () =>
    Effect.gen(function* () {
      const live = yield* LiveTest
      const second = yield* live.connect()
      const mine = yield* live.mount(RoomFixture, { props: { who: "RoomFixture" }, key: "shared" })
      for (const room of ["one", "two"]) yield* live.mount(RoomFixture, { props: { who: "me" }, room })
      const theirs = yield* second.mount(RoomFixture, { props: { who: "RoomFixture" }, key: "shared" })
      const heard = [yield* hear(mine), yield* hear(theirs)]
      yield* theirs.call.Join({ room: "new" })
      yield* theirs.call.Say({ words: "hello", room: "new" })
      yield* live.settle
      assert.deepStrictEqual(heard, [["hello"], ["hello"]])
    }).pipe(Effect.scoped, Effect.provide(served({ maxRooms: 2 })))
  )

  it.effect("a room has no ghosts: a crash keeps its member, an end does not", () =>
    Effect.gen(function* () {
      const live = yield* LiveTest
      const second = yield* live.connect()
      const bob = yield* second.mount(RoomFixture, { props: { who: "Bob" }, room: "lobby" })
      yield* Effect.scoped(
        Effect.gen(function* () {
          const ada = yield* live.mount(RoomFixture, { props: { who: "Ada" }, room: "lobby" })
          const heard = yield* hear(ada)
          yield* Effect.exit(ada.call.Crash())
          yield* TestClock.adjust("1 second")
          yield* bob.call.Say({ words: "are you there?" })
          yield* live.settle
          assert.deepStrictEqual(heard, ["are you there?"])
          assert.deepStrictEqual(yield* bob.call.WhoIsHere(), ["Bob", "Ada"])
        })
      )
      yield* live.settle
      assert.deepStrictEqual(yield* bob.call.WhoIsHere(), ["Bob"])
    }).pipe(Effect.scoped, Effect.provide(served()))
  )
})

describe("presence", () => {
  it.effect("presence of a client without initial metadata begins when there is some", () =>
    Effect.gen(function* () {
      const live = yield* LiveTest
      const second = yield* live.connect()
      const ada = yield* live.mount(RoomFixture, { props: { who: "Ada" }, room: "lobby" })
      const nobody = yield* second.mount(RoomFixture, { props: { who: "Nobody" }, room: "lobby" })
      yield* live.settle
      assert.lengthOf(yield* ada.presence, 1)
      yield* nobody.call.Mood({ mood: "merry" })
      yield* live.settle
      for (const seen of [ada, nobody]) {
        assert.deepStrictEqual(
          (yield* seen.presence).map(({ metadata }) => metadata.mood),
          ["calm", "merry"]
        )
      }
    }).pipe(Effect.scoped, Effect.provide(served()))
  )

  it.effect("presence merges the clients of a principal, shows who is away, and forgets who does not come back", () =>
    Effect.gen(function* () {
      const live = yield* LiveTest
      const [one, other] = [yield* live.connect({ principal: "ada" }), yield* live.connect({ principal: "ada" })]
      const bob = yield* live.mount(RoomFixture, { props: { who: "Bob" }, room: "lobby" })
      const tab = yield* one.mount(RoomFixture, { props: { who: "Ada" }, room: "lobby" })
      yield* other.mount(RoomFixture, { props: { who: "Ada" }, room: "lobby" })
      const ada = () => Effect.map(bob.presence, (people) => people.find(({ id }) => id === "ada"))
      yield* live.settle
      assert.deepInclude(yield* ada(), { status: "online", clients: 2, metadata: { name: "Ada", mood: "calm" } })
      assert.lengthOf(yield* bob.presence, 2)
      yield* Effect.exit(tab.call.Mood({ mood: "merry" }))
      yield* live.settle
      assert.strictEqual((yield* ada())?.metadata.mood, "merry")
      yield* one.disconnect
      yield* live.settle
      assert.deepInclude(yield* ada(), { status: "online" })
      yield* other.disconnect
      yield* live.settle
      assert.deepInclude(yield* ada(), { status: "away" })
      yield* one.reconnect
      yield* live.settle
      assert.deepInclude(yield* ada(), { status: "online" })
      yield* one.disconnect
      yield* TestClock.adjust("2 minutes")
      yield* live.settle
      assert.isUndefined(yield* ada())
      assert.lengthOf(yield* bob.presence, 1)
    }).pipe(Effect.scoped, Effect.provide(served()))
  )

  it.effect("presence of a shared instance lists those who have mounted it", () =>
    Effect.gen(function* () {
      const live = yield* LiveTest
      const second = yield* live.connect()
      const ada = yield* live.mount(RoomFixture, { props: { who: "Ada" }, key: "all" })
      yield* Effect.scoped(
        Effect.gen(function* () {
          const bob = yield* second.mount(RoomFixture, { props: { who: "Bob" }, key: "all" })
          yield* live.settle
          yield* second.settle
          const names = (people: ReadonlyArray<{ readonly metadata: { readonly name: string } }>) =>
            people.map(({ metadata }) => metadata.name)
          assert.deepStrictEqual(names(yield* ada.presence), ["Ada", "Bob"])
          assert.deepStrictEqual(names(yield* bob.presence), ["Ada", "Bob"])
          const { connection, principal } = yield* bob.call.WhoCalls()
          assert.isNull(principal)
          assert.strictEqual((yield* ada.presence)[1]?.id, connection)
        })
      )
      yield* live.settle
      assert.lengthOf(yield* ada.presence, 1)
    }).pipe(Effect.scoped, Effect.provide(served()))
  )
})

/** Shows to whom it is told not to show. */
class Sight extends Component.Service<Sight>()("Sight", {
  state: { count: Schema.Int, secret: Schema.optionalKey(Schema.String) },
  initial: () => ({ count: 0, secret: "the secret" }),
  actions: [Rpc.make("Count", { success: Schema.Int })]
}) {}

const SightLayer = Sight.toLayer(
  Effect.map(Effect.service(Sight), (self) =>
    Sight.of({
      Count: () =>
        Effect.map(
          self.update((state) => ({ ...state, count: state.count + 1 })),
          ({ count }) => count
        )
    })
  ),
  {
    view: (state, principal) => {
      if (principal?.id === "eve" && state.count === 1) throw new Error("eve is not to see the first")
      return principal === undefined ? { count: state.count } : state
    }
  }
)

const sight = LiveTest.layer({ components: [Sight] }).pipe(Layer.provide(SightLayer), Layer.provide(Logger.layer([])))

describe("a shared instance", () => {
  it.effect("a shared instance counts a hundred increments of twenty clients at the same moment as a hundred", () =>
    Effect.gen(function* () {
      const live = yield* LiveTest
      const counters = yield* Effect.forEach(Array.from({ length: 20 }), () =>
        Effect.flatMap(live.connect(), (client) => client.mount(Sight, { key: "all" }))
      )
      const calls = counters.flatMap((counter) => Array.from({ length: 5 }, () => counter.call.Count()))
      const counts = yield* Effect.all(calls, { concurrency: "unbounded" })
      assert.deepStrictEqual(
        counts.toSorted((a, b) => a - b),
        Array.from({ length: 100 }, (_, index) => index + 1)
      )
      for (const counter of counters) assert.deepStrictEqual(yield* counter.state, { count: 100 })
      assert.strictEqual((yield* live.open).instances, 1)
    }).pipe(Effect.scoped, Effect.provide(sight))
  )

  it.effect("a shared instance whose view fails for one principal is faulted for that one only", () =>
    Effect.gen(function* () {
      const live = yield* LiveTest
      const [eve, late] = [yield* live.connect({ principal: "eve" }), yield* live.connect({ principal: "eve" })]
      const guest = yield* live.mount(Sight, { key: "all" })
      const seen = yield* eve.mount(Sight, { key: "all" })
      assert.strictEqual(yield* guest.call.Count(), 1)
      assert.deepInclude(yield* seen.view, { status: "faulted", state: { count: 0, secret: "the secret" } })
      assert.deepInclude(yield* guest.view, { status: "running", state: { count: 1 } })
      yield* guest.call.Count()
      assert.deepInclude(yield* seen.view, { status: "running", state: { count: 2, secret: "the secret" } })
      // Who mounts it only then is refused while it fails.
      const other = yield* live.mount(Sight, { key: "other" })
      yield* other.call.Count()
      const error = yield* Effect.flip(late.mount(Sight, { key: "other" }))
      assert.strictEqual(reason(error), "ComponentCrashed")
      yield* other.call.Count()
      assert.deepStrictEqual(yield* other.state, { count: 2 })
    }).pipe(Effect.scoped, Effect.provide(sight))
  )
})
