/**
 * docs/recording.md: a crash of the night is a test of the morning. With `FIBRA_RECORD` in its environment, the first
 * test writes the recording anew.
 */
import { writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Logger, Option } from "effect"
import { TestClock } from "effect/testing"
import { Recorder } from "fibra/server"
import { LiveTest } from "fibra/testing"
import { Basket, BasketLayer, MendedBasketLayer } from "./Basket.ts"
import recording from "./Basket.recording.json" with { type: "json" }

// #region server
const recorder = Recorder.layer({ components: [Basket] })
// #endregion server

const file = fileURLToPath(new URL("Basket.recording.json", import.meta.url))

/** The night: the second click on "remove" comes when the item is gone. */
const night = Effect.gen(function* () {
  const live = yield* LiveTest
  const { list } = yield* Recorder.Recorder
  const basket = yield* live.mount(Basket, {})
  yield* basket.call.Redeem({ voucher: "SUMMER-7731" })
  yield* basket.call.Add({ name: "tea", price: 4 })
  const id = yield* basket.call.Add({ name: "honey", price: 7 })
  yield* basket.call.Remove({ id })
  yield* Effect.ignore(basket.call.Remove({ id }))
  const [info] = yield* list
  // #region get
  const { get, crash } = yield* Recorder.Recorder
  const now = yield* get(info?.id ?? "") // Option<Recording>: the last messages
  const then = yield* crash(info?.id ?? "") // the same as they were when it crashed last
  // #endregion get
  assert.isTrue(Option.isSome(now))
  return Option.getOrThrow(then)
}).pipe(
  Effect.scoped,
  Effect.provide(
    LiveTest.layer({ components: [Basket], principal: "ada" }).pipe(
      Layer.provide(BasketLayer),
      Layer.provideMerge(recorder),
      Layer.provide(Logger.layer([]))
    ),
    { local: true }
  )
)

describe("docs/recording.md", () => {
  it.effect("the recording in the docs is one that the recorder makes", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(Date.UTC(2026, 5, 12, 3, 7))
      const made = yield* night
      if (process.env["FIBRA_RECORD"] !== undefined) {
        const text = `${JSON.stringify(made, null, 2)}\n`
        writeFileSync(file, text.replaceAll("file://", "").replaceAll(process.cwd(), "/srv/shop"))
      }
      assert.notInclude(JSON.stringify(made), "SUMMER-7731")
      const kinds = (messages: ReadonlyArray<{ readonly kind: string; readonly name: string }>) =>
        messages.map(({ kind, name }) => `${kind} ${name}`)
      assert.deepStrictEqual(kinds(recording.messages), kinds(made.messages))
    })
  )

  it.effect("the recording fails as a test while the handler is broken", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(
        LiveTest.replay(Basket, recording, { secrets: { "state.voucher": "", "Redeem.voucher": "V-1" } }).pipe(
          Effect.provide([BasketLayer, Logger.layer([])])
        )
      )
      assert.strictEqual(error._tag, "ReplayCrashed")
      assert.match(error.message, /^Message 6 \(Remove\) crashes: TypeError: Cannot read properties of undefined/)
    })
  )

  // #region test
  it.effect("a second click on remove leaves the basket as it is", () =>
    Effect.gen(function* () {
      const secrets = { "state.voucher": "", "Redeem.voucher": "V-1" }
      const replay = yield* LiveTest.replay(Basket, recording, { secrets })
      assert.strictEqual(replay.mended.length, 1)
      assert.strictEqual(replay.state.total, 4)
    }).pipe(Effect.provide(MendedBasketLayer))
  )
  // #endregion test
})
