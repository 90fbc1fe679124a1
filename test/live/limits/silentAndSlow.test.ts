/** Connections that are silent, or that ask and do not read. */
import { assert, it, layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import { LiveConfig } from "fibra/server"
import { LiveTest } from "fibra/testing"
import type { Connection, ProtocolHandler } from "../../../src/server/transport/Connection.ts"
import type { Frame } from "../../../src/server/transport/FrameWriter.ts"
import { Transport, layer as transportLayer } from "../../../src/server/transport/Transport.ts"
import { makeWriter } from "../../support/discardingWriter.ts"
import { behaviors, components, Lab } from "../../support/Lab.ts"
import { MemoryWires } from "../../support/MemoryWires.ts"
import { connect } from "../../support/RawSocket.ts"
import { Address, served } from "../../support/server.ts"

layer(LiveTest.layer({ components }).pipe(Layer.provideMerge(behaviors)))("a silent connection", (it) => {
  it.effect("a silent connection that answers pings stays open", () =>
    Effect.gen(function* () {
      const live = yield* LiveTest
      const lab = yield* live.mount(Lab, { props: { start: 0 } })
      yield* TestClock.adjust("10 minutes")
      assert.deepInclude(yield* live.open, { connections: 1, sessions: 1 })
      assert.strictEqual(yield* lab.call.Add({ by: 1 }), 1)
    })
  )

  it.effect("a silent connection is closed after its idle time, and its instances stop when nobody comes back", () =>
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

layer(MemoryWires.layer([Lab]).pipe(Layer.provide(behaviors)))("a page that has nothing to say", (it) => {
  it.effect("a page of the open wire that answers a ping is not closed for its silence, and one that does not is", () =>
    Effect.gen(function* () {
      const { connect } = yield* MemoryWires
      const [page, dead, silent] = [connect("json"), connect("json"), connect("rpc")]
      yield* TestClock.adjust("1 seconds")
      assert.isTrue(page.pong())
      yield* TestClock.adjust("8 seconds")
      assert.deepStrictEqual(
        [page, dead, silent].map(({ code }) => code()),
        [undefined, undefined, undefined]
      )
      yield* TestClock.adjust("2 seconds")
      // The other wire begins with a request.
      assert.deepStrictEqual(
        [page, dead, silent].map(({ code }) => code()),
        [undefined, 1008, 1008]
      )
      for (let beat = 0; beat < 8; beat++) {
        yield* TestClock.adjust("15 seconds")
        page.pong()
      }
      assert.isUndefined(page.code())
      yield* TestClock.adjust("60 seconds")
      assert.strictEqual(page.code(), 1001)
    })
  )
})

layer(MemoryWires.layer([Lab]).pipe(Layer.provide(behaviors)))("a page that says something at once", (it) => {
  it.effect("a page of the open wire that has said something is asked for nothing until the next heartbeat", () =>
    Effect.gen(function* () {
      const page = (yield* MemoryWires).connect("json")
      page.send({ type: "COMPONENT_PING", componentId: "none" })
      yield* TestClock.adjust("13 seconds")
      assert.isFalse(page.pong())
      yield* TestClock.adjust("2 seconds")
      assert.isTrue(page.pong())
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
    it.effect("a client that asks and does not read is closed when too many answers wait, and others are served", () =>
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
  it.effect("a client that reads late is not read from meanwhile, and loses nothing", () =>
    Effect.gen(function* () {
      const { url } = yield* Address
      const [late, other] = [yield* connect(url), yield* connect(url)]
      late.pause()
      for (const id of ids) late.send(request(id))
      // Whoever is listened to gets rid of something between two answers to another.
      for (let [turns, before] = [0, Infinity]; turns < 50; turns++) {
        other.send({ _tag: "Request", id: 1, tag: "Ping", payload: null, headers: [] })
        yield* other.answer(1)
        if (late.unsent() < before) turns = 0
        before = late.unsent()
      }
      assert.isAbove(late.unsent(), 0)
      late.resume()
      for (const id of ids) assert.strictEqual((yield* late.answer(id))._tag, "Exit")
    })
  )
})

it.effect("a connection with more to write than the mark is paused at once, and continues when that is written", () =>
  Effect.gen(function* () {
    const transport = yield* Transport
    const handled: Array<string> = []
    const paused: Array<number> = []
    const incoming = Array.from({ length: 50 }, (_, index) => `message ${index}`)
    let [isReading, buffered] = [true, 0]
    const writer = {
      ...makeWriter().writer,
      write: (frame: Frame) => void (buffered += frame.length),
      bufferedUnsafe: () => buffered,
      pause: () => {
        isReading = false
        paused.push(handled.length)
      },
      resume: () => void (isReading = true)
    }
    /** Says a hundred bytes for each message. */
    const protocol = {
      open: (connection: Connection): ProtocolHandler => ({
        receive: (text) => {
          handled.push(text)
          connection.schedule()
        },
        flush: () => connection.writer.write("x".repeat(100)),
        draining: () => {},
        knows: () => true,
        closed: () => {}
      })
    }
    const connection = yield* Effect.acquireRelease(
      Effect.sync(() => transport.attachUnsafe(protocol, writer, undefined)),
      (connection) => Effect.sync(() => connection.closed())
    )
    const read = () => {
      while (isReading && handled.length < incoming.length) {
        connection.receive(incoming[handled.length] ?? "")
        transport.flushUnsafe()
      }
    }
    const sent = () => {
      buffered = 0
      connection.drained()
    }
    read()
    assert.deepStrictEqual(paused, [11])
    // Already paused.
    connection.flush()
    assert.deepStrictEqual(paused, [11])
    for (let turn = 0; turn < 10; turn++) {
      sent()
      transport.flushUnsafe()
      read()
    }
    assert.deepStrictEqual(handled, incoming)
    assert.isAbove(paused.length, 3)
  }).pipe(Effect.scoped, Effect.provide(transportLayer.pipe(Layer.provide(LiveConfig.layer({ pauseMark: 1000 })))))
)
