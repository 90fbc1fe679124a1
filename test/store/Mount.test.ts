/** What is mounted by a view, without the view. */
import { assert, describe, it, vi } from "@effect/vitest"
import { Effect, Layer, Logger } from "effect"
import { LiveTest } from "fibra/testing"
import { RefCounted } from "../../src/store/RefCounted.ts"
import { Mount } from "../../src/store/Mount.ts"
import { PageConnection } from "../../src/store/PageConnection.ts"
import { behaviors, components, Lab } from "../support/Lab.ts"
import { warnings } from "../support/warnings.ts"

describe("a mount with a listener that throws", () => {
  it.effect("a mount with a listener that throws calls the others, opens, and logs it in the client's log", () => {
    const log: Array<unknown> = []
    const logger = Logger.layer([warnings(log)])
    return Effect.gen(function* () {
      const live = yield* LiveTest
      yield* live.settle
      const client = new RefCounted(() => ({ value: Effect.succeed(live.client), close: () => {} }))
      const mount = new Mount({ client, connection: new PageConnection(client) }, Lab, { props: { start: 3 } })
      const seen: Array<boolean> = []
      const stops = [
        mount.subscribe(() => {
          throw new Error("the view has a bug")
        }),
        mount.subscribe(() => void seen.push(mount.getSnapshot().connected))
      ]
      yield* live.settle
      assert.deepStrictEqual(seen, [true])
      // This one is told by the mount itself, with nobody around it who minds.
      const tooMuch = yield* Effect.promise(() => mount.getSnapshot().call.Add({ by: 1000 }))
      assert.include(String(tooMuch.exit), "TooMuch")
      assert.isDefined(mount.getSnapshot().error)
      assert.deepStrictEqual(seen, [true, true])
      assert.deepStrictEqual(log, Array(2).fill('A listener of "Lab" failed'))
      for (const stop of stops) stop()
    }).pipe(
      Effect.scoped,
      Effect.provide(LiveTest.layer({ components }).pipe(Layer.provideMerge(behaviors), Layer.provideMerge(logger)), {
        local: true
      })
    )
  })

  it.effect("a mount with a listener that throws tells the page, where a page can be told", () =>
    Effect.gen(function* () {
      const told: Array<unknown> = []
      vi.stubGlobal("reportError", (error: unknown) => void told.push(error))
      const live = yield* LiveTest
      const client = new RefCounted(() => ({ value: Effect.succeed(live.client), close: () => {} }))
      const mount = new Mount({ client, connection: new PageConnection(client) }, Lab, { props: { start: 3 } })
      const bug = new Error("the view has a bug")
      const stop = mount.subscribe(() => {
        throw bug
      })
      yield* live.settle
      stop()
      vi.unstubAllGlobals()
      assert.deepStrictEqual([...new Set(told)], [bug])
    }).pipe(Effect.scoped, Effect.provide(LiveTest.layer({ components }).pipe(Layer.provideMerge(behaviors))))
  )
})

it.effect("a mount that is hydrated on a connected page shows first what the server has rendered", () =>
  Effect.gen(function* () {
    const live = yield* LiveTest
    yield* live.settle
    const client = new RefCounted(() => ({ value: Effect.succeed(live.client), close: () => {} }))
    const connection = new PageConnection(client)
    const stop = connection.subscribe(() => {})
    const mount = new Mount({ client, connection }, Lab, { props: { start: 3 } })
    stop()
    assert.deepStrictEqual([mount.getServerSnapshot().status, mount.getSnapshot().status], ["connecting", "mounting"])
  }).pipe(Effect.scoped, Effect.provide(LiveTest.layer({ components }).pipe(Layer.provideMerge(behaviors))))
)

describe("a mount whose view is left", () => {
  it.effect(
    "a mount whose view is left keeps the connection until its calls are answered, and no longer than a second",
    () =>
      Effect.gen(function* () {
        const live = yield* LiveTest
        let closed = 0
        const client = new RefCounted(() => ({ value: Effect.succeed(live.client), close: () => void closed++ }))
        const mount = new Mount({ client, connection: new PageConnection(client) }, Lab, { props: { start: 3 } })
        const stop = mount.subscribe(() => {})
        yield* live.settle
        yield* live.hold
        const call = mount.getSnapshot().call.Add({ by: 1 })
        stop()
        yield* live.settle
        assert.strictEqual(closed, 0)
        yield* live.unhold
        assert.isTrue((yield* Effect.promise(() => call)).ok)
        yield* live.settle
        assert.strictEqual(closed, 1)
      }).pipe(Effect.scoped, Effect.provide(LiveTest.layer({ components }).pipe(Layer.provideMerge(behaviors))))
  )
})
