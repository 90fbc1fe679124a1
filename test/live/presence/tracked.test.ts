/** What is tracked of a client cannot be changed later, and cannot keep others from reading the list. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Logger, Schema } from "effect"
import { Rpc } from "effect/rpc"
import { Component } from "fibra"
import { LiveTest } from "fibra/testing"

/** Metadata, and what somebody does with it afterwards. */
interface Tracking {
  readonly metadata: unknown
  readonly later: () => void
}

let tracking: Tracking = { metadata: { name: "" }, later: () => {} }

class Watched extends Component.Service<Watched>()("Watched", {
  state: { calls: Schema.Int },
  initial: () => ({ calls: 0 }),
  actions: [Rpc.make("Track")],
  presence: { metadata: { name: Schema.Any }, initial: () => ({ name: "new" }) }
}) {}

const WatchedLayer = Watched.toLayer(
  Effect.map(Watched, (self) =>
    Watched.of({
      Track: () =>
        Effect.gen(function* () {
          yield* Effect.orDie(self.track(tracking.metadata as never))
          tracking.later()
        })
    })
  )
)

const served = LiveTest.layer({ components: [Watched] }).pipe(Layer.provide([WatchedLayer, Logger.layer([])]))

class Loose {
  name = "first"
  toJSON(): unknown {
    return { name: this.name }
  }
}

/** Reads of a getter until it throws. */
const getter = (reads: number): object => {
  let read = 0
  return Object.defineProperty({}, "name", {
    get: () => (read++ < reads ? "first" : assert.fail("read again")),
    enumerable: true
  })
}

const date = new Date(0)
const loose = new Loose()
const map = new Map([["a", 1]])
const plain: { name: unknown } = { name: "first" }
const nested = { name: { list: ["first"] } }

/** What each is for clients, whatever is done to it later. */
const all: Readonly<Record<string, Tracking & { readonly seen: unknown }>> = {
  "a getter that can be read once": { metadata: getter(1), later: () => {}, seen: undefined },
  "a getter that can be read a few times": { metadata: getter(4), later: () => {}, seen: undefined },
  "an object": {
    metadata: plain,
    later: () => assert.throws(() => void (plain.name = () => {}), TypeError),
    seen: "first"
  },
  "something in an object": {
    metadata: nested,
    later: () => assert.throws(() => nested.name.list.push("second"), TypeError),
    seen: { list: ["first"] }
  },
  "a date": { metadata: { name: date }, later: () => void date.setTime(NaN), seen: "1970-01-01T00:00:00.000Z" },
  "an instance of a class": {
    metadata: { name: loose },
    later: () => void (loose.name = "second"),
    seen: { name: "first" }
  },
  "an instance that is no JSON later": {
    metadata: { name: { toJSON: () => (map.size === 1 ? "first" : assert.fail("read again")) } },
    later: () => void map.clear(),
    seen: "first"
  }
}

describe("what is tracked of a client", () => {
  for (const [name, { later, metadata, seen }] of Object.entries(all)) {
    it.effect(`is for everybody what it was when it was tracked, whatever happens to it: ${name}`, () =>
      Effect.gen(function* () {
        const live = yield* LiveTest
        const ada = yield* live.mount(Watched, { key: "desk" })
        const bob = yield* (yield* live.connect()).mount(Watched, { key: "desk" })
        tracking = { metadata, later }
        yield* Effect.exit(ada.call.Track())
        yield* live.settle
        // Everybody who comes makes the list be sent again.
        const eve = yield* (yield* live.connect()).mount(Watched, { key: "desk" })
        yield* live.settle
        for (const handle of [ada, bob, eve]) {
          assert.isTrue((yield* handle.view).connected)
          const [first, ...others] = yield* handle.presence
          assert.lengthOf(others, 2)
          if (seen !== undefined) assert.deepStrictEqual(first?.metadata.name, seen)
        }
      }).pipe(Effect.scoped, Effect.provide(served))
    )
  }
})
