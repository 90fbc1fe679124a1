/** Who is there when things go wrong half-way, and when there are many. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Layer, Logger, Scope } from "effect"
import { TestClock } from "effect/testing"
import { LiveTest } from "fibra/testing"
import { RoomFixture, RoomFixtureLayer, hear, Minutes, out } from "../../support/RoomFixture.ts"
import * as ReplicaOpener from "../../../src/client/ReplicaOpener.ts"

const served = LiveTest.layer({ components: [RoomFixture] }).pipe(
  Layer.provide(RoomFixtureLayer),
  Layer.provideMerge(Minutes.layer),
  Layer.provide(Logger.layer([]))
)

const named = (people: ReadonlyArray<{ readonly metadata: { readonly name: string }; readonly status: string }>) =>
  people.map(({ metadata, status }) => `${metadata.name} ${status}`)

/** Bob is in the lobby, and Ada is about to be, over a connection that does not bring this there, or back. */
const halfWay = Effect.fnUntraced(function* (lost: "request" | "answer") {
  const live = yield* LiveTest
  const bob = yield* (yield* live.connect()).mount(RoomFixture, { props: { who: "Bob" }, room: "lobby" })
  yield* live.settle
  yield* lost === "request" ? live.hold : live.stall
  const scope = yield* Scope.make()
  const mounting = live.mount(RoomFixture, { props: { who: "Ada" }, room: "lobby" }).pipe(Scope.provide(scope))
  const mounted = yield* Effect.forkChild(mounting, { startImmediately: true })
  yield* live.settle
  yield* live.disconnect
  assert.deepStrictEqual(
    named(yield* bob.presence),
    lost === "request" ? ["Bob online"] : ["Bob online", "Ada away"],
    lost
  )
  const givenUp = Effect.andThen(Fiber.interrupt(mounted), Scope.close(scope, Exit.void))
  yield* Effect.addFinalizer(() => givenUp)
  return { bob, givenUp, live, mounted }
})

const bothWays = ["request", "answer"] as const

describe("a mount in a room whose connection drops half-way", () => {
  for (const lost of bothWays) {
    it.effect(`a mount whose connection drops half-way is listed once when it returns: the ${lost} was lost`, () =>
      Effect.gen(function* () {
        const { bob, live, mounted } = yield* halfWay(lost)
        yield* live.reconnect
        const ada = yield* Fiber.join(mounted)
        const heard = yield* hear(ada)
        assert.deepStrictEqual(named(yield* bob.presence), ["Bob online", "Ada online"])
        assert.deepStrictEqual(yield* bob.call.WhoIsHere(), ["Bob", "Ada"])
        assert.deepStrictEqual(named(yield* ada.presence), ["Bob online", "Ada online"])
        assert.deepInclude(yield* live.open, { instances: 2, rooms: 1, parked: 0 })
        yield* bob.call.Say({ words: "welcome" })
        yield* live.settle
        assert.deepStrictEqual(heard, ["welcome"])
      }).pipe(Effect.scoped, Effect.provide(served))
    )

    it.effect(`a mount whose connection drops half-way is not listed when unwanted: the ${lost} was lost`, () =>
      Effect.gen(function* () {
        const { bob, givenUp, live } = yield* halfWay(lost)
        yield* givenUp
        yield* live.reconnect
        yield* live.settle
        assert.deepStrictEqual(named(yield* bob.presence), ["Bob online"])
        assert.deepStrictEqual(yield* bob.call.WhoIsHere(), ["Bob"])
        assert.deepInclude(yield* live.open, { instances: 1, rooms: 1, parked: 0 })
      }).pipe(Effect.scoped, Effect.provide(served))
    )

    it.effect(`a mount whose connection drops half-way is not listed without its client: the ${lost} was lost`, () =>
      Effect.gen(function* () {
        const { bob, live, mounted } = yield* halfWay(lost)
        yield* TestClock.adjust("50 seconds")
        yield* live.settle
        assert.deepStrictEqual(named(yield* bob.presence), ["Bob online"])
        assert.deepInclude(yield* live.open, { instances: 1, sessions: 1, parked: 0 })
        // It was not mounted in time, and whoever asked was told so.
        assert.isTrue(Exit.isFailure(yield* Fiber.await(mounted)))
        const ada = yield* live
          .mount(RoomFixture, { props: { who: "Ada" }, room: "lobby" })
          .pipe(Effect.forkScoped({ startImmediately: true }))
        yield* live.reconnect
        yield* Fiber.join(ada)
        yield* live.settle
        assert.deepStrictEqual(named(yield* bob.presence), ["Bob online", "Ada online"])
      }).pipe(Effect.scoped, Effect.provide(served))
    )
  }
})

