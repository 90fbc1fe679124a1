import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { TokenBucket } from "../../../src/server/transport/TokenBucket.ts"

/** What a bucket is: tokens, and when they were counted. */
class Model {
  tokens: number
  at = 0
  readonly rate: number
  readonly burst: number

  constructor(rate: number, burst: number) {
    this.rate = rate
    this.burst = burst
    this.tokens = burst
  }

  take(now: number): boolean {
    this.tokens = Math.min(this.burst, this.tokens + ((now - this.at) / 1000) * this.rate)
    this.at = now
    if (this.tokens < 1 - 0.001) return false
    this.tokens--
    return true
  }
}

const Int = (minimum: number, maximum: number) => Schema.Int.check(Schema.isBetween({ minimum, maximum }))

describe("a rate limit", () => {
  it.prop(
    "a rate limit is a bucket of tokens",
    [Int(1, 700), Int(1, 40), Schema.Array(Int(0, 200))],
    ([rate, burst, pauses]) => {
      const limit = new TokenBucket({ rate, burst })
      const model = new Model(rate, burst)
      let [bucket, now] = [0, 1_700_000_000_000]
      model.at = now
      for (const pause of pauses) {
        now += pause > 100 ? pause - 100 : 0
        const wait = limit.wait(bucket, now)
        assert.strictEqual(wait === 0, model.take(now))
        if (wait === 0) bucket = limit.take(bucket, now)
        else {
          assert.isAbove(limit.wait(bucket, now + wait / 2), 0)
          assert.strictEqual(limit.wait(bucket, now + wait), 0)
        }
      }
    }
  )

  it("a rate of Infinity limits nothing", () => {
    for (const limit of [
      new TokenBucket({ rate: Infinity, burst: 1 }),
      new TokenBucket({ rate: 1, burst: Infinity }),
      new TokenBucket({ rate: Infinity, burst: Infinity })
    ]) {
      let bucket = 0
      for (let taken = 0; taken < 10_000; taken++) {
        assert.strictEqual(limit.wait(bucket, 5), 0)
        bucket = limit.take(bucket, 5)
      }
      // A bucket that never empties has nothing to remember.
      assert.strictEqual(bucket, 0)
    }
  })
})
