/** What is mounted by a view, without the view. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Logger } from "effect"
import { LiveTest } from "fibra/testing"
import { RefCounted } from "../../src/react/RefCounted.ts"
import { Mount } from "../../src/react/Mount.ts"
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
      const mount = new Mount(client, Lab, { props: { start: 3 } })
      const seen: Array<boolean> = []
      const stops = [
        mount.subscribe(() => {
          throw new Error("the view has a bug")
        }),
        mount.subscribe(() => void seen.push(mount.snapshot().connected))
      ]
      yield* live.settle
      assert.deepStrictEqual(seen, [true])
      // This one is told by the mount itself, with nobody around it who minds.
      const tooMuch = yield* Effect.promise(() => mount.snapshot().call.Add({ by: 1000 }))
      assert.include(String(tooMuch), "TooMuch")
      assert.isDefined(mount.snapshot().error)
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
})
