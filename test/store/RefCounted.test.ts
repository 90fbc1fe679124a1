import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { RefCounted } from "../../src/store/RefCounted.ts"

const make = () => {
  const log: Array<string> = []
  const lease = new RefCounted(() => {
    log.push("open")
    return { value: log.length, close: () => void log.push("close") }
  })
  return { log, lease }
}

/** Longer than a lease waits before it closes. */
const later = Effect.yieldNow.pipe(Effect.repeat({ times: 3 }))

describe("a lease", () => {
  it.effect("a lease opens with its first holder, and closes after its last", () =>
    Effect.gen(function* () {
      const { lease, log } = make()
      assert.deepStrictEqual(log, [])
      const [first, second] = [lease.retain(), lease.retain()]
      assert.strictEqual(first.value, second.value)
      first.release()
      first.release()
      yield* later
      assert.deepStrictEqual(log, ["open"])
      second.release()
      assert.deepStrictEqual(log, ["open"])
      yield* later
      assert.deepStrictEqual(log, ["open", "close"])
    })
  )

  it.effect("a lease stays open for a holder of the same turn, and opens anew for a later one", () =>
    Effect.gen(function* () {
      const { lease, log } = make()
      lease.retain().release()
      const back = lease.retain()
      yield* later
      assert.deepStrictEqual(log, ["open"])
      back.release()
      yield* later
      const again = lease.retain()
      assert.deepStrictEqual(log, ["open", "close", "open"])
      again.release()
      lease.retain().release()
      yield* later
      assert.deepStrictEqual(log, ["open", "close", "open", "close"])
    })
  )
})
