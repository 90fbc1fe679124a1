/** A connection lives as long as its peer shows that it does. */
import { assert, describe, it } from "@effect/vitest"
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

describe("a message that takes longer than the heartbeat", () => {
  /** What moves in each of so many five seconds, and after how many seconds it is closed, of three minutes. */
  const cases: ReadonlyArray<readonly [what: string, bytes: (step: number) => number, closed: number | undefined]> = [
    ["moves all the time is closed by nobody", () => 150_000, undefined],
    ["moves as slowly as it may is closed by nobody", () => 5120, undefined],
    ["moves with pauses as long as a heartbeat is closed by nobody", (step) => (step % 6 < 3 ? 20_480 : 0), undefined],
    ["stops after a minute and a half is closed after the idle time", (step) => (step <= 18 ? 150_000 : 0), 135],
    ["moves byte by byte is closed after the idle time", () => 5, 45],
    ["moves a little for each heartbeat is closed after the idle time", (step) => (step % 3 === 0 ? 1024 : 0), 45],
    ["never moves is closed after the idle time", () => 0, 45]
  ]
  for (const [what, bytes, closed] of cases) {
    it.effect(`a connection whose message ${what}`, () =>
      Effect.gen(function* () {
        let bytesMoved = 0
        const { codes, writer } = makeWriter()
        Object.defineProperty(writer, "bytesMoved", { get: () => bytesMoved })
        const connection = (yield* Transport).attachUnsafe({ open: () => silent }, writer, undefined)
        connection.spoke()
        let step = 0
        while (step < 36 && codes.length === 0) {
          bytesMoved += bytes(++step)
          yield* TestClock.adjust("5 seconds")
        }
        assert.deepStrictEqual([step * 5, codes], closed === undefined ? [180, []] : [closed, [1001]])
        // The server would wait for it at its end.
        connection.closed()
      }).pipe(Effect.provide(layer))
    )
  }
})
