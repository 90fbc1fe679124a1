import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { type Id, RequestTable } from "../../../src/server/session/RequestTable.ts"

interface Request {
  readonly id: Id
  readonly isAnswered: boolean
}

/** Ids as clients give them: in order, with gaps, far away, negative, not whole, and texts that look like others' keys. */
const Id = Schema.Union([
  Schema.Literals([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 20, 255, 256, 257, 300, 1000]),
  Schema.Literals([-1, 0.5, Number.MAX_SAFE_INTEGER, "#1", "#300", "1", "", "a"])
])
const Steps = Schema.Array(
  Schema.Union([
    Schema.TaggedStruct("Add", { id: Id, isAnswered: Schema.Boolean }),
    Schema.TaggedStruct("Delete", { id: Id }),
    Schema.TaggedStruct("Settle", { below: Schema.Literals([0, 1, 3, 6, 10, 256, 258, 2000]) })
  ])
).check(Schema.isMaxLength(40))

const keyOf = (id: Id) => `${typeof id} ${id}`

describe("a table of requests", () => {
  it.effect.prop(
    "has the same requests as a map by their ids, whatever the ids are",
    [Steps],
    ([steps]) =>
      Effect.sync(() => {
        const table = new RequestTable<Request>()
        const model = new Map<string, Request>()
        for (const step of steps) {
          if (step._tag === "Add") {
            model.set(keyOf(step.id), step)
            table.add(step)
          } else if (step._tag === "Delete") {
            table.delete({ id: step.id, isAnswered: false })
            model.delete(keyOf(step.id))
          } else {
            table.removeBelow(step.below, ({ isAnswered }) => isAnswered)
            for (const [key, { id, isAnswered }] of model) {
              if (isAnswered && typeof id === "number" && id < step.below) model.delete(key)
            }
          }
          assert.strictEqual(table.size, model.size)
          assert.sameMembers(Array.from(table), Array.from(model.values()))
          for (const request of model.values()) assert.strictEqual(table.get(request.id), request)
          if (step._tag !== "Settle") assert.strictEqual(table.get(step.id), model.get(keyOf(step.id)))
        }
      }),
    { arbitrary: { runs: 1000 } }
  )

  it("gives numbers in their order", () => {
    const table = new RequestTable<Request>()
    for (const id of [3, 5, 4, 260]) table.add({ id, isAnswered: false })
    assert.deepStrictEqual(
      Array.from(table, ({ id }) => id),
      [3, 4, 5, 260]
    )
  })
})
