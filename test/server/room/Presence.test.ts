/** Who is there, as listeners on the server are told of it: once in a turn of the event loop, however many come and go in it. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Logger, Schema, Stream } from "effect"
import { Rpc } from "effect/rpc"
import { Component } from "fibra"
import { LiveTest } from "fibra/testing"
import type { ComponentId } from "../../../src/LiveId.ts"
import type { Person } from "../../../src/Presence.ts"
import { ClientInfo } from "../../../src/server/sync/ClientInfo.ts"
import * as JsonEncoder from "../../../src/server/wire/json/JsonEncoder.ts"
import { defaults } from "../../../src/server/LiveConfig.ts"
import { Presence } from "../../../src/server/room/Presence.ts"

class Desk extends Component.Service<Desk>()("Desk", {
  props: { who: Schema.String },
  state: {},
  initial: () => ({}),
  actions: [Rpc.make("Who", { success: Schema.Array(Schema.String) })],
  presence: { metadata: { name: Schema.String }, initial: ({ who }) => ({ name: who }) }
}) {}

/** The metadata of somebody with this name. */
const named = (name: string) => ({ metadata: { name }, encoded: { name } })
const namesOf = (people: ReadonlyArray<Person>) => people.map(({ metadata }) => (metadata as { name: string }).name)

/** An empty list, how often it was encoded, and what a listener was told of it. */
const empty = () => {
  const failures: Array<unknown> = []
  const report = (defect: unknown) => void failures.push(defect)
  const presence = new Presence("presence:Desk" as ComponentId, defaults, 1, report)
  const told: Array<string> = []
  const listener = (people: ReadonlyArray<Person>) => void told.push(namesOf(people).join(" "))
  const enter = (name: string) => {
    const mount = { name }
    presence.enter(mount, new ClientInfo(undefined, name), named(name), false)
    return mount
  }
  return { presence, told, listener, enter, failures }
}

/** The end of this turn of the event loop. */
const turn = Effect.callback<void>((resume) => void setImmediate(() => resume(Effect.void)))

describe("a listener on the server", () => {
  it.effect("a listener of presence is called once in a turn, with the list of that moment", () =>
    Effect.gen(function* () {
      const { enter, listener, presence, told } = empty()
      presence.listen(listener)
      const ada = enter("Ada")
      enter("Bob")
      presence.leave(ada)
      assert.deepStrictEqual(told, [])
      assert.deepStrictEqual(namesOf(presence.people), ["Bob"])
      yield* turn
      assert.deepStrictEqual(told, ["Bob"])
      yield* turn
      enter("Cleo")
      yield* turn
      yield* turn
      assert.deepStrictEqual(told, ["Bob", "Bob Cleo"])
    })
  )

  it.effect("a listener of presence is not called with the list that it began with, nor after its removal", () =>
    Effect.gen(function* () {
      const { enter, listener, presence, told } = empty()
      const others: Array<number> = []
      presence.listen((people) => void others.push(people.length))
      enter("Ada")
      const stop = presence.listen(listener)
      yield* turn
      assert.deepStrictEqual(told, [])
      enter("Bob")
      stop()
      yield* turn
      assert.deepStrictEqual(told, [])
      assert.deepStrictEqual(others, [1, 2])
    })
  )

  it.effect("a listener of presence that throws is reported, and does not disturb others", () =>
    Effect.gen(function* () {
      const { enter, failures, listener, presence, told } = empty()
      presence.listen(() => {
        throw "thrown"
      })
      presence.listen(listener)
      enter("Ada")
      yield* turn
      assert.deepStrictEqual(told, ["Ada"])
      assert.deepStrictEqual(failures, ["thrown"])
    })
  )

  it.effect("a listener of presence gets a change during its call in the turn after", () =>
    Effect.gen(function* () {
      const { enter, listener, presence, told } = empty()
      presence.listen((people) => void (people.length === 1 && enter("Bob")))
      presence.listen(listener)
      enter("Ada")
      yield* turn
      yield* turn
      assert.strictEqual(told.at(-1), "Ada Bob")
    })
  )

  it.effect("a listener of presence costs no encoding of the list, which is only for clients", () =>
    Effect.gen(function* () {
      const { enter, listener, presence } = empty()
      presence.listen(listener)
      for (let person = 0; person < 100; person++) enter(`${person}`)
      assert.lengthOf(presence.people, 100)
      yield* turn
      assert.strictEqual(presence.revision, 0)
      const client = new ClientInfo(undefined, "client")
      const reader = presence.read({ client, encoder: JsonEncoder.make(() => 0), cursorWoke: () => {} })
      reader.announce()
      reader.take([])
      assert.strictEqual(presence.revision, 1)
      assert.lengthOf(presence.encoded["people"] as ReadonlyArray<unknown>, 100)
    })
  )
})

