/** What the sessions of a server are counted as, against what they hold of the heap. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Layer, Schema } from "effect"
import { Rpc } from "effect/rpc"
import { Component } from "fibra"
import { LiveConfig, Secrets } from "fibra/server"
import * as Footprint from "../../../src/server/Footprint.ts"
import * as LiveCore from "../../../src/server/LiveCore.ts"
import type { FeedConsumer } from "../../../src/server/session/ClientFeed.ts"
import type { Session } from "../../../src/server/session/Session.ts"
import { Sessions } from "../../../src/server/session/Sessions.ts"
import { RpcEncoder } from "../../../src/server/wire/rpc/RpcEncoder.ts"
import { collectGarbage } from "../../support/heap.ts"

/** What a state may be full of. */
const fillings: Readonly<Record<string, (index: number) => Schema.Json>> = {
  nothing: () => null,
  numbers: (index) => index,
  texts: (index) => `text number ${index}`,
  "long texts": (index) => "x".repeat(1000) + index,
  "texts that are not Latin": (index) => "ж".repeat(100) + index,
  objects: (index) => ({ id: index, text: `item ${index}`, done: false }),
  "objects in objects": (index) => ({ a: { b: [index] } })
}

class Store extends Component.Service<Store>()("Store", {
  props: { filling: Schema.String, count: Schema.Int },
  state: { items: Schema.Array(Schema.Json) },
  // Texts that were put together hold their parts; these are as they come from a client.
  initial: ({ count, filling }) => ({
    items: JSON.parse(JSON.stringify(Array.from({ length: count }, (_, index) => fillings[filling]?.(index))))
  }),
  actions: [Rpc.make("Count", { success: Schema.Int })]
}) {}

const StoreLayer = Store.toLayer(
  Effect.gen(function* () {
    const self = yield* Store
    return Store.of({ Count: () => Effect.map(self.get, ({ items }) => items.length) })
  })
)

const core = LiveCore.layer({ components: [Store] }).pipe(
  Layer.provide([
    StoreLayer,
    Secrets.layerRandom,
    LiveConfig.layer({ maxParked: Infinity, maxParkedBytes: Infinity, tokenInterval: Infinity })
  ])
)

interface Kind {
  readonly filling: string
  readonly count: number
  readonly mounts: number
  readonly calls: number
  readonly key?: string
}

const connection: FeedConsumer = {
  principal: undefined,
  address: "192.0.2.1",
  encoder: RpcEncoder,
  schedule: () => {},
  flushNow: () => {},
  replaced: () => {}
}

/** A client that has mounted, called, and knows all of its mounts and of no answer. */
const come = ({ calls, count, filling, key, mounts }: Kind) =>
  Effect.gen(function* () {
    const sessions = yield* Sessions
    const session = sessions.openUnsafe(connection)
    sessions.ticketUnsafe(session)
    const own = key === undefined ? {} : { key }
    const mount = (callId: number) =>
      Effect.callback<string>((resume) => {
        const request = { component: "Store", props: { filling, count }, callId, ...own }
        session.mount(request as Parameters<Session["mount"]>[0], {
          answered: (exit) => resume(Exit.isSuccess(exit) ? Effect.succeed(exit.value.componentId) : Effect.die(exit)),
          dropped: () => {}
        })
      })
    const [componentId = ""] = yield* Effect.forEach(
      Array.from({ length: mounts }, (_, index) => index),
      mount
    )
    session.settled(mounts)
    for (let callId = mounts; callId < mounts + calls; callId++) {
      yield* Effect.callback<void>((resume) => {
        session.call(
          { componentId, action: "Count", callId },
          { answered: () => resume(Effect.void), dropped: () => {} }
        )
      })
    }
    session.collect()
    session.acknowledged(1)
    return session
  })

/** The same, and is gone. */
const leave = (kind: Kind) =>
  Effect.flatMap(Sessions, (sessions) => Effect.map(come(kind), (session) => sessions.parkUnsafe(session)))

const counted = Effect.flatMap(Sessions, ({ list }) =>
  Effect.map(list, (sessions) => sessions.reduce((sum, { bytes }) => sum + bytes, 0))
)

describe("what a parked session is counted as", () => {
  const small = { filling: "nothing", count: 0 }
  const kinds: Readonly<Record<string, Kind>> = {
    "with one private component": { ...small, mounts: 1, calls: 0 },
    "with ten private components": { ...small, mounts: 10, calls: 0 },
    "with a shared component": { ...small, mounts: 1, calls: 0, key: "shared" },
    "with a hundred answers": { ...small, mounts: 1, calls: 100 },
    ...Object.fromEntries(
      Object.keys(fillings).map((filling) => [
        `with a state of ${filling}`,
        { filling, count: 1000, mounts: 1, calls: 0 }
      ])
    )
  }

  for (const [what, kind] of Object.entries(kinds)) {
    it.effect(`a parked session ${what} counts about what it holds of the heap`, () =>
      Effect.gen(function* () {
        const many = kind.count > 0 ? 50 : 300
        const all = Effect.repeat(leave(kind), { times: many - 1 })
        // What is made once, and by the compiler, is not of a session.
        yield* all
        const measured = Effect.gen(function* () {
          const before = [yield* counted, collectGarbage()] as const
          yield* all
          const held = (collectGarbage() - before[1]) / many
          const claimed = ((yield* counted) - before[0]) / many
          return { held, claimed, isRight: held < claimed * 1.5 && held > claimed / 3 }
        })
        // A wrong count is wrong each time; what the compiler makes meanwhile, it makes once.
        const { claimed, held, isRight } = yield* Effect.repeat(measured, { until: ({ isRight }) => isRight, times: 3 })
        assert.isTrue(isRight, `${held} bytes are held where ${claimed} are counted`)
      }).pipe(Effect.provide(core))
    )
  }
})

it.effect("a client that waits with one private component holds at most 2560 bytes beside its connection", () =>
  Effect.gen(function* () {
    const many = 1000
    const all = Effect.repeat(come({ filling: "nothing", count: 0, mounts: 1, calls: 0 }), { times: many - 1 })
    // What is made once, and by the compiler, is not of a session.
    yield* Effect.repeat(all, { times: 1 })
    const measured = Effect.gen(function* () {
      const before = collectGarbage()
      yield* all
      return (collectGarbage() - before) / many
    })
    const held = yield* Effect.repeat(measured, { until: (bytes) => bytes <= 2560, times: 3 })
    assert.isAtMost(held, 2560)
  }).pipe(Effect.provide(core))
)

it.effect("a session that has forgotten its settled requests runs none of them again", () =>
  Effect.gen(function* () {
    const session = yield* come({ filling: "nothing", count: 0, mounts: 3, calls: 0 })
    const exits: Array<Exit.Exit<unknown, unknown>> = []
    const ask = (callId: number) =>
      session.mount({ component: "Store", props: { filling: "nothing", count: 0 }, callId } as never, {
        answered: (exit) => exits.push(exit),
        dropped: () => {}
      })
    ask(2)
    assert.isTrue(exits[0] !== undefined && Exit.isFailure(exits[0]))
    ask(3)
    assert.isTrue(exits[1] !== undefined && Exit.isSuccess(exits[1]))
  }).pipe(Effect.provide(core))
)

it("the footprint of a value is counted however deep it is nested", () => {
  let deep: Schema.Json = 1
  for (let depth = 0; depth < 100_000; depth++) deep = [deep]
  assert.strictEqual(Footprint.ofJson(deep), 100_000 * 72)
})
