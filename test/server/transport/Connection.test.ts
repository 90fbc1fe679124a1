/** A connection lives as long as its peer shows that it does. */
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { layer, Transport } from "../../../src/server/transport/Transport.ts"
import { makeWriter } from "../../support/discardingWriter.ts"

const silent = { receive: () => {}, flush: () => {}, draining: () => {}, knows: () => true, closed: () => {} }

it.effect(
  "a connection is ended by the first heartbeat at which nothing was heard for the idle time, and not sooner",
  () =>
    Effect.gen(function* () {
      const { codes, writer } = makeWriter()
      const connection = (yield* Transport).attachUnsafe({ open: () => silent }, writer, undefined)
      yield* TestClock.adjust("7 seconds")
      connection.receive("[]")
      // 45 seconds later, and not before, it has been silent for too long; the next heartbeat is at 60.
      yield* TestClock.adjust("52 seconds")
      assert.deepStrictEqual(codes, [])
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(codes, [1001])
    }).pipe(Effect.provide(layer))
)
