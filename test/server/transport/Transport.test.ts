/**
 * What fails on one connection ends that one, wherever it fails, and whoever has asked it to say something. Many that have
 * something to write keep the server from nothing else.
 */
import { assert, it } from "@effect/vitest"
import { Effect, Layer, Logger } from "effect"
import type { Connection, ProtocolHandler } from "../../../src/server/transport/Connection.ts"
import { Transport, layer } from "../../../src/server/transport/Transport.ts"
import { makeWriter } from "../../support/discardingWriter.ts"

const session: ProtocolHandler = {
  receive: () => {},
  flush: () => {},
  draining: () => {},
  knows: () => true,
  closed: () => {}
}

const fails = () => {
  throw new Error("the front is broken")
}

const cases: ReadonlyArray<readonly [when: string, front: Partial<ProtocolHandler>, use: (it: Connection) => void]> = [
  ["when it begins", { opened: fails }, () => {}],
  ["when it is read", { receive: fails }, (connection) => connection.receive("{}")],
  ["when somebody else wants it to be written", { flush: fails }, (connection) => connection.flush()]
]

for (const [when, broken, use] of cases) {
  it.effect(`a wire that fails ${when} ends its connection with 1011, and nothing else`, () => {
    const logs: Array<unknown> = []
    const logger = Logger.make<unknown, void>(
      ({ message }) => void logs.push(Array.isArray(message) ? message[0] : message)
    )
    return Effect.gen(function* () {
      const transport = yield* Transport
      const { codes, writer } = makeWriter()
      const connection = transport.attachUnsafe({ open: () => ({ ...session, ...broken }) }, writer, undefined)
      use(connection)
      assert.deepStrictEqual(codes, [1011])
      assert.deepStrictEqual(logs, ["A connection failed"])
      connection.closed()
      assert.strictEqual(yield* transport.size, 0)
    }).pipe(Effect.provide(layer.pipe(Layer.provide(Logger.layer([logger])))))
  })
}

const aTurn = Effect.callback<void>((resume) => void setImmediate(() => resume(Effect.void)))

/** Connections that note when they are flushed. */
const makeMany = Effect.fnUntraced(function* (count: number) {
  const transport = yield* Transport
  const flushed: Array<number> = []
  const open = (index: number) => {
    const wire = { open: () => ({ ...session, flush: () => void flushed.push(index) }) }
    return transport.attachUnsafe(wire, makeWriter().writer, undefined)
  }
  const connections = Array.from({ length: count }, (_, index) => open(index))
  yield* Effect.addFinalizer(() => Effect.sync(() => connections.forEach((connection) => connection.closed())))
  return { connections, flushed, transport }
})

it.effect(
  "many connections are flushed in the order in which they asked for it, with turns for others in between",
  () =>
    Effect.gen(function* () {
      const { connections, flushed } = yield* makeMany(300)
      for (const connection of connections) connection.schedule()
      const done: Array<number> = []
      for (let turn = 0; turn < 4; turn++) {
        // The first asks again each time, and waits until all others had their turn.
        connections[0]?.schedule()
        yield* aTurn
        done.push(flushed.length)
      }
      assert.deepStrictEqual(done, [128, 256, 301, 302])
      assert.deepStrictEqual(flushed, [...connections.keys(), 0, 0])
    }).pipe(Effect.scoped, Effect.provide(layer))
)

it.effect("all connections are flushed at once when somebody waits for what they write", () =>
  Effect.gen(function* () {
    const { connections, flushed, transport } = yield* makeMany(300)
    for (const connection of connections) connection.schedule()
    yield* aTurn
    transport.flushUnsafe()
    assert.deepStrictEqual(flushed, [...connections.keys()])
    yield* aTurn
    assert.strictEqual(flushed.length, 300)
  }).pipe(Effect.scoped, Effect.provide(layer))
)
