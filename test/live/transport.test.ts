/** Connections that are silent, or that ask and do not read. */
import { assert, layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import { LiveConfig } from "fibra/server"
import { LiveTest } from "fibra/testing"
import { behaviors, components, Lab } from "./Lab.ts"
import { connect } from "./RawSocket.ts"
import { Address, served } from "./server.ts"

layer(LiveTest.layer({ components }).pipe(Layer.provideMerge(behaviors)))("a silent connection", (it) => {
  it.effect("that answers pings stays open", () =>
    Effect.gen(function* () {
      const live = yield* LiveTest
      const lab = yield* live.mount(Lab, { props: { start: 0 } })
      yield* TestClock.adjust("10 minutes")
      assert.deepInclude(yield* live.open, { connections: 1, sessions: 1 })
      assert.strictEqual(yield* lab.call.Add({ by: 1 }), 1)
    })
  )

  it.effect("that answers nothing is closed after its idle time, and its instances stop when nobody comes back", () =>
    Effect.gen(function* () {
      const live = yield* LiveTest
      yield* live.mount(Lab, { props: { start: 0 } })
      yield* live.stall
      yield* TestClock.adjust("44 seconds")
      assert.strictEqual((yield* live.open).connections, 1)
      yield* TestClock.adjust("1 second")
      yield* live.settle
      assert.deepStrictEqual(yield* live.open, { connections: 0, sessions: 1, parked: 1, instances: 1, rooms: 0 })
      yield* TestClock.adjust("45 seconds")
      yield* live.settle
      assert.deepStrictEqual(yield* live.open, { connections: 0, sessions: 0, parked: 0, instances: 0, rooms: 0 })
    })
  )
})

/** Long ones, which come back with the answers. */
const ids = Array.from({ length: 4000 }, (_, index) => `${"x".repeat(4000)}${index}`)

const request = (id: string) => {
  const payload = { componentId: "none", action: "none" }
  return { _tag: "Request", id, tag: "Call", payload, headers: [] }
}

layer(served.pipe(Layer.provide(LiveConfig.layer({ maxBuffered: 256 * 1024, pauseMark: Number.MAX_SAFE_INTEGER }))))(
  "a client that asks and does not read",
  (it) => {
    it.effect("is closed when the answers it leaves are too many, and others are served", () =>
      Effect.gen(function* () {
        const { url } = yield* Address
        const [greedy, other] = [yield* connect(url), yield* connect(url)]
        greedy.pause()
        for (const id of ids) greedy.send(request(id))
        assert.strictEqual(yield* greedy.closed, 1006)
        other.send({ _tag: "Request", id: 1, tag: "Ping", payload: null, headers: [] })
        assert.deepNestedInclude(yield* other.answer(1), { "exit._tag": "Success" })
      })
    )
  }
)

layer(served.pipe(Layer.provide(LiveConfig.layer({ pauseMark: 64 * 1024 }))))("a client that reads late", (it) => {
  it.effect("is not listened to meanwhile, and loses nothing", () =>
    Effect.gen(function* () {
      const late = yield* connect((yield* Address).url)
      late.pause()
      for (const id of ids) late.send(request(id))
      late.resume()
      for (const id of ids) assert.strictEqual((yield* late.answer(id))._tag, "Exit")
    })
  )
})
