import { assert, describe, it } from "@effect/vitest"
import { Parking } from "../../src/server/Parking.ts"

const room = { maxParked: 3, maxParkedPerPrincipal: 2, maxParkedBytes: 100 }

const parked = (principal?: string, bytes = 1, until = 10) => ({ principal, bytes, until })

describe("sessions whose clients are away", () => {
  it("make room for one more by the one that is away longest", () => {
    const parking = new Parking<string>(room)
    for (const name of ["a", "b", "c"]) assert.deepStrictEqual(parking.park(name, parked()), [])
    assert.deepStrictEqual(parking.park("d", parked()), ["a"])
    assert.strictEqual(parking.size, 3)
  })

  it("that are anonymous go before those that are somebody's, however long those are away", () => {
    const parking = new Parking<string>(room)
    parking.park("ada", parked("ada"))
    parking.park("bob", parked("bob"))
    parking.park("anonymous", parked())
    assert.deepStrictEqual(parking.park("cyd", parked("cyd")), ["anonymous"])
    assert.deepStrictEqual(parking.park("dan", parked("dan")), ["ada"])
    assert.deepStrictEqual(parking.park("another", parked()), ["another"])
  })

  it("of one principal push out its own oldest, and nobody else's", () => {
    const parking = new Parking<string>({ ...room, maxParked: 100 })
    parking.park("other", parked())
    for (const name of ["first", "second"]) parking.park(name, parked("ada"))
    assert.deepStrictEqual(parking.park("third", parked("ada")), ["first"])
    assert.isTrue(parking.take("other"))
  })

  it("take no more bytes than they may: the largest alone may have to go at once", () => {
    const parking = new Parking<string>(room)
    parking.park("a", parked(undefined, 60))
    assert.deepStrictEqual(parking.park("b", parked(undefined, 50)), ["a"])
    assert.deepStrictEqual(parking.park("c", parked(undefined, 101)), ["b", "c"])
    assert.deepStrictEqual(parking.park("d", parked(undefined, 100)), [])
  })

  it("are given back once, and count no more", () => {
    const parking = new Parking<string>(room)
    parking.park("a", parked("ada", 90))
    parking.park("a", parked("ada", 90))
    assert.isTrue(parking.take("a"))
    assert.isFalse(parking.take("a"))
    assert.deepStrictEqual(parking.park("b", parked("ada", 90)), [])
  })

  it("are over when their time is, not before", () => {
    const parking = new Parking<string>(room)
    parking.park("a", parked(undefined, 1, 10))
    parking.park("b", parked(undefined, 1, 20))
    assert.strictEqual(parking.next, 10)
    assert.deepStrictEqual(parking.expired(9), [])
    assert.deepStrictEqual(parking.expired(10), ["a"])
    assert.deepStrictEqual(parking.expired(100), ["b"])
    assert.isUndefined(parking.next)
  })
})
