import { assert, describe, it } from "@effect/vitest"
import { ConnectionPools } from "../../../src/server/transport/ConnectionPools.ts"

const sizes = ({ all }: ConnectionPools) => all.map(({ size }) => size)

const make = (
  loadBalancing: "round-robin" | "least-connections",
  { max = 6, perPool = 2 }: { readonly max?: number; readonly perPool?: number } = {}
) => new ConnectionPools({ loadBalancing, maxConnections: max, maxConnectionsPerPool: perPool })

const enter = (pools: ConnectionPools, times: number) => Array.from({ length: times }, () => pools.enter())

describe("the pools of a server", () => {
  it("are as many as maxConnections need, and one when a pool has no limit", () => {
    assert.deepStrictEqual(sizes(make("round-robin")), [0, 0, 0])
    assert.deepStrictEqual(sizes(make("round-robin", { max: 5 })), [0, 0, 0])
    assert.deepStrictEqual(sizes(make("round-robin", { perPool: Infinity })), [0])
    assert.deepStrictEqual(sizes(make("round-robin", { max: Infinity, perPool: Infinity })), [0])
  })

  it("take turns with round-robin, whatever has left since", () => {
    const pools = make("round-robin", { perPool: 4, max: 12 })
    const [first] = enter(pools, 3)
    first?.leave()
    assert.deepStrictEqual(
      enter(pools, 4).map(({ id }) => id),
      ["pool-1", "pool-2", "pool-3", "pool-1"]
    )
  })

  it("are filled evenly with least-connections, also after some have left", () => {
    const pools = make("least-connections", { perPool: 4, max: 12 })
    const entered = enter(pools, 6)
    for (const pool of entered) if (pool.id === "pool-2") pool.leave()
    assert.deepStrictEqual(sizes(pools), [2, 0, 2])
    enter(pools, 3)
    assert.deepStrictEqual(sizes(pools), [3, 2, 2])
  })

  for (const strategy of ["round-robin", "least-connections"] as const) {
    it(`never have more connections than they may with ${strategy}, and one is added when all are full`, () => {
      const pools = make(strategy)
      enter(pools, 6)
      assert.deepStrictEqual(sizes(pools), [2, 2, 2])
      enter(pools, 1)
      assert.deepStrictEqual(sizes(pools), [2, 2, 2, 1])
    })

    it(`get nothing new with ${strategy} while they are drained, unless all others are full`, () => {
      const pools = make(strategy)
      const [one] = pools.all
      if (one !== undefined) one.isDraining = true
      enter(pools, 4)
      assert.deepStrictEqual(sizes(pools), [0, 2, 2])
      enter(pools, 1)
      assert.deepStrictEqual(sizes(pools), [1, 2, 2])
    })
  }
})
