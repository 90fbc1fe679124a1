/**
 * What a handler changes in place is impossible or seen, and a crash takes it back: so clients and server do not differ, whoever was
 * there and whoever comes later.
 */
import { assert, layer } from "@effect/vitest"
import { Effect, Fiber, Layer, Schema } from "effect"
import { TestClock } from "effect/testing"
import { Rpc } from "effect/rpc"
import { Component } from "fibra"
import { LiveTest } from "fibra/testing"
import { kinds } from "../../support/kinds.ts"

const names = Object.keys(kinds)
const Kind = Schema.Literals(names)
const fields = Object.fromEntries(Object.entries(kinds).map(([name, { schema }]) => [name, Schema.Array(schema)]))

class Odd extends Component.Service<Odd>()("Odd", {
  props: {},
  state: { ...fields, ticks: Schema.Int, keyed: Schema.Record(Schema.String, Schema.Int) },
  initial: () => ({
    ...Object.fromEntries(Object.entries(kinds).map(([name, { make }]) => [name, [make(1), make(2)]])),
    ticks: 0,
    keyed: { a: 1, b: 2 }
  }),
  actions: [
    Rpc.make("Change", {
      payload: { kind: Kind, ends: Schema.Literals(["end", "fail", "crash", "wait", "count"]) },
      error: Schema.String
    }),
    Rpc.make("Count"),
    Rpc.make("Put", { payload: { key: Schema.String, value: Schema.Int, first: Schema.Boolean } }),
    Rpc.make("Remove", { payload: { key: Schema.String } }),
    Rpc.make("Texts", { success: Schema.String })
  ]
}) {}

type State = { readonly [name: string]: ReadonlyArray<unknown> } & { readonly count: number }

/** The text of a state, by a codec that has seen nothing before. */
const text = (state: unknown): string =>
  JSON.stringify(Schema.encodeSync(Schema.toCodecJson(Schema.Struct(fields)))(state as never))

const OddLayer = Odd.toLayer(
  Effect.gen(function* () {
    const self = yield* Odd
    const count = self.update((state) => ({ ...state, ticks: state.ticks + 1 }))
    return Odd.of({
      Change: Effect.fnUntraced(function* ({ kind, ends }) {
        const state = (yield* self.get) as unknown as State
        kinds[kind]?.change(state[kind]?.[1] as never)
        if (ends === "fail") return yield* Effect.fail("failed")
        if (ends === "crash") return yield* Effect.die("crashed")
        if (ends === "count") yield* count
        if (ends === "wait") {
          yield* Effect.sleep("1 second")
          yield* count
          yield* Effect.sleep("1 second")
          return yield* Effect.die("crashed after a while")
        }
      }),
      Count: () => Effect.asVoid(count),
      Put: ({ first, key, value }) =>
        Effect.asVoid(
          self.update((state) => ({
            ...state,
            keyed: first ? { [key]: value, ...state.keyed } : { ...state.keyed, [key]: value }
          }))
        ),
      Remove: ({ key }) =>
        Effect.asVoid(
          self.update((state) => ({
            ...state,
            keyed: Object.fromEntries(Object.entries(state.keyed).filter(([name]) => name !== key))
          }))
        ),
      Texts: () => Effect.map(self.get, text)
    })
  })
)

let keys = 0

layer(LiveTest.layer({ components: [Odd] }).pipe(Layer.provideMerge(OddLayer)))(
  "a state that is changed in place",
  (it) => {
    const mounted = Effect.gen(function* () {
      const live = yield* LiveTest
      const key = `odd ${keys++}`
      const odd = yield* live.mount(Odd, { props: {}, key })
      /** Asserts that the server, who was there, and who comes now have the same, and gives it. */
      const agreed = Effect.gen(function* () {
        yield* live.settle
        const server = yield* odd.call.Texts()
        yield* live.settle
        const later = yield* (yield* live.connect()).mount(Odd, { props: {}, key })
        assert.strictEqual(text(yield* odd.state), server)
        assert.strictEqual(text(yield* later.state), server)
        assert.strictEqual(JSON.stringify((yield* later.state).keyed), JSON.stringify((yield* odd.state).keyed))
        return server
      })
      return { odd, agreed, live }
    })

    it.effect.each(names)("a state changed in place is the same for everyone after the handler: %s", (kind) =>
      Effect.gen(function* () {
        const { agreed, odd } = yield* mounted
        const before = yield* agreed
        for (const ends of ["end", "fail", "count"] as const) {
          const exit = yield* Effect.exit(odd.call.Change({ kind, ends }))
          yield* TestClock.adjust("1 minute")
          const after = yield* agreed
          // The handler fails where it changes what is frozen.
          if (kinds[kind]?.isFrozen === true) {
            assert.strictEqual(exit._tag, "Failure")
            assert.strictEqual(after, before)
          } else if (kind !== "decimal") assert.notStrictEqual(after, before)
        }
      }).pipe(Effect.scoped)
    )

    it.effect.each(names)("a state changed in place is restored after a crash, even if it was seen: %s", (kind) =>
      Effect.gen(function* () {
        const { agreed, odd } = yield* mounted
        const before = yield* agreed
        const waits = yield* Effect.forkChild(Effect.exit(odd.call.Change({ kind, ends: "wait" })), {
          startImmediately: true
        })
        yield* TestClock.adjust("1500 millis")
        // By then clients have seen it, if it was possible.
        assert.strictEqual((yield* odd.state).ticks, kinds[kind]?.isFrozen === true ? 0 : 1)
        yield* TestClock.adjust("1 minute")
        assert.strictEqual((yield* Fiber.join(waits))._tag, "Failure")
        assert.strictEqual(yield* agreed, before)
        yield* Effect.exit(odd.call.Change({ kind, ends: "crash" }))
        yield* TestClock.adjust("1 minute")
        assert.strictEqual(yield* agreed, before)
        yield* odd.call.Count()
        assert.strictEqual(yield* agreed, before)
        assert.strictEqual((yield* odd.state).ticks, 1)
      }).pipe(Effect.scoped)
    )

    it.effect.prop(
      "a state changed in place has its keys in the same order for all clients",
      [
        Schema.Array(
          Schema.Struct({
            key: Schema.Literals(["a", "b", "c", "7", "__proto__"]),
            value: Schema.Int,
            first: Schema.Boolean,
            gone: Schema.Boolean
          })
        ).check(Schema.isMinLength(5), Schema.isMaxLength(20))
      ],
      ([steps]) =>
        Effect.gen(function* () {
          const { agreed, odd } = yield* mounted
          for (const { first, gone, key, value } of steps) {
            if (gone) yield* odd.call.Remove({ key })
            else yield* odd.call.Put({ key, value, first })
          }
          yield* agreed
        }).pipe(Effect.scoped),
      { arbitrary: { runs: 30 } }
    )
  }
)
