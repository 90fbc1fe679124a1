/** What a monitor sees: connections, sessions, instances and rooms, each as it is at that moment. */
import { assert, it } from "@effect/vitest"
import { Effect, Layer, Logger } from "effect"
import { TestClock } from "effect/testing"
import { Secrets } from "fibra/server"
import * as StateCache from "../../src/client/StateCache.ts"
import { Instances } from "../../src/server/instance/Instances.ts"
import { Rooms } from "../../src/server/room/Rooms.ts"
import { Sessions } from "../../src/server/session/Sessions.ts"
import { Transport } from "../../src/server/transport/Transport.ts"
import { apart } from "../support/Clocks.ts"
import { Minutes, RoomFixture, RoomFixtureLayer } from "../support/RoomFixture.ts"
import * as LiveCore from "../../src/server/LiveCore.ts"
import { coreClient } from "../support/coreClient.ts"

const subject = LiveCore.layer({ components: [RoomFixture] }).pipe(
  Layer.provide(RoomFixtureLayer.pipe(Layer.provide(Minutes.layer))),
  Layer.provideMerge(StateCache.layerMemory),
  Layer.provide([Secrets.layerRandom, Logger.layer([])])
)

/** The server begins when its clock has gone an hour, and the clock on the wall is an hour ahead of that. */
const hour = 3_600_000
const start = 2 * hour
const later = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.flatMap(apart, ({ setWall }) => {
    setWall(hour)
    return Effect.andThen(TestClock.adjust(hour), effect)
  })

const lists = Effect.gen(function* () {
  return {
    connections: yield* Transport.use(({ list }) => list),
    sessions: yield* Sessions.use(({ list }) => list),
    instances: yield* Instances.use(({ list }) => list),
    rooms: yield* Rooms.use(({ list }) => list)
  }
})

const sizes = Effect.gen(function* () {
  return {
    connections: yield* Transport.use(({ size }) => size),
    sessions: yield* Sessions.use(({ size }) => size),
    instances: yield* Instances.use(({ size }) => size),
    rooms: yield* Rooms.use(({ size }) => size)
  }
})

it.effect("the lists of a server without clients are empty", () =>
  Effect.gen(function* () {
    assert.deepStrictEqual(yield* lists, { connections: [], sessions: [], instances: [], rooms: [] })
  }).pipe(Effect.provide(subject))
)

it.effect("the lists have everyone who is there, with what, and since when, and nobody who has left", () =>
  Effect.gen(function* () {
    yield* TestClock.adjust("1 second")
    const ada = yield* coreClient({ principal: "ada" })
    yield* ada.settle
    yield* TestClock.adjust("1 second")
    const bob = yield* coreClient()
    const own = yield* ada.mount(RoomFixture, { props: { who: "Ada" }, room: "hall" })
    yield* TestClock.adjust("1 second")
    const shared = yield* ada.mount(RoomFixture, { props: { who: "Desk" }, key: "desk" })
    yield* bob.mount(RoomFixture, { props: { who: "Bob" }, key: "desk" })
    yield* shared.call.Join({ room: "hall" })
    yield* shared.call.Join({ room: "yard" })
    yield* own.call.Say({ words: "hello" })
    yield* Effect.exit(own.call.Crash())
    yield* ada.settle
    yield* bob.settle

    const now = yield* lists
    const [mine, theirs] = now.instances
    assert.isDefined(mine)
    assert.isDefined(theirs)
    assert.deepInclude(mine, {
      component: "RoomFixture",
      version: 1,
      key: undefined,
      principal: "ada",
      status: "running",
      epoch: 1,
      restarts: 1,
      readers: 1,
      away: 0,
      pending: 0,
      rooms: ["hall"],
      since: start + 2000
    })
    assert.deepInclude(theirs, {
      key: "desk",
      principal: undefined,
      restarts: 0,
      readers: 2,
      away: 0,
      rooms: ["hall", "yard"],
      since: start + 3000
    })
    assert.isAbove(theirs.revision, 0)
    assert.isAbove(theirs.bytes, 0)
    assert.deepStrictEqual(
      now.rooms.map(({ index, members, name, readers }) => ({ index, members, name, readers })),
      [
        // Each client reads a room once, however many of its components are there.
        { name: "hall", members: [mine.id, theirs.id], readers: 2, index: 1 },
        { name: "yard", members: [theirs.id], readers: 2, index: 0 }
      ]
    )
    const [first, second] = now.connections
    assert.lengthOf(now.connections, 2)
    assert.deepInclude(first, {
      id: 1,
      principal: "ada",
      since: start + 1000,
      heardAt: start + 3000,
      buffered: 0,
      isPaused: false
    })
    assert.deepInclude(second, { id: 2, principal: undefined, since: start + 2000, heardAt: start + 3000, buffered: 0 })
    assert.deepStrictEqual(
      now.sessions.map(({ components, principal, status, until }) => ({ components, principal, status, until })),
      [
        { components: [mine.id, theirs.id], principal: "ada", status: "connected", until: undefined },
        { components: [theirs.id], principal: undefined, status: "connected", until: undefined }
      ]
    )
    // A private instance is kept for its client alone.
    assert.isAbove(now.sessions[0]?.bytes ?? 0, now.sessions[1]?.bytes ?? 0)
    assert.deepStrictEqual(yield* sizes, {
      connections: 2,
      sessions: { sessions: 2, parked: 0 },
      instances: 2,
      rooms: 2
    })

    yield* ada.disconnect
    const without = yield* lists
    assert.deepStrictEqual(
      without.connections.map(({ id }) => id),
      [2]
    )
    assert.deepInclude(without.sessions[0], { principal: "ada", status: "parked", until: start + 48_000 })
    assert.deepInclude(without.sessions[1], { status: "connected", until: undefined })
    assert.deepStrictEqual(
      without.instances.map(({ away, readers }) => ({ away, readers })),
      [
        { readers: 1, away: 1 },
        { readers: 2, away: 1 }
      ]
    )
    assert.deepStrictEqual((yield* sizes).sessions, { sessions: 2, parked: 1 })

    yield* TestClock.adjust("46 seconds")
    const end = yield* lists
    assert.deepStrictEqual(
      end.instances.map(({ id }) => id),
      [theirs.id]
    )
    assert.lengthOf(end.sessions, 1)
    assert.deepStrictEqual(
      end.rooms.map(({ members }) => members),
      [[theirs.id], [theirs.id]]
    )
  }).pipe(Effect.scoped, Effect.provide(subject), later)
)
