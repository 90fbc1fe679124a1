/** What fails on one connection ends that one, wherever it fails, and whoever has asked it to say something. */
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
