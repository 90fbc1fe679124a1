import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { Batch } from "../../../src/server/sync/Batch.ts"
import { ChangeLog } from "../../../src/server/sync/ChangeLog.ts"
import { defaults } from "../../../src/server/LiveConfig.ts"
import { RpcEncoder } from "../../../src/server/wire/rpc/RpcEncoder.ts"

const Step = Schema.Union([
  Schema.TaggedStruct("Append", { length: Schema.Literals([1, 5, 9]) }),
  Schema.TaggedStruct("CatchUp", {}),
  Schema.TaggedStruct("Leave", {}),
  Schema.TaggedStruct("Return", {})
])

const Bounds = Schema.Struct({
  patchLog: Schema.Literals([1, 3, 7]),
  patchLogBytes: Schema.Literals([10, 40, 200]),
  conflateAfter: Schema.Literals([1, 2, 5]),
  retainedBytes: Schema.Literals([0, 15, 100])
})

describe("the log of an instance", () => {
  it.effect.prop(
    "the log of an instance returns all changes after a revision, or says that it cannot",
    [Bounds, Schema.Array(Step).check(Schema.isMaxLength(40))],
    ([bounds, steps]) =>
      Effect.sync(() => {
        const log = new ChangeLog(RpcEncoder, { ...defaults, ...bounds })
        const all: Array<string> = []
        let behind = false
        for (const step of steps) {
          if (step._tag === "Append") {
            const text = `patch ${all.length + 1} `.padEnd(step.length, "x")
            if (!behind) log.fellBehind()
            behind = true
            all.push(text)
            log.append(all.length, text)
          } else if (step._tag === "CatchUp") {
            if (behind) log.caughtUp()
            if (behind) assert.isAtMost(log.bytes, bounds.retainedBytes)
            behind = false
          } else {
            log.away = step._tag === "Leave" ? 1 : 0
          }
        }
        assert.isAtMost(log.bytes, bounds.patchLogBytes)
        for (let revision = 0; revision <= all.length; revision++) {
          const from = log.placeOf(revision, all.length)
          const texts = from === undefined ? undefined : log.since(from, Infinity)
          if (texts !== undefined) assert.deepStrictEqual(texts, all.slice(revision))
        }
      }),
    { arbitrary: { runs: 500 } }
  )

  it("the log of an instance keeps few texts for connected clients, and more for those away", () => {
    const log = new ChangeLog(RpcEncoder, { ...defaults, conflateAfter: 3 })
    log.fellBehind()
    for (let revision = 1; revision <= 10; revision++) {
      log.append(revision, "x".repeat(10))
      assert.strictEqual(log.bytes, Math.min(revision, 3) * 10)
    }
    assert.lengthOf(log.since(7, Infinity) ?? [], 3)
    assert.isUndefined(log.since(6, Infinity))
    assert.isDefined(log.placeOf(7, 10))
    assert.isUndefined(log.placeOf(6, 10))
    log.away = 1
    for (let revision = 11; revision <= 20; revision++) log.append(revision, "x".repeat(10))
    assert.strictEqual(log.bytes, 13 * 10)
    assert.lengthOf(log.since(7, Infinity) ?? [], 13)
  })

  it("the log of an instance keeps no more than its limit of what everybody has read", () => {
    const log = new ChangeLog(RpcEncoder, { ...defaults, retainedBytes: 25 })
    for (const length of [10, 100, 10]) {
      for (let revision = 1; revision <= 6; revision++) {
        log.fellBehind()
        log.append(log.sequence + 1, "x".repeat(length))
        assert.isAtLeast(log.bytes, length)
        log.caughtUp()
        assert.isAtMost(log.bytes, 25)
      }
    }
    // The newest are those that may not have arrived.
    assert.deepStrictEqual(log.since(log.sequence - 1, Infinity), ["x".repeat(10)])
  })

  const bounds = { patchLog: 3, patchLogBytes: 100, conflateAfter: 2, retainedBytes: 20 }

  /** A log that keeps what it may, because a client is away, after changes of these lengths. */
  const kept = (...lengths: ReadonlyArray<number>): ChangeLog => {
    const log = new ChangeLog(RpcEncoder, { ...defaults, ...bounds })
    log.away = 1
    for (const length of lengths) log.append(log.sequence + 1, "x".repeat(length))
    return log
  }

  it("keeps patchLog changes at least, and never twice as many", () => {
    assert.strictEqual(kept(1, 1, 1, 1, 1).bytes, 5)
    const log = kept(9, 9, 9, 1, 1, 1)
    assert.deepStrictEqual([log.bytes, log.sequence], [3, 6])
    assert.deepStrictEqual([log.placeOf(3, 6), log.placeOf(2, 6)], [3, undefined])
    assert.deepStrictEqual([log.since(3, 3), log.since(2, Infinity)], [["x", "x", "x"], undefined])
  })

  it("keeps patchLogBytes and not one more, beginning with the newest", () => {
    assert.strictEqual(kept(40, 60).bytes, 100)
    assert.strictEqual(kept(40, 50, 11).bytes, 11)
    assert.strictEqual(kept(1, 101).bytes, 0)
    assert.isUndefined(kept(1, 101).since(1, Infinity))
  })

  it("gives nothing to who has read everything, and no more than was asked for", () => {
    const log = kept(1, 2, 3)
    assert.deepStrictEqual([log.since(3, 0), log.since(1, 2), log.since(1, 1)], [[], ["xx", "xxx"], undefined])
    assert.deepStrictEqual([kept().since(0, 0), kept().bytes, kept().callsSince(0)], [[], 0, []])
    // Somebody who read entries of another log has not read these.
    assert.isUndefined(log.since(-1, Infinity))
  })

  it("has no place for who knows more than there is, nor where a revision is missing", () => {
    const log = kept(1, 1)
    log.append(5, "x")
    assert.deepStrictEqual([log.placeOf(5, 5), log.placeOf(4, 5)], [3, 2])
    assert.deepStrictEqual([log.placeOf(6, 5), log.placeOf(3, 5), log.placeOf(2, 5)], [undefined, undefined, undefined])
    assert.deepStrictEqual([kept().placeOf(7, 7), kept().placeOf(6, 7)], [0, undefined])
  })

  it("has no place before a change that can only be merged", () => {
    const log = kept(1)
    log.append(2, "")
    log.append(3, "x")
    assert.deepStrictEqual([log.placeOf(2, 3), log.placeOf(1, 3), log.since(1, Infinity)], [2, undefined, undefined])
  })

  it("knows the calls behind the changes after a place, also of those without a text", () => {
    const log = kept()
    log.append(1, "x", "first")
    log.append(2, "")
    log.append(3, "", "third")
    assert.deepStrictEqual(log.callsSince(0), ["first", "third"])
    assert.deepStrictEqual([log.callsSince(1), log.callsSince(2), log.callsSince(3)], [["third"], ["third"], []])
    for (const by of ["4", "5", "6"]) log.append(log.sequence + 1, "x", by)
    assert.deepStrictEqual(log.callsSince(0), ["4", "5", "6"])
  })

  it("sends the last of large states only, on wires that send states whole", () => {
    const whole = new ChangeLog({ ...RpcEncoder, tellsWhole: true }, defaults)
    const patches = new ChangeLog(RpcEncoder, defaults)
    const tellsLast = (length: number) => {
      for (const log of [whole, patches]) log.told("x".repeat(length))
      return [whole.tellsLast, patches.tellsLast]
    }
    assert.deepStrictEqual(
      [tellsLast(8192), tellsLast(8193)],
      [
        [false, false],
        [true, false]
      ]
    )
    whole.append(1, "")
    assert.isTrue(whole.tellsLast)
    whole.append(2, "x")
    assert.isFalse(whole.tellsLast)
    whole.append(3, "x".repeat(9000))
    assert.isTrue(whole.tellsLast)
  })

  it("keeps the last few changes when everybody has read them, and the token for the last reader", () => {
    const log = kept(1, 1, 1, 1)
    const seal = { serial: 1, token: "token", told: undefined as never }
    log.seal = seal
    log.fellBehind()
    log.fellBehind()
    log.caughtUp()
    assert.deepStrictEqual([log.seal, log.bytes], [seal, 4])
    log.caughtUp()
    assert.deepStrictEqual([log.seal, log.bytes], [undefined, 4])
    log.append(5, "x")
    log.fellBehind()
    log.caughtUp()
    assert.deepStrictEqual([log.bytes, log.since(3, Infinity)], [2, ["x", "x"]])
    const large = kept(10, 10)
    large.fellBehind()
    large.caughtUp()
    assert.strictEqual(large.bytes, 20)
    large.append(3, "x")
    large.fellBehind()
    large.caughtUp()
    assert.deepStrictEqual([large.bytes, large.since(2, Infinity)], [1, ["x"]])
  })

  it("keeps nothing of a change that is too large when everybody has read it", () => {
    const log = kept(30)
    log.fellBehind()
    log.caughtUp()
    assert.deepStrictEqual([log.bytes, log.since(0, Infinity), log.placeOf(0, 1)], [0, undefined, undefined])
    log.append(2, "x")
    assert.deepStrictEqual([log.bytes, log.since(1, Infinity), log.since(0, Infinity)], [1, ["x"], undefined])
  })

  it("is as it was when everybody has read it and nothing had changed", () => {
    const log = kept()
    log.fellBehind()
    log.caughtUp()
    assert.deepStrictEqual([log.bytes, log.since(0, Infinity)], [0, []])
  })

  it("renders once for all readers at one place, until something changes", () => {
    const log = kept(1)
    let rendered = 0
    const batch = new Batch(["x"], true)
    const read = (after: number, status = "running", what: Batch | undefined = batch) => {
      const before = rendered
      const given = log.shared(after, status, () => (rendered++, what))
      assert.strictEqual(given, what)
      return rendered - before
    }
    log.fellBehind()
    log.fellBehind()
    assert.deepStrictEqual([read(0), read(0), read(1), read(1), read(0, "crashed")], [1, 0, 1, 0, 1])
    log.append(2, "x")
    assert.deepStrictEqual([read(0), read(0)], [1, 0])
    log.seal = { serial: 1, token: "token", told: undefined as never }
    assert.deepStrictEqual([read(0), read(0)], [1, 0])
    log.caughtUp()
    log.seal = { ...log.seal, serial: 2 }
    assert.deepStrictEqual([read(0), read(0)], [1, 0])
    log.caughtUp()
    assert.deepStrictEqual([read(0), read(0)], [1, 0])
    // That there is nothing to send is rendered once, too.
    assert.deepStrictEqual([log.shared(9, "", () => undefined), log.shared(9, "", () => batch)], [undefined, undefined])
  })

  it("forgets what it rendered when the last reader has read", () => {
    const log = kept(1)
    log.fellBehind()
    log.shared(0, "", () => new Batch(["x"], true))
    log.caughtUp()
    assert.isUndefined(log.shared(0, "", () => undefined))
  })

  it("remembers what it rendered for sixteen places", () => {
    const log = kept(1)
    let rendered = 0
    const read = (status: number) => log.shared(0, `${status}`, () => (rendered++, undefined))
    for (let round = 0; round < 2; round++) for (let status = 0; status < 16; status++) read(status)
    assert.strictEqual(rendered, 16)
    read(16)
    read(16)
    assert.strictEqual(rendered, 17)
    read(0)
    assert.strictEqual(rendered, 18)
  })
})
