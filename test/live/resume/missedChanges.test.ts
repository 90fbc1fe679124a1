/** What a client did not get before its connection was lost, or never got, it gets when it is back: once each, or as a whole. */
import { assert, layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import { LiveTest } from "fibra/testing"
import { behaviors, components, Lab, Ticker } from "../../support/Lab.ts"
import { Revisions } from "../../support/Revisions.ts"

const subject = LiveTest.layer({ components }).pipe(Layer.provideMerge(behaviors))

/** Starts a call without waiting for it. */
const start = <A, E>(call: Effect.Effect<A, E>) => Effect.forkChild(Effect.exit(call), { startImmediately: true })

layer(subject)("what was lost on its way is said again", (it) => {
  it.effect("a lost status of a component is sent again", () =>
    Effect.gen(function* () {
      const live = yield* LiveTest
      const ticker = yield* live.mount(Ticker, {})
      // The first restart is at once, and the second after a while.
      yield* ticker.call.Break()
      assert.strictEqual((yield* ticker.view).status, "running")
      yield* live.stall
      yield* start(ticker.call.Break())
      yield* live.settle
      yield* live.disconnect
      assert.strictEqual((yield* ticker.view).status, "running")
      yield* live.reconnect
      assert.strictEqual((yield* ticker.view).status, "restarting")
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* ticker.view).status, "running")
    }).pipe(Effect.scoped)
  )

  it.effect("a lost token is sent again, also while another page of the instance has not read it", () =>
    Effect.gen(function* () {
      const live = yield* LiveTest
      const options = { props: { start: 0 }, cacheKey: "two pages" }
      const lab = yield* live.mount(Lab, options)
      yield* TestClock.adjust("1 second")
      yield* live.settle
      const other = yield* live.connect()
      yield* other.mount(Lab, options)
      assert.strictEqual((yield* live.open).instances, 1)
      yield* TestClock.adjust("1 second")
      yield* live.settle
      yield* other.disconnect
      yield* live.stall
      yield* start(lab.call.Add({ by: 1 }))
      yield* TestClock.adjust("1 second")
      yield* live.settle
      yield* live.disconnect
      yield* live.reconnect
      yield* live.kill
      yield* live.start
      yield* live.reconnect
      assert.strictEqual(yield* lab.activation, "rehydrated")
      assert.strictEqual((yield* lab.state).count, 1)
    }).pipe(Effect.scoped)
  )
})

const revisions = new Revisions()
const frames: Array<string> = []
const onFrame = (from: "client" | "server", text: string) => {
  revisions.onFrame(from, text)
  if (from === "server") frames.push(text)
}

/** How often this is said in what the client got. */
const times = (tag: string) => frames.join("").split(`"_tag":"${tag}"`).length - 1

layer(LiveTest.layer({ components, onFrame }).pipe(Layer.provideMerge(behaviors)))("what was missed", (it) => {
  const miss = Effect.fnUntraced(function* (changes: number) {
    const live = yield* LiveTest
    const other = yield* live.connect()
    const options = { props: { start: 0 }, key: `missed ${changes}` }
    const lab = yield* live.mount(Lab, options)
    const writer = yield* other.mount(Lab, options)
    yield* writer.call.Burst({ times: 3 })
    yield* live.settle
    yield* live.stall
    // These are sent, and lost.
    yield* writer.call.Burst({ times: 5 })
    yield* live.disconnect
    yield* writer.call.Burst({ times: changes })
    frames.length = 0
    yield* live.reconnect
    assert.strictEqual((yield* lab.state).count, 8 + changes)
  })

  it.effect("missed changes are sent one by one, none twice, as far as the log reaches", () =>
    Effect.gen(function* () {
      yield* miss(200)
      assert.deepStrictEqual([times("Patched"), times("Snapshot")], [205, 0])
      assert.deepStrictEqual(revisions.complaints, [])
    }).pipe(Effect.scoped)
  )

  it.effect("missed changes are noticed, and a snapshot is requested", () =>
    Effect.gen(function* () {
      const live = yield* LiveTest
      const other = yield* live.connect()
      const options = { props: { start: 0 }, key: "gap" }
      const lab = yield* live.mount(Lab, options)
      const writer = yield* other.mount(Lab, options)
      yield* live.lose
      yield* writer.call.Add({ by: 1 })
      yield* live.settle
      assert.strictEqual((yield* lab.state).count, 0)
      frames.length = 0
      yield* writer.call.Prepend({ text: "x" })
      yield* live.settle
      assert.deepInclude(yield* lab.state, { count: 1, items: [{ id: -1, text: "x" }] })
      assert.strictEqual(times("Snapshot"), 1)
      yield* writer.call.Add({ by: 1 })
      assert.strictEqual((yield* lab.state).count, 2)
      assert.strictEqual(times("Snapshot"), 1)
      revisions.complaints.length = 0
    }).pipe(Effect.scoped)
  )

  it.effect("missed changes are sent as one snapshot when there are more than the log has", () =>
    Effect.gen(function* () {
      yield* miss(2000)
      assert.deepStrictEqual([times("Patched"), times("Snapshot")], [0, 1])
      assert.deepStrictEqual(revisions.complaints, [])
    }).pipe(Effect.scoped)
  )
})
