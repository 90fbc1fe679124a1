import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { ConnectionLimits, Slot } from "../../../src/server/transport/ConnectionLimits.ts"

const limits = { maxConnections: 5, maxConnectionsPerAddress: 3, maxConnectionsPerPrincipal: 2 }

const entered = (connections: ConnectionLimits, address: string): Slot => {
  const slot = connections.enter(() => address)
  if (slot instanceof Slot) return slot
  return assert.fail(`refused by the limit of ${slot}`)
}

const Step = Schema.Struct({
  do: Schema.Literals(["enter", "enter", "leave"]),
  address: Schema.Literals(["192.0.2.1", "192.0.2.2", "192.0.2.3"]),
  principal: Schema.Literals(["ada", "bob", "anonymous"]),
  pick: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 4 }))
})

describe("the connections of a server", () => {
  it.prop(
    "are counted in all, per address and per principal, and no more of each are let in than may be",
    [Schema.Array(Step).check(Schema.isMinLength(8), Schema.isMaxLength(40))],
    ([steps]) => {
      const connections = new ConnectionLimits(limits)
      const open: Array<{ slot: Slot; address: string; principal: string | undefined }> = []
      for (const { address, do: what, pick, principal } of steps) {
        if (what === "leave") {
          for (const { slot } of open.splice(pick, 1)) slot.leave()
        } else {
          const ofAddress = open.filter((other) => other.address === address).length
          const full = open.length === 5 ? "connections" : ofAddress === 3 ? "address" : undefined
          const slot = connections.enter(() => address)
          if (full !== undefined) {
            assert.strictEqual(slot, full)
            continue
          }
          assert.instanceOf(slot, Slot)
          if (!(slot instanceof Slot)) continue
          assert.strictEqual(slot.address, address)
          const isNamed = principal !== "anonymous"
          const ofPrincipal = open.filter((other) => other.principal === principal).length
          const isLetIn = !isNamed || slot.belongsTo(principal)
          assert.strictEqual(isLetIn, !isNamed || ofPrincipal < 2)
          if (isLetIn) open.push({ slot, address, principal: isNamed ? principal : undefined })
          else slot.leave()
        }
        assert.strictEqual(connections.size, open.length)
      }
    },
    { arbitrary: { runs: 200 } }
  )

  it("are refused by the limit of all before anybody asks for their address", () => {
    const connections = new ConnectionLimits({ ...limits, maxConnections: 1 })
    entered(connections, "192.0.2.1")
    assert.strictEqual(
      connections.enter(() => assert.fail("the address is of no use")),
      "connections"
    )
  })

  it("that were refused take no place", () => {
    const connections = new ConnectionLimits({ ...limits, maxConnectionsPerAddress: 1 })
    const slot = entered(connections, "192.0.2.1")
    for (let again = 0; again < 10; again++)
      assert.strictEqual(
        connections.enter(() => "192.0.2.1"),
        "address"
      )
    assert.strictEqual(connections.size, 1)
    slot.leave()
    assert.strictEqual(connections.size, 0)
    entered(connections, "192.0.2.1")
  })

  it("of one principal are counted from all addresses", () => {
    const connections = new ConnectionLimits(limits)
    const slots = ["1", "2", "3"].map((address) => entered(connections, address))
    assert.deepStrictEqual(
      slots.map((slot) => slot.belongsTo("ada")),
      [true, true, false]
    )
    // The place of one that was refused for its principal is given back, and that of the principal stays as it is.
    slots[2]?.leave()
    assert.isFalse(entered(connections, "3").belongsTo("ada"))
    slots[0]?.leave()
    assert.isTrue(entered(connections, "1").belongsTo("ada"))
  })

  it("that have all closed leave nothing behind of their addresses and principals", () => {
    const connections = new ConnectionLimits(limits)
    const slots = ["1", "1", "2"].map((address) => entered(connections, address))
    for (const slot of slots) slot.belongsTo("ada")
    const kept = () => [connections.ofAddresses.size, connections.ofPrincipals.size]
    assert.deepStrictEqual(kept(), [2, 1])
    slots[0]?.leave()
    assert.deepStrictEqual(kept(), [2, 1])
    slots[1]?.leave()
    slots[2]?.leave()
    assert.deepStrictEqual(kept(), [0, 0])
  })
})
