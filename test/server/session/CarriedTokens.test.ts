/** The tokens that one client carries: each is sent once, when the client knows what it is of. */
import { assert, describe, it } from "@effect/vitest"
import type { Batch } from "../../../src/server/sync/Batch.ts"
import { CarriedTokens } from "../../../src/server/session/CarriedTokens.ts"
import type { StateCursor } from "../../../src/server/sync/StateCursor.ts"

interface Cursor {
  isAnnounced: boolean
  readonly of: StateCursor
}

const cursorOf = (id: string): Cursor => {
  const cursor = {
    isAnnounced: true,
    source: { id },
    sink: { encoder: { sealed: (source: { readonly id: string }, token: string) => `${source.id} ${token}` } }
  }
  return Object.assign(cursor, { of: cursor as unknown as StateCursor })
}

const make = () => {
  let woken = 0
  const tokens = new CarriedTokens(() => void woken++)
  const read = () => {
    const into: Array<Batch> = []
    if (woken === 0) return []
    assert.strictEqual(woken, 1)
    woken = 0
    tokens.take(into)
    return into.flatMap(({ texts }) => texts)
  }
  return { tokens, read }
}

describe("the tokens that a client carries", () => {
  it("are sent once, the newest of each", () => {
    const { read, tokens } = make()
    const [desk, hall] = [cursorOf("desk"), cursorOf("hall")]
    tokens.add(desk.of, "1")
    tokens.add(hall.of, "2")
    tokens.add(desk.of, "3")
    assert.sameMembers(read(), ["desk 3", "hall 2"])
    tokens.wake()
    assert.deepStrictEqual(read(), [])
    tokens.add(hall.of, "4")
    assert.deepStrictEqual(read(), ["hall 4"])
  })

  it("are not sent before the client knows of the mount", () => {
    const { read, tokens } = make()
    const desk = cursorOf("desk")
    desk.isAnnounced = false
    tokens.add(desk.of, "1")
    assert.deepStrictEqual(read(), [])
    desk.isAnnounced = true
    tokens.wake()
    assert.deepStrictEqual(read(), ["desk 1"])
  })

  it("are all sent again to a client that is back, except those of what it has unmounted", () => {
    const { read, tokens } = make()
    const [desk, hall] = [cursorOf("desk"), cursorOf("hall")]
    tokens.add(desk.of, "1")
    tokens.add(hall.of, "2")
    assert.strictEqual(read().length, 2)
    tokens.delete(hall.of)
    tokens.resume()
    assert.deepStrictEqual(read(), ["desk 1"])
  })
})
