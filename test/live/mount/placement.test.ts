/** Whether a component is private or shared, and with which keys: the contract's word. */
import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Effect, Exit, Layer, Logger, Option, Schema, Scope } from "effect"
import { Rpc } from "effect/rpc"
import { TestClock } from "effect/testing"
import { Component, type LiveError } from "fibra"
import { SnapshotStore } from "fibra/server"
import { LiveTest } from "fibra/testing"

const state = { count: Schema.Int }
const initial = () => ({ count: 0 })

class Shared extends Component.Service<Shared>()("Shared", {
  placement: "shared",
  key: Schema.String.check(Schema.isPattern(/^team-/)),
  state,
  initial,
  actions: [Rpc.make("Add")]
}) {}
class Own extends Component.Service<Own>()("Own", { placement: "private", state, initial }) {}
class Either extends Component.Service<Either>()("Either", { state, initial }) {}

const behaviors = Layer.mergeAll(
  Shared.toLayer(
    Effect.map(Shared, (self) =>
      Shared.of({ Add: () => Effect.asVoid(self.update(({ count }) => ({ count: count + 1 }))) })
    ),
    { persist: true, maxIdleTime: "1 minute" }
  ),
  Own.toLayer(Effect.succeed(Own.of({}))),
  Either.toLayer(Effect.succeed(Either.of({})))
)

const subject = LiveTest.layer({ components: [Shared, Own, Either] }).pipe(
  Layer.provide(behaviors),
  Layer.provideMerge(SnapshotStore.layerMemory)
)

/** Options that do not compile, as a client in JavaScript, or with an older contract, may send them. */
const asAnybody = (options: object) => options as never

/** Why a key was rejected; undefined when it was not. */
const issue = <A, E extends LiveError.LiveError, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.match(effect, {
    onFailure: ({ reason }) => (reason._tag === "KeyRejected" ? [reason.key, reason.issue] : [reason]),
    onSuccess: () => undefined
  })

describe("the placement of a component", () => {
  it.effect(
    "a shared component is mounted with a key, a private one without, and one that says nothing with either",
    () =>
      Effect.gen(function* () {
        const live = yield* LiveTest
        assert.isUndefined(yield* issue(live.mount(Shared, { key: "team-7" })))
        assert.deepStrictEqual(yield* issue(live.mount(Shared, asAnybody({}))), [
          undefined,
          "it is shared, and a key says with whom"
        ])
        assert.isUndefined(yield* issue(live.mount(Own, {})))
        assert.deepStrictEqual(yield* issue(live.mount(Own, asAnybody({ key: "mine" }))), [
          "mine",
          "the component is private, and has no keys"
        ])
        assert.isUndefined(yield* issue(live.mount(Either, { key: "any" })))
        assert.isUndefined(yield* issue(live.mount(Either, {})))
        assert.strictEqual((yield* live.open).instances, 4)
      }).pipe(Effect.scoped, Effect.provide(subject))
  )

  it.effect("a key is empty, too long or none of the contract: nothing is activated", () =>
    Effect.gen(function* () {
      const live = yield* LiveTest
      assert.deepStrictEqual(yield* issue(live.mount(Either, { key: "" })), ["", "it is empty"])
      const long = "k".repeat(257)
      assert.deepStrictEqual(yield* issue(live.mount(Either, { key: long })), [
        long.slice(0, 64),
        "it has more than 256 characters"
      ])
      assert.isUndefined(yield* issue(live.mount(Either, { key: "k".repeat(256) })))
      const [key] = (yield* issue(live.mount(Shared, { key: "7" }))) ?? []
      assert.strictEqual(key, "7")
      assert.strictEqual((yield* live.open).instances, 1)
    }).pipe(Effect.scoped, Effect.provide(subject))
  )

  it("a contract that is private and says what its keys are contradicts itself", () => {
    class Both extends Component.Service<Both>()("Both", {
      placement: "private",
      key: Schema.String,
      state,
      initial
    }) {}
    assert.throws(() => Both.codec, /"Both" is private and says what its keys are/)
  })

  it.effect("a key that was only looked at leaves nothing in the store, and one that was changed its state", () =>
    Effect.gen(function* () {
      const live = yield* LiveTest
      const { read } = yield* SnapshotStore.SnapshotStore
      const visit = Effect.fnUntraced(function* (key: string, changes: boolean) {
        const scope = yield* Scope.make()
        const shared = yield* Scope.provide(live.mount(Shared, { key }), scope)
        if (changes) yield* shared.call.Add()
        yield* Scope.close(scope, Exit.void)
        yield* TestClock.adjust("5 minutes")
        yield* live.settle
        return Option.isSome(yield* read(`Shared/${key}`))
      })
      assert.isFalse(yield* visit("team-seen", false))
      assert.isTrue(yield* visit("team-used", true))
      assert.strictEqual((yield* live.open).instances, 0)
    }).pipe(Effect.scoped, Effect.provide(subject))
  )
})

describe("a component without a placement that is mounted both ways", () => {
  const warned = (nodeEnv: string) =>
    Effect.gen(function* () {
      const log: Array<string> = []
      const logger = Logger.make<unknown, void>(({ message }) => void log.push(String([message].flat()[0])))
      yield* Effect.gen(function* () {
        const live = yield* LiveTest
        yield* live.mount(Either, {})
        yield* live.mount(Either, { key: "everyone" })
        yield* live.mount(Either, {})
        yield* live.mount(Either, {})
      }).pipe(
        Effect.scoped,
        Effect.provide(
          subject.pipe(
            Layer.provide(Logger.layer([logger])),
            Layer.provide(ConfigProvider.layer(ConfigProvider.fromUnknown({ NODE_ENV: nodeEnv })))
          )
        )
      )
      return log.filter((line) => line.startsWith("A component that others mount with a key"))
    })

  it.effect(
    "a component that others mount with a key is warned of once when it is mounted without, but in production",
    () =>
      Effect.gen(function* () {
        assert.lengthOf(yield* warned("development"), 1)
        assert.isEmpty(yield* warned("production"))
      })
  )
})
