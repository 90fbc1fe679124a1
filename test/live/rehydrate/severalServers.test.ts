/** Several servers with one store and one secret: a client may go from one to the other, and back. */
import { assert, it } from "@effect/vitest"
import { Context, Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import { Secrets, SnapshotStore } from "fibra/server"
import { LiveTest } from "fibra/testing"
import { behaviors, components } from "../../support/Lab.ts"
import { listen, rehydrate } from "../../support/Rpc.ts"

const shared = Layer.merge(SnapshotStore.layerMemory, Secrets.layerRandom)

it.effect("the newest token is accepted by a server where an older life of the instance still waits", () =>
  Effect.gen(function* () {
    const services = yield* Layer.build(shared)
    const server = Effect.map(
      Layer.build(
        Layer.fresh(
          LiveTest.layer({ components }).pipe(
            Layer.provideMerge(behaviors),
            Layer.provide(Layer.succeedContext(services))
          )
        )
      ),
      Context.get(LiveTest)
    )
    const [one, two] = [yield* server, yield* server]
    const on = (live: LiveTest["Service"]) => Effect.provideService(listen(), LiveTest, live)
    const a = yield* on(one)
    const { componentId } = yield* a.mount("Lab", { start: 1 })
    yield* a.call(componentId, "Add", { by: 1 })
    yield* TestClock.adjust("1 second")
    const first = yield* a.sealed
    yield* a.disconnect
    const b = yield* on(two)
    assert.deepNestedInclude((yield* rehydrate(b, first)).value, { "state.count": 2, epoch: 2 })
    yield* b.call(componentId, "Add", { by: 1 })
    yield* TestClock.adjust("1 second")
    const second = yield* b.sealed
    assert.notStrictEqual(first, second)
    yield* b.disconnect
    const c = yield* on(one)
    const answer = yield* rehydrate(c, second)
    assert.isUndefined(answer.reason)
    assert.deepNestedInclude(answer.value, { "state.count": 3 })
  }).pipe(Effect.scoped)
)
