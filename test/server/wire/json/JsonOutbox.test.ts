/** One event may be for very many components of one client: that ends its connection, and not the server. */
import { assert, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { Batch } from "../../../../src/server/sync/Batch.ts"
import { JsonOutbox } from "../../../../src/server/wire/json/JsonOutbox.ts"
import * as LiveConfig from "../../../../src/server/LiveConfig.ts"
import { layer, Transport } from "../../../../src/server/transport/Transport.ts"
import { makeWriter } from "../../../support/discardingWriter.ts"

const maxBuffered = 1024 * 1024
const event = new Batch(["x".repeat(200_000)], true)
const unread = {
  isBehind: true,
  collect: () => Array.from({ length: 100 }, (_, hearer) => event.to(`${hearer}`)),
  sent: () => {}
}

for (const isBatching of [false, true]) {
  it.effect(`an outbox joins no more than may be buffered, ${isBatching ? "as one array" : "one by one"}`, () =>
    Effect.gen(function* () {
      const { writer, written } = makeWriter()
      const silent = { receive: () => {}, flush: () => {}, draining: () => {}, knows: () => true, closed: () => {} }
      const connection = (yield* Transport).attachUnsafe({ open: () => silent }, writer, undefined)
      new JsonOutbox(connection, isBatching, () => 0).flush(unread)
      const bytes = written.reduce((sum, length) => sum + length, 0)
      assert.isBelow(bytes, 2 * maxBuffered)
      connection.closed()
    }).pipe(Effect.provide(layer.pipe(Layer.provide(LiveConfig.layer({ maxBuffered })))))
  )
}
