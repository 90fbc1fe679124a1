import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { FRESH, match, MOVED, STAYS } from "../src/ElementMatch.ts"
import type { Json } from "../src/Json.ts"

const shared: ReadonlyArray<Json> = [{ a: 1 }, [2], { a: 1 }, "text", "#1", "1", 1, 2, null, true, false]
const Picks = Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: shared.length + 1 }))).check(
  Schema.isMaxLength(10)
)
/** Elements, of which those past the end of the table are built anew each time. */
const pick = (picks: ReadonlyArray<number>): ReadonlyArray<Json> =>
  picks.map((at) => shared[at] ?? (at === shared.length ? { a: 1 } : ["new"]))

/** The counterparts by going through all of them: first what is the same, then what is rebuilt. */
const counterparts = (before: ReadonlyArray<Json>, after: ReadonlyArray<Json>): ReadonlyArray<number> => {
  const origin = after.map(() => -1)
  const isContainer = (value: Json | undefined) => typeof value === "object" && value !== null
  const pair = (isSame: (a: Json | undefined, b: Json) => boolean) =>
    after.forEach((value, j) => {
      if (origin[j] === -1) origin[j] = before.findIndex((old, i) => !origin.includes(i) && isSame(old, value))
    })
  pair((a, b) => a === b)
  if (before.length !== after.length) {
    pair((a, b) => isContainer(a) && isContainer(b) && JSON.stringify(a) === JSON.stringify(b))
  }
  return origin
}

/** The length of the longest run that is in order. */
const longest = (origin: ReadonlyArray<number>): number => {
  const best = origin.map(() => 0)
  origin.forEach((i, j) => {
    if (i < 0) return
    const before = best.filter((_, k) => k < j && (origin[k] ?? -1) >= 0 && (origin[k] ?? 0) < i)
    best[j] = 1 + Math.max(0, ...before)
  })
  return Math.max(0, ...best)
}

describe("the elements of two lists", () => {
  it.prop(
    "are matched once each, and the longest run in order stays",
    [Picks, Picks],
    ([old, fresh]) => {
      const [before, after] = [pick(old), pick(fresh)]
      const fates = match(before, after)
      const origin = counterparts(before, after)
      assert.deepStrictEqual(
        Array.from(fates.fresh, (fate) => fate !== FRESH),
        origin.map((i) => i >= 0)
      )
      assert.deepStrictEqual(
        Array.from(fates.old, (fate) => fate !== FRESH),
        before.map((_, i) => origin.includes(i))
      )
      const stays = [...origin.keys()].filter((j) => fates.fresh[j] === STAYS)
      const olds = [...before.keys()].filter((i) => fates.old[i] === STAYS)
      // In order, each with its own counterpart.
      assert.deepStrictEqual(
        stays.map((j) => origin[j]),
        olds
      )
      assert.lengthOf(stays, longest(origin))
      for (const fate of [...fates.old, ...fates.fresh]) assert.include([FRESH, MOVED, STAYS], fate)
    },
    { arbitrary: { runs: 400 } }
  )

  it("stay as many as can, in whatever order they come", () => {
    const before = ["0", "1", "2", "3", "4", "5"]
    const orders = (rest: ReadonlyArray<string>): ReadonlyArray<ReadonlyArray<string>> =>
      rest.length === 0 ? [[]] : rest.flatMap((one) => orders(rest.filter((x) => x !== one)).map((o) => [one, ...o]))
    for (const after of orders(before)) {
      const stays = match(before, after).fresh.filter((fate) => fate === STAYS)
      assert.lengthOf(stays, longest(after.map(Number)), after.join())
    }
  })

  it("that were rebuilt are found by their text where the list has another length", () => {
    const rebuilt = (): Json => ({ id: 1 })
    assert.deepStrictEqual(Array.from(match([rebuilt(), "x"], [rebuilt()]).fresh), [STAYS])
    // With equal lengths they are compared place by place, which costs less.
    assert.deepStrictEqual(Array.from(match([rebuilt()], [rebuilt()]).fresh), [FRESH])
  })

  it("are made a text of only where they have one, and where there is one to compare it with", () => {
    const { stringify } = JSON
    const texts: Array<unknown> = []
    const count = (before: ReadonlyArray<Json>, after: ReadonlyArray<Json>) => {
      JSON.stringify = (value: unknown) => (texts.push(value), stringify(value))
      try {
        match(before, after)
      } finally {
        JSON.stringify = stringify
      }
      return texts.splice(0)
    }
    const kept = { id: 1 }
    assert.deepStrictEqual(count([kept, "a", 1], [kept, { id: 2 }, { id: 3 }, "b"]), [])
    assert.deepStrictEqual(count([kept, { id: 2 }, "a", 1, null], [{ id: 3 }, kept, "b", 2]), [{ id: 2 }, { id: 3 }])
    assert.deepStrictEqual(count([{ id: 2 }], [{ id: 3 }]), [])
  })

  it("are told apart by their type", () => {
    assert.deepStrictEqual(Array.from(match([1, "x"], ["1", "#1", "x"]).fresh), [FRESH, FRESH, STAYS])
    assert.deepStrictEqual(Array.from(match(["#1", "2"], [1, 2]).fresh), [FRESH, FRESH])
    assert.deepStrictEqual(Array.from(match(['{"a":1}'], [{ a: 1 }, { a: 2 }]).fresh), [FRESH, FRESH])
  })
})