describe("a component that leaves a room while its client is away", () => {
  it.effect("a client whose component leaves a room meanwhile gets the events before that, and none after", () =>
    Effect.gen(function* () {
      const live = yield* LiveTest
      const bob = yield* (yield* live.connect()).mount(RoomFixture, { props: { who: "Bob" }, room: "lobby" })
      const ada = yield* live.mount(RoomFixture, { props: { who: "Ada" }, room: "lobby" })
      const heard = yield* hear(ada)
      yield* bob.call.Say({ words: "one" })
      yield* live.settle
      yield* live.disconnect
      for (const words of ["two", out("Ada"), "four"]) yield* bob.call.Say({ words })
      assert.deepStrictEqual(named(yield* bob.presence), ["Bob online"])
      yield* live.reconnect
      yield* live.settle
      yield* bob.call.Say({ words: "five" })
      yield* live.settle
      assert.deepStrictEqual(heard, ["one", "two", out("Ada")])
      assert.strictEqual(yield* ada.eventsDropped, 0)
      // She is where those are who have mounted her.
      assert.deepStrictEqual(named(yield* ada.presence), ["Ada online"])
      assert.deepStrictEqual((yield* ada.view).rooms, [])
      assert.deepStrictEqual((yield* ada.state).heard.at(-1), `Bob: ${out("Ada")}`)
    }).pipe(Effect.scoped, Effect.provide(served))
  )
})

describe("a room with 2 000 people", () => {
  it.effect(
    "a room with 2 000 people is listed whole, and one more person is a small change for all",
    () =>
      Effect.gen(function* () {
        const live = yield* LiveTest
        const frames = new Map<number, Array<number>>()
        const count = 2000
        // As many as read a list of 2 000 in a second or so; of all others it waits on the way to them.
        const reads = (index: number) => index % 500 === 0
        const connect = Effect.fnUntraced(function* (index: number) {
          const lengths: Array<number> = []
          frames.set(index, lengths)
          const client = yield* live.connect({
            principal: `person ${index}`,
            onFrame: (from, text) => void (from === "server" && lengths.push(text.length))
          })
          return {
            client,
            enter: () => ReplicaOpener.of(client.client)(RoomFixture, { props: { who: `${index}` }, room: "square" })
          }
        })
        const clients = yield* Effect.forEach(Array.from({ length: count }).keys(), connect)
        yield* live.settle
        for (const [index, { client }] of clients.entries()) if (!reads(index)) yield* client.stall
        const people = clients.map(({ client, enter }) => ({ client, replica: enter() }))
        yield* live.settle
        const ids = Array.from({ length: count }, (_, index) => `person ${index}`)
        const readers = people.filter((_, index) => reads(index))
        for (const { replica } of readers) {
          assert.deepStrictEqual(replica.view.presence.map(({ id }) => id).toSorted(), ids.toSorted())
        }
        const before = new Map(Array.from(frames, ([index, lengths]) => [index, lengths.length]))
        const last = yield* connect(count)
        last.enter()
        yield* live.settle
        for (const { replica } of readers) assert.strictEqual(replica.view.presence.at(-1)?.id, `person ${count}`)
        // One who did not read has all of it waiting, too: the list once, and then the change.
        const late = people[1]
        yield* late?.client.unstall ?? Effect.void
        assert.lengthOf(late?.replica.view.presence ?? [], count + 1)
        for (const [index, length] of before) {
          const news = frames.get(index)?.slice(length) ?? []
          if (reads(index))
            assert.isTrue(news.length === 1 && news.every((bytes) => bytes < 300), `${index}: ${news.join()}`)
        }
        assert.isBelow(frames.get(1)?.at(-1) ?? Infinity, 300)
      }).pipe(Effect.scoped, Effect.provide(served)),
    60_000
  )
})
