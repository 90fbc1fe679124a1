import { assert, describe, it } from "@effect/vitest"
import { type Traffic, PatchTraffic } from "../../../src/server/instance/PatchTraffic.ts"
import type * as Patch from "../../../src/Patch.ts"

const cards = Array.from({ length: 20 }, (_, id) => ({ id, text: "a card" }))
const whole: Patch.Patch = [["set", ["cards"], cards]]
const one: Patch.Patch = [["set", ["cards", 3, "text"], "another text"]]
const title: Patch.Patch = [["set", ["title"], "Retro"]]

const bytesOf = (patch: Patch.Patch) => JSON.stringify(patch).length - 2

const published = (times: number, ...patches: ReadonlyArray<Patch.Patch>) => {
  const traffic = new PatchTraffic()
  for (let time = 0; time < times; time++) for (const patch of patches) traffic.published({ patch })
  return traffic
}

const near = (value: number, expected: number) =>
  assert.isTrue(Math.abs(value - expected) <= expected * 0.35, `${value} is not about ${expected}`)

const ofCards = ({ fields }: Traffic) => fields.get("cards") ?? { bytes: 0, whole: 0 }

describe("the traffic of a component", () => {
  it("is known exactly while there are few changes", () => {
    const traffic = published(5, whole, title).recently(1000)
    assert.strictEqual(traffic.changes, 10)
    assert.strictEqual(traffic.bytes, 5 * (bytesOf(whole) + bytesOf(title)))
    assert.deepStrictEqual(ofCards(traffic), { bytes: 5 * bytesOf(whole), whole: 5 * bytesOf(whole) })
  })

  it("is known about when there are many, from a few of them", () => {
    let looked = 0
    const watched: Patch.Patch = [["set", ["cards"], { toJSON: () => (looked++, cards) } as never]]
    const traffic = published(100_000, watched)
    near(traffic.recently(1000).bytes, 100_000 * bytesOf(whole))
    near(traffic.recently(1000).changes, 100_000)
    assert.isBelow(looked, 250)
  })

  it("tells values that come as a whole from changes in them", () => {
    assert.strictEqual(ofCards(published(8, one).recently(0)).whole, 0)
    assert.isAbove(ofCards(published(8, one).recently(0)).bytes, 0)
    assert.strictEqual(published(8, title).recently(0).fields.get("title")?.whole, 0)
  })

  it("forgets what is more than a minute ago, and looks at as many changes as before when there are fewer", () => {
    const traffic = published(10_000, whole)
    traffic.recently(29_000)
    assert.isAbove(traffic.recently(31_000).bytes, 0)
    assert.strictEqual(traffic.recently(61_000).bytes, 0)
    traffic.recently(91_000)
    for (let time = 0; time < 10; time++) traffic.published({ patch: one })
    assert.strictEqual(traffic.recently(92_000).changes, 10)
  })

  it("has a limit to the fields that it tells apart", () => {
    const traffic = new PatchTraffic()
    for (let time = 0; time < 100_000; time++) traffic.published({ patch: [["set", [`field ${time}`], 1]] })
    assert.isAtMost(traffic.recently(0).fields.size, 64)
  })
})