describe("presenceChanges of a component", () => {
  const lists: Array<ReadonlyArray<string>> = []
  const served = LiveTest.layer({ components: [Desk] }).pipe(
    Layer.provide(
      Desk.toLayer(
        Effect.gen(function* () {
          const self = yield* Desk
          const noted = Stream.runForEach(self.presenceChanges, (people) =>
            Effect.sync(() => void lists.push(people.map(({ metadata, status }) => `${metadata.name} ${status}`)))
          )
          yield* Effect.forkScoped(noted)
          return Desk.of({
            Who: () => Effect.map(self.presence, (people) => people.map(({ metadata }) => metadata.name))
          })
        })
      )
    ),
    Layer.provide(Logger.layer([]))
  )

  it.effect("presenceChanges of a component has the current list, and each that follows, once", () =>
    Effect.gen(function* () {
      const live = yield* LiveTest
      const enter = Effect.fnUntraced(function* (who: string) {
        const client = yield* live.connect()
        const handle = yield* client.mount(Desk, { key: "front", props: { who } })
        yield* live.settle
        return { client, handle }
      })
      const ada = yield* enter("Ada")
      const bob = yield* enter("Bob")
      assert.deepStrictEqual(yield* ada.handle.call.Who(), ["Ada", "Bob"])
      assert.deepStrictEqual(lists.at(-1), ["Ada online", "Bob online"])
      yield* bob.client.disconnect
      yield* live.settle
      assert.deepStrictEqual(lists, [["Ada online"], ["Ada online", "Bob online"], ["Ada online", "Bob away"]])
    }).pipe(Effect.scoped, Effect.provide(served))
  )
})

describe("a principal that is called like the connection of an anonymous client", () => {
  const anonymous = (name: string) => new ClientInfo(undefined, name)
  const namesake = (connection: string) => new ClientInfo({ id: "victim" }, connection)
  const seen = ({ people }: Presence) =>
    people.map(({ clients, id, metadata }) => ({ clients, id, ...(metadata as { readonly name: string }) }))
  const victim = { clients: 1, id: "victim", name: "Vic" }
  const thief = { clients: 1, id: "thief", name: "Theo" }

  it("a principal with the id of an anonymous connection is another person in the list, whoever came first", () => {
    const { presence } = empty()
    const [his, hers] = [{}, {}]
    presence.enter(hers, anonymous("victim"), named("Vic"), false)
    presence.enter(his, namesake("thief"), named("Theo"), false)
    assert.deepStrictEqual(seen(presence), [victim, thief])
    presence.track(his, named("Vic"))
    presence.seen(his, true)
    assert.deepStrictEqual(seen(presence), [victim, { ...thief, name: "Vic" }])
    assert.strictEqual(presence.people[0]?.status, "online")
    presence.leave(hers)
    assert.deepStrictEqual(seen(presence), [{ ...thief, id: "victim", name: "Vic" }])
    presence.enter(hers, anonymous("victim"), named("Vic"), false)
    assert.deepStrictEqual(seen(presence), [{ ...thief, name: "Vic" }, victim])
    presence.leave(his)
    assert.deepStrictEqual(seen(presence), [victim])
  })

  it("a principal with the id of an anonymous connection is one person with all of its own clients", () => {
    const { presence } = empty()
    presence.enter({}, anonymous("victim"), named("Vic"), false)
    presence.enter({}, namesake("thief"), named("Theo"), false)
    presence.enter({}, namesake("another"), named("Theo"), false)
    assert.deepStrictEqual(seen(presence), [victim, { ...thief, clients: 2 }])
  })
})
