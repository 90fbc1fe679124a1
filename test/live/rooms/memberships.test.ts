/** Which component of a client hears what in its rooms, and which lists of who is there are kept for it. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { TestClock } from "effect/testing"
import { Component, type ComponentId, LiveProtocol } from "fibra"
import { Memberships } from "../../../src/client/Memberships.ts"
import { PresenceLists } from "../../../src/client/PresenceLists.ts"
import { type ComponentEvent, type RoutedEvent, Router } from "../../../src/client/Router.ts"

/** A router none of whose listeners throws. */
const makeRouter = () => new Router((defect) => assert.fail(String(defect)))

const id = (name: string) => name as ComponentId
const joined = (name: string, index: number, room = "r", turn = 1) =>
  ({ _tag: "Joined", componentId: id(name), room, index, turn }) as const
const left = (name: string, index: number, room = "r") =>
  ({ _tag: "Left", componentId: id(name), room, index }) as const
const said = (index: number, room = "r") => ({ _tag: "Event", room, index, event: "Said", payload: index }) as const
const dropped = (index: number, count: number, room = "r") => ({ _tag: "EventsDropped", room, index, count }) as const

describe("memberships", () => {
  const heard = (memberships: Memberships, index: number, room?: string) =>
    memberships.heard(said(index, room)).map(([name]) => name)

  it("memberships pass an event to the components that were in the room when it was sent, once", () => {
    const memberships = new Memberships()
    memberships.moved(joined("a", 3))
    memberships.moved(joined("b", 5))
    assert.deepStrictEqual(heard(memberships, 4), ["a"])
    assert.deepStrictEqual(heard(memberships, 4), [])
    assert.deepStrictEqual(heard(memberships, 6), ["a", "b"])
    memberships.moved(left("a", 8))
    assert.deepStrictEqual(memberships.of("a"), [])
    assert.deepStrictEqual(heard(memberships, 8), ["a", "b"])
    assert.deepStrictEqual(heard(memberships, 9), ["b"])
    assert.deepStrictEqual(memberships.places, [{ room: "r", index: 9 }])
  })

  it("memberships tell each component how many events it has lost", () => {
    const memberships = new Memberships()
    memberships.moved(joined("a", 0))
    memberships.moved(joined("b", 8))
    memberships.moved(joined("c", 10))
    memberships.moved(left("a", 5))
    const counts = memberships.heard(dropped(10, 10)).map(([name, event]) => [name, "count" in event && event.count])
    assert.deepStrictEqual(counts, [
      ["a", 5],
      ["b", 2]
    ])
    assert.deepStrictEqual(memberships.heard(dropped(10, 10)), [])
    assert.deepStrictEqual(heard(memberships, 11), ["b", "c"])
  })

  it("memberships that are sent again after a drop are the same, and a room that was left is not heard twice", () => {
    const memberships = new Memberships()
    memberships.moved(joined("a", 0))
    assert.deepStrictEqual(heard(memberships, 1), ["a"])
    memberships.moved(left("a", 1))
    assert.deepStrictEqual(memberships.places, [{ room: "r", index: 1 }])
    memberships.moved(joined("a", 0))
    memberships.moved(left("a", 1))
    assert.deepStrictEqual(heard(memberships, 1), [])
    assert.deepStrictEqual(memberships.of("a"), [])
    memberships.moved(joined("a", 4))
    memberships.moved(joined("a", 4))
    assert.deepStrictEqual(memberships.of("a"), ["r"])
    assert.deepStrictEqual(heard(memberships, 5), ["a"])
  })

  it("memberships remember the order of the rooms, and forget what is gone", () => {
    const memberships = new Memberships()
    memberships.moved(joined("b", 0, "two"))
    memberships.moved(joined("a", 0, "two", 2))
    memberships.moved(joined("a", 0, "one", 1))
    assert.deepStrictEqual(memberships.of("a"), ["one", "two"])
    memberships.moved(left("a", 0, "one"))
    memberships.moved(joined("a", 0, "one", 3))
    assert.deepStrictEqual(memberships.of("a"), ["two", "one"])
    memberships.keep((name) => name === "b")
    assert.deepStrictEqual(memberships.of("a"), [])
    assert.deepStrictEqual(memberships.places[0], { room: "two", index: 0 })
  })

  it("memberships remember how far a room was read when the last component has left it, for it is sent again", () => {
    const memberships = new Memberships()
    memberships.moved(joined("a", 0))
    memberships.moved(joined("b", 0))
    memberships.moved(left("a", 1))
    assert.deepStrictEqual(heard(memberships, 1), ["a", "b"])
    memberships.forget("b")
    assert.deepStrictEqual(memberships.places, [{ room: "r", index: 1 }])
    memberships.moved(joined("a", 0))
    memberships.moved(left("a", 1))
    assert.deepStrictEqual(heard(memberships, 1), [])
  })

  it("memberships do not grow with the rooms that were left", () => {
    const memberships = new Memberships()
    for (let room = 0; room < 1000; room++) {
      memberships.moved(joined("a", 0, `${room}`))
      memberships.moved(left("a", 0, `${room}`))
    }
    assert.lengthOf(memberships.places, 100)
    assert.deepStrictEqual(memberships.places.at(-1), { room: "999", index: 0 })
  })
})

