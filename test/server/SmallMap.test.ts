import { assert, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { SmallMap } from "../../src/server/SmallMap.ts"

const Step = Schema.Union([
  Schema.TaggedStruct("Set", { key: Schema.Literals(["a", "b", "c"]), value: Schema.Int }),
  Schema.TaggedStruct("Delete", { key: Schema.Literals(["a", "b", "c"]) }),
  Schema.TaggedStruct("Clear", {})
])

it.effect.prop("a SmallMap behaves like a Map", [Schema.Array(Step).check(Schema.isMaxLength(20))], ([steps]) =>
  Effect.sync(() => {
    const few = new SmallMap<string, number>()
    const map = new Map<string, number>()
    for (const step of steps) {
      if (step._tag === "Set") {
        few.set(step.key, step.value)
        map.set(step.key, step.value)
      } else if (step._tag === "Delete") {
        assert.strictEqual(few.delete(step.key), map.delete(step.key))
      } else {
        few.clear()
        map.clear()
      }
      assert.strictEqual(few.size, map.size)
      assert.deepStrictEqual(Array.from(few), Array.from(map.values()))
      for (const key of ["a", "b", "c"]) {
        assert.strictEqual(few.get(key), map.get(key))
        assert.strictEqual(few.has(key), map.has(key))
      }
    }
  })
)
