import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { ChangeLog } from "../../src/server/ChangeLog.ts"
import { defaults } from "../../src/server/LiveConfig.ts"
import { RpcDialect } from "../../src/server/RpcDialect.ts"

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
        const log = new ChangeLog(RpcDialect, { ...defaults, ...bounds })
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
})