describe("the router", () => {
  const recorder = () => {
    const told: Array<string> = []
    return {
      told,
      event: (event: ComponentEvent) => void told.push("index" in event ? `${event._tag} ${event.index}` : event._tag),
      inRooms: (rooms: ReadonlyArray<string>) => void told.push(`in ${rooms.join(" ")}`)
    }
  }

  it("the router keeps what arrives before the answer to a mount, and nothing for one that does not come", () => {
    const router = makeRouter()
    const ended = router.expectMount()
    const early: ReadonlyArray<RoutedEvent> = [joined("a", 0), said(1), said(2)]
    for (const event of early) router.event(event)
    ended()
    const a = recorder()
    router.route("a", a)
    assert.deepStrictEqual(a.told, ["in r", "Event 1", "Event 2"])
    router.event(joined("b", 2))
    router.event(said(3))
    const b = recorder()
    router.route("b", b)
    assert.deepStrictEqual(b.told, ["in "])
    assert.deepStrictEqual(a.told.at(-1), "Event 3")
  })

  it("the router tells a component that leaves one room for another so in one step", () => {
    const router = makeRouter()
    const a = recorder()
    router.route("a", a)
    router.event(joined("a", 0, "one"))
    router.settle()
    router.event(left("a", 0, "one"))
    router.event(joined("a", 0, "two"))
    router.event(said(1, "two"))
    router.settle()
    assert.deepStrictEqual(a.told, ["in ", "in one", "in two", "Event 1"])
  })

  it("the router forgets the rooms of components that a session does not have any more", () => {
    const router = makeRouter()
    for (const name of ["a", "b"]) {
      router.route(name, recorder())
      router.event(joined(name, 0, name))
    }
    router.connected({ components: new Set(["b"]) })
    assert.deepStrictEqual(router.roomPlaces[0], { room: "b", index: 0 })
    router.connected()
    assert.deepStrictEqual(router.roomPlaces, [])
  })
})

class Seat extends Component.Service<Seat>()("Seat", {
  state: { n: Schema.Int },
  initial: () => ({ n: 0 }),
  presence: { metadata: { name: Schema.String }, initial: () => ({ name: "" }) }
}) {}

describe("lists of who is there", () => {
  const list = LiveProtocol.presenceId("Seat", { room: "r" })
  const person = (name: string) => ({ id: name, status: "online", clients: 1, metadata: { name } })
  const snapshot = (revision: number, ...names: ReadonlyArray<string>): RoutedEvent => ({
    _tag: "Snapshot",
    componentId: list,
    epoch: 1,
    revision,
    state: { people: names.map(person) }
  })
  const make = Effect.gen(function* () {
    const context = yield* Effect.context<never>()
    const router = makeRouter()
    const asked: Array<string> = []
    const lists = new PresenceLists({
      router,
      run: (effect) => void Effect.runForkWith(context)(effect),
      resync: (id) => Effect.sync(() => asked.push(id))
    })
    const watch = () => {
      const seen: Array<string> = []
      const codec = Seat.codec.presence
      if (codec === undefined) throw new Error("Seat has presence")
      const { release } = lists.watch(list, codec, (people) => void seen.push(people.map(({ id }) => id).join(" ")))
      return { seen, release }
    }
    return { router, lists, asked, watch }
  })

  it.effect("presence lists are shared, and complete for a later follower", () =>
    Effect.gen(function* () {
      const { lists, router, watch } = yield* make
      const first = watch()
      assert.deepStrictEqual([first.seen, lists.places], [[], []])
      router.event(snapshot(7, "ada"))
      const second = watch()
      assert.deepStrictEqual([first.seen, second.seen], [["ada"], ["ada"]])
      assert.deepStrictEqual(lists.places, [{ componentId: list, epoch: 1, revision: 7, index: 0 }])
    })
  )

  it.effect("presence lists that arrive before their component are there for its followers", () =>
    Effect.gen(function* () {
      const { lists, router, watch } = yield* make
      router.event(snapshot(7, "ada"))
      const { release, seen } = watch()
      assert.deepStrictEqual(seen, ["ada"])
      release()
      yield* TestClock.adjust("5 seconds")
      router.event(snapshot(8, "bob"))
      yield* TestClock.adjust("5 seconds")
      assert.deepStrictEqual([lists.places, watch().seen], [[], []])
    })
  )

  it.effect("presence lists that nobody follows are kept for a while, and while something is being mounted", () =>
    Effect.gen(function* () {
      const { lists, router, watch } = yield* make
      const first = watch()
      router.event(snapshot(7, "ada"))
      first.release()
      const mounted = router.expectMount()
      yield* TestClock.adjust("20 seconds")
      const second = watch()
      assert.deepStrictEqual(second.seen, ["ada"])
      mounted()
      second.release()
      yield* TestClock.adjust("5 seconds")
      assert.deepStrictEqual(lists.places, [])
    })
  )

  it.effect("presence lists are requested when something is missing, and applied as they arrive", () =>
    Effect.gen(function* () {
      const { asked, lists, router, watch } = yield* make
      const { seen } = watch()
      const patched = (revision: number): RoutedEvent => ({
        _tag: "Patched",
        componentId: list,
        epoch: 1,
        revision,
        patch: []
      })
      router.event(patched(4))
      router.event(patched(5))
      assert.deepStrictEqual(asked, [list])
      router.event(snapshot(5, "ada"))
      // The list was given up on the server, and another one begun.
      router.event(snapshot(1, "bob"))
      assert.deepStrictEqual(seen, ["ada", "bob"])
      router.event(patched(3))
      assert.deepStrictEqual(asked, [list, list])
      assert.strictEqual(lists.places[0]?.revision, -1)
    })
  )
})
