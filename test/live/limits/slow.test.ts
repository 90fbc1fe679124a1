/** A message that arrives slowly is waited for as long as it does arrive, on both wires; its client is told on the one that can. */
import { assert, layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import { LiveConfig } from "fibra/server"
import { type Client, connect, frame, served, type Wire } from "../../support/ByteClient.ts"

const size = 60_000

/** What each wire says first, and a message of `size`, which is refused or not as a whole. */
const messages: { readonly [W in Wire]: readonly [first: object, long: object] } = {
  rpc: [
    { _tag: "Request", id: 1, tag: "Connect", payload: {} },
    { _tag: "Request", id: 2, tag: "Call", payload: { componentId: "none", action: "none", payload: "x".repeat(size) } }
  ],
  ws: [
    { type: "COMPONENT_PING", componentId: "none" },
    { type: "CALL_ACTION", componentId: "none", action: "none", payload: { text: "x".repeat(size) }, requestId: "r" }
  ]
}
const answers: { readonly [W in Wire]: string } = { rpc: '"requestId":2', ws: '"requestId":"r"' }

const frameOf = (message: object) => frame(0x81, JSON.stringify(message))

/** Sends so many bytes in each second, until they are sent or it is closed; says how many were. */
const sendSlowly = (client: Client, bytes: Buffer, rate: number) =>
  Effect.gen(function* () {
    let sent = 0
    for (; sent < bytes.length && client.code() === undefined; sent += rate) {
      yield* client.write(bytes.subarray(sent, sent + rate))
      yield* TestClock.adjust("1 second")
    }
    return Math.min(sent, bytes.length)
  })

const said = (client: Client, what: string) => client.texts().filter((text) => text.includes(what)).length

const limits = LiveConfig.layer({ rate: Infinity, rateTolerance: Infinity })

layer(served.pipe(Layer.provide(limits)))("a slow client", (it) => {
  for (const wire of ["rpc", "ws"] as const) {
    const [first, long] = messages[wire].map((message) => frameOf(message)) as [Buffer, Buffer]

    it.effect(`${wire}: a message that takes longer than the idle time is taken, as the first one too`, () =>
      Effect.gen(function* () {
        for (const before of [[first], []]) {
          const client = yield* connect(wire)
          for (const bytes of before) yield* client.write(bytes)
          assert.strictEqual(yield* sendSlowly(client, long, 1024), long.length)
          yield* client.until(() => said(client, answers[wire]) === 1)
          assert.strictEqual(said(client, answers[wire]), 1)
          assert.isUndefined(client.code())
        }
      })
    )

    it.effect(`${wire}: a client is told that its message arrives, as long as it does, where that can be said`, () =>
      Effect.gen(function* () {
        const client = yield* connect(wire)
        yield* client.write(first)
        const pongs = () => said(client, '"Pong"')
        yield* sendSlowly(client, long.subarray(0, 10_000), 1000)
        const told = wire === "rpc" ? 4 : 0
        yield* client.until(() => pongs() >= told)
        assert.strictEqual(pongs(), told)
        yield* TestClock.adjust("10 seconds")
        assert.strictEqual(pongs(), told)
      })
    )

    it.effect(`${wire}: a message that stops, and one that comes byte by byte, are not waited for`, () =>
      Effect.gen(function* () {
        const stopping = yield* connect(wire)
        const crawling = yield* connect(wire)
        for (const client of [stopping, crawling]) yield* client.write(first)
        yield* sendSlowly(stopping, long.subarray(0, 30_000), 2000)
        yield* TestClock.adjust("75 seconds")
        assert.strictEqual(yield* stopping.closed, 1001)
        assert.isBelow(yield* sendSlowly(crawling, long, 1), 120)
        assert.strictEqual(yield* crawling.closed, 1001)
      })
    )
  }

  it.effect("a first message that stops is not waited for", () =>
    Effect.gen(function* () {
      const client = yield* connect("rpc")
      yield* client.write(frameOf(messages.rpc[1]).subarray(0, 9000))
      yield* TestClock.adjust("12 seconds")
      assert.strictEqual(yield* client.closed, 1008)
    })
  )
})
