import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { ChangeLog } from "../../../src/server/sync/ChangeLog.ts"
import { defaults } from "../../../src/server/LiveConfig.ts"
import { RpcEncoder } from "../../../src/server/wire/rpc/RpcEncoder.ts"

const Step = Schema.Union([
  Schema.TaggedStruct("Append", { length: Schema.Literals([1, 5, 9]) }),
  Schema.TaggedStruct("CatchUp", {}),
  Schema.TaggedStruct("Leave", {}),
  Schema.TaggedStruct("Return", {})
])

const Bounds = Schema.Struct({
  patchLog: Schema.Literals([1, 3, 7]),
  patchLogBytes: Schema.Literals([10, 40, 200]),
  conflateAfter: Schema.Literals([1, 2, 5]),
  retainedBytes: Schema.Literals([0, 15, 100])
})

describe("the log of an instance", () => {
  it.effect.prop(
    "gives every change that follows a place, in order, or says that it cannot; and stays within its bounds",
    [Bounds, Schema.Array(Step).check(Schema.isMaxLength(40))],
    ([bounds, steps]) =>
      Effect.sync(() => {
        const log = new ChangeLog(RpcEncoder, { ...defaults, ...bounds })
        const all: Array<string> = []
        let behind = false
        for (const step of steps) {
          if (step._tag === "Append") {
            const text = `patch ${all.length + 1} `.padEnd(step.length, "x")
            if (!behind) log.fellBehind()
            behind = true
            all.push(text)
            log.append(all.length, text)
          } else if (step._tag === "CatchUp") {
            if (behind) log.caughtUp()
            if (behind) assert.isAtMost(log.bytes, bounds.retainedBytes)
            behind = false
          } else {
            log.away = step._tag === "Leave" ? 1 : 0
          }
        }
        assert.isAtMost(log.bytes, bounds.patchLogBytes)
        for (let revision = 0; revision <= all.length; revision++) {
          const from = log.placeOf(revision, all.length)
          const texts = from === undefined ? undefined : log.since(from, Infinity)
          if (texts !== undefined) assert.deepStrictEqual(texts, all.slice(revision))
        }
      }),
    { arbitrary: { runs: 500 } }
  )

  it("remembers no more texts than a reader gets one by one, and more only for clients that are away", () => {
    const log = new ChangeLog(RpcEncoder, { ...defaults, conflateAfter: 3 })
    log.fellBehind()
    for (let revision = 1; revision <= 10; revision++) {
      log.append(revision, "x".repeat(10))
      assert.strictEqual(log.bytes, Math.min(revision, 3) * 10)
    }
    assert.lengthOf(log.since(7, Infinity) ?? [], 3)
    assert.isUndefined(log.since(6, Infinity))
    assert.isDefined(log.placeOf(7, 10))
    assert.isUndefined(log.placeOf(6, 10))
    log.away = 1
    for (let revision = 11; revision <= 20; revision++) log.append(revision, "x".repeat(10))
    assert.strictEqual(log.bytes, 13 * 10)
    assert.lengthOf(log.since(7, Infinity) ?? [], 13)
  })

  it("remembers no more than it may when everybody has read it, however large the changes were", () => {
    const log = new ChangeLog(RpcEncoder, { ...defaults, retainedBytes: 25 })
    for (const length of [10, 100, 10]) {
      for (let revision = 1; revision <= 6; revision++) {
        log.fellBehind()
        log.append(log.sequence + 1, "x".repeat(length))
        assert.isAtLeast(log.bytes, length)
        log.caughtUp()
        assert.isAtMost(log.bytes, 25)
      }
    }
    // The newest are those that may not have arrived.
    assert.deepStrictEqual(log.since(log.sequence - 1, Infinity), ["x".repeat(10)])
  })
})
