import { assert, describe, it } from "@effect/vitest"
import { ParkedSessions } from "../../../src/server/session/ParkedSessions.ts"

const room = { maxParked: 3, maxParkedPerPrincipal: 2, maxParkedBytes: 100 }

const parked = (principal?: string, bytes = 1, until = 10) => ({ principal, bytes, until })

describe("sessions whose clients are away", () => {
  it("parked sessions end when there are too many, the one that is away longest first", () => {
    const parking = new ParkedSessions<string>(room)
    for (const name of ["a", "b", "c"]) assert.deepStrictEqual(parking.park(name, parked()), [])
    assert.deepStrictEqual(parking.park("d", parked()), ["a"])
    assert.strictEqual(parking.size, 3)
  })

  it("parked sessions that are anonymous end before those of principals, however long those are away", () => {
    const parking = new ParkedSessions<string>(room)
    parking.park("ada", parked("ada"))
    parking.park("bob", parked("bob"))
    parking.park("anonymous", parked())
    assert.deepStrictEqual(parking.park("cyd", parked("cyd")), ["anonymous"])
    assert.deepStrictEqual(parking.park("dan", parked("dan")), ["ada"])
    assert.deepStrictEqual(parking.park("another", parked()), ["another"])
  })

  it("parked sessions of one principal displace its own oldest, and nobody else's", () => {
    const parking = new ParkedSessions<string>({ ...room, maxParked: 100 })
    parking.park("other", parked())
    for (const name of ["first", "second"]) parking.park(name, parked("ada"))
    assert.deepStrictEqual(parking.park("third", parked("ada")), ["first"])
    assert.isTrue(parking.remove("other"))
  })

  const anonymous = (address: string, bytes = 1) => ({ ...parked(undefined, bytes), address })

  it("parked sessions of one address displace its own, and no stranger's, in number and bytes", () => {
    const parking = new ParkedSessions<string>(room)
    parking.park("stranger", anonymous("192.0.2.1", 20))
    for (const name of ["a", "b"]) assert.deepStrictEqual(parking.park(name, anonymous("192.0.2.2")), [])
    assert.deepStrictEqual(parking.park("c", anonymous("192.0.2.2")), ["a"])
    assert.deepStrictEqual(parking.park("d", anonymous("192.0.2.2", 90)), ["b", "c", "d"])
    assert.isTrue(parking.remove("stranger"))
  })

  it("parked sessions of pages that were rendered end before those of clients that were connected, whoever asks", () => {
    const parking = new ParkedSessions<string>(room)
    const rendered = (address: string, principal?: string) => ({ ...parked(principal), address, isRendered: true })
    parking.park("client", parked())
    parking.park("own", rendered("192.0.2.1"))
    assert.deepStrictEqual(parking.park("first", rendered("192.0.2.2")), [])
    assert.deepStrictEqual(parking.park("second", rendered("192.0.2.2")), ["first"])
    assert.deepStrictEqual(parking.park("third", rendered("192.0.2.2", "ada")), ["own"])
    assert.deepStrictEqual(parking.park("ada", parked("ada")), ["second"])
    assert.deepStrictEqual(parking.park("bob", parked("bob")), ["third"])
    assert.deepStrictEqual(parking.park("last", rendered("192.0.2.3")), ["last"])
    assert.isTrue(parking.remove("client"))
  })

  it("parked sessions of one principal displace its own before those of others with fewer", () => {
    const parking = new ParkedSessions<string>(room)
    parking.park("bob", parked("bob"))
    for (const name of ["first", "second"]) parking.park(name, parked("ada"))
    assert.deepStrictEqual(parking.park("cyd", parked("cyd")), ["first"])
    assert.isTrue(parking.remove("bob"))
  })

  it("parked sessions have a maximum of bytes: the largest alone may have to end at once", () => {
    const parking = new ParkedSessions<string>(room)
    parking.park("a", parked(undefined, 60))
    assert.deepStrictEqual(parking.park("b", parked(undefined, 50)), ["a"])
    assert.deepStrictEqual(parking.park("c", parked(undefined, 101)), ["b", "c"])
    assert.deepStrictEqual(parking.park("d", parked(undefined, 100)), [])
  })

  it("parked sessions count with their present size, whenever that is read", () => {
    const parking = new ParkedSessions<string>(room)
    const bytes = new Map([
      ["a", 30],
      ["b", 30],
      ["c", 30]
    ])
    const bytesOf = (name: string) => bytes.get(name) ?? 0
    for (const name of bytes.keys()) parking.park(name, parked())
    for (let time = 0; time < 10; time++) assert.deepStrictEqual(parking.measure(bytesOf), [])
    bytes.set("c", 41)
    assert.deepStrictEqual(parking.measure(bytesOf), ["a"])
    assert.isFalse(parking.remove("a"))
    // What they had when they were measured last is what is given back with them.
    bytes.set("b", 9)
    assert.deepStrictEqual(parking.measure(bytesOf), [])
    assert.deepStrictEqual(parking.park("d", parked(undefined, 50)), [])
    assert.deepStrictEqual(parking.park("e", parked("ada", 0)), ["b"])
    assert.deepStrictEqual(parking.park("f", parked("bob", 10)), ["c"])
  })

  it("keep whose they are and when their time is over when they have grown", () => {
    const parking = new ParkedSessions<string>(room)
    parking.park("a", parked("ada", 1, 10))
    assert.deepStrictEqual(
      parking.measure(() => 30),
      []
    )
    assert.deepStrictEqual(parking.get("a"), parked("ada", 30, 10))
    assert.isUndefined(parking.get("b"))
    assert.strictEqual(parking.next, 10)
    assert.deepStrictEqual(parking.expired(9), [])
    assert.deepStrictEqual(parking.expired(10), ["a"])
  })

  it("of the address that has grown most go first, though those of others are away longer", () => {
    const parking = new ParkedSessions<string>(room)
    parking.park("stranger", anonymous("192.0.2.1", 40))
    parking.park("grows", anonymous("192.0.2.2", 1))
    assert.deepStrictEqual(
      parking.measure((name) => (name === "grows" ? 70 : 40)),
      ["grows"]
    )
    assert.isTrue(parking.remove("stranger"))
  })

  it("that are as many as there may be and too large go by their bytes", () => {
    const parking = new ParkedSessions<string>(room)
    for (const name of ["a", "b"]) parking.park(name, anonymous("192.0.2.1", 5))
    assert.deepStrictEqual(parking.park("large", anonymous("192.0.2.2", 95)), ["large"])
    assert.strictEqual(parking.size, 2)
  })

  it("parked sessions are given back once, and do not count after that", () => {
    const parking = new ParkedSessions<string>(room)
    parking.park("a", parked("ada", 90))
    parking.park("a", parked("ada", 90))
    assert.isTrue(parking.remove("a"))
    assert.isFalse(parking.remove("a"))
    assert.deepStrictEqual(parking.park("b", parked("ada", 90)), [])
  })

  it("parked sessions end when their time is over, and not before", () => {
    const parking = new ParkedSessions<string>(room)
    parking.park("a", parked(undefined, 1, 10))
    parking.park("b", parked(undefined, 1, 20))
    assert.strictEqual(parking.next, 10)
    assert.deepStrictEqual(parking.expired(9), [])
    assert.deepStrictEqual(parking.expired(10), ["a"])
    assert.deepStrictEqual(parking.expired(100), ["b"])
    assert.isUndefined(parking.next)
  })
})
