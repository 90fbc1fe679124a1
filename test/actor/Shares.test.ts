/** Who takes up how much of a place, against a model that looks at all of it each time. */
import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { Shares } from "../../src/actor/Shares.ts"

/** What is done: to one of eight things, by one of three owners. */
const Step = Schema.Struct({
  does: Schema.Literals(["add", "add", "resize", "remove", "take"]),
  item: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 7 })),
  owner: Schema.Literals(["ada", "bob", "cyd"]),
  weight: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 5000 }))
})

describe("shares", () => {
  it.prop("shares give up what the largest owner has had longest", [Schema.Array(Step)], ([steps]) => {
    const shares = new Shares<number, string>()
    /** The things in their order, with whose they are and what they weigh. */
    let model: ReadonlyArray<{ readonly item: number; readonly owner: string; readonly weight: number }> = []
    const of = (owner: string) => model.filter((one) => one.owner === owner)
    const weigh = (owner: string) => of(owner).reduce((sum, { weight }) => sum + weight, 0)
    for (const { does, item, owner, weight } of steps) {
      switch (does) {
        case "add":
          shares.add(item, owner, weight)
          model = [...model.filter((one) => one.item !== item), { item, owner, weight }]
          break
        case "resize":
          shares.resize(item, weight)
          model = model.map((one) => (one.item === item ? { ...one, weight } : one))
          break
        case "remove":
          assert.strictEqual(
            shares.remove(item),
            model.some((one) => one.item === item)
          )
          model = model.filter((one) => one.item !== item)
          break
        case "take": {
          const { next } = shares
          assert.strictEqual(next === undefined, model.length === 0)
          if (next === undefined) break
          const given = model.find((one) => one.item === next)
          assert.isDefined(given)
          assert.strictEqual(of(given.owner)[0], given, "not what its owner has had longest")
          const largest = Math.max(...["ada", "bob", "cyd"].map(weigh))
          assert.isAtLeast(weigh(given.owner) * 1.1, largest, "somebody else has more")
          shares.remove(next)
          model = model.filter((one) => one !== given)
        }
      }
      assert.strictEqual(shares.size, model.length)
      for (const name of ["ada", "bob", "cyd"]) {
        assert.strictEqual(shares.countOf(name), of(name).length)
        assert.strictEqual(shares.oldestOf(name), of(name)[0]?.item)
      }
    }
  })

  it("shares give up the oldest when all owners have the same", () => {
    const shares = new Shares<string, string>()
    for (const name of ["ada", "bob", "cyd"]) shares.add(name, name, 1)
    const given = Array.from({ length: 3 }, () => {
      const next = shares.next ?? ""
      shares.remove(next)
      return next
    })
    assert.deepStrictEqual(given, ["ada", "bob", "cyd"])
  })
})
