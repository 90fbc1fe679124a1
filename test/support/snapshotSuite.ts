/** What every SnapshotStore does, wherever it keeps things. */
import { assert, type Vitest } from "@effect/vitest"
import { Duration, Effect, Option, Schema } from "effect"
import { TestClock } from "effect/testing"
import * as SnapshotStore from "../../src/server/store/SnapshotStore.ts"

/** A snapshot whose state tells which one it is. */
export const snapshot = (epoch: number, revision: number): SnapshotStore.Snapshot => ({
  component: "Counter",
  version: 1,
  epoch,
  revision,
  state: { count: epoch * 1000 + revision }
})

const at = (epoch: number, serial: number): SnapshotStore.Position => ({ epoch, serial })
const hour = Duration.hours(1)
const minute = Duration.minutes(1)

const read = Effect.fnUntraced(function* (address: string) {
  const kept = yield* (yield* SnapshotStore.SnapshotStore).read(address)
  return Option.getOrUndefined(kept)
})

/** Different addresses that careless storing would take for one another, or could not store. */
const odd = [
  "",
  " ",
  ".",
  "..",
  "../a",
  "a/b",
  "a\\b",
  "a:b",
  "A/B",
  "%2F",
  "a%2Fb",
  "\0",
  "\0\0",
  "\n",
  "\ufffd",
  "\ud800",
  "\udfff",
  "é",
  "e\u0301",
  "__proto__",
  "constructor",
  "'; DROP TABLE fibra_snapshots; --",
  "日本語",
  "x".repeat(600),
  `${"x".repeat(599)}y`,
  "😀".repeat(300),
  "\0".repeat(600)
]

const ResumePoint = Schema.Struct({
  epoch: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 2 })),
  serial: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 4 }))
})

const Command = Schema.Union([
  Schema.TaggedStruct("Spend", {
    token: ResumePoint,
    ahead: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 6 })),
    instead: Schema.Literals(["nothing", "its successor", "another"])
  }),
  Schema.TaggedStruct("Retire", { position: ResumePoint }),
  Schema.TaggedStruct("Wait", {})
])

/** A place as one number, of which there are a hundred in an epoch. */
const numberOf = ({ epoch, serial }: SnapshotStore.Position) => epoch * 100 + serial

const epochOf = (number: number) => Math.floor(number / 100)

/** What a store should answer: it remembers the whole past of one instance, and looks through it. */
class Model {
  now = 0
  past: Array<{ readonly refuseBefore: number; readonly spent?: number }> = []
  #changed = 0

  get remembered() {
    if (this.#changed + 10 <= this.now) this.past = []
    return this.past
  }

  get #lastSpent() {
    return this.remembered.findLastIndex((entry) => entry.spent !== undefined)
  }

  /** The last token that was spent, with what came after it, unless that is in use. */
  get repeatable() {
    const index = this.#lastSpent
    const last = this.past[index]
    const isUsed = this.past.slice(index + 1).some(({ refuseBefore }) => refuseBefore >= (last?.refuseBefore ?? 0))
    return isUsed ? undefined : last
  }

  /** Whether this token, or one before it in its epoch, was spent last, and none that came of that is in use. */
  isAgain(token: number) {
    const spent = this.repeatable?.spent ?? Infinity
    return epochOf(token) === epochOf(spent) && token >= spent
  }

  spend(token: number, refuseBefore: number, instead: number | undefined) {
    const successor = this.repeatable?.refuseBefore
    const isAgain = this.isAgain(token)
    const isInstead = isAgain && instead !== undefined && successor === instead && refuseBefore > instead
    if (isInstead || this.past.every((entry) => entry.refuseBefore <= token)) {
      this.past.push({ refuseBefore, spent: token })
      this.#changed = this.now
      return "accepted"
    }
    const index = this.#lastSpent
    const last = this.past[index]
    if (isAgain && last !== undefined) {
      if (token === last.spent) return { successor }
      this.past[index] = { ...last, spent: token }
      this.#changed = this.now
      return { successor }
    }
    return last?.spent === token ? "spent" : "stale"
  }

  retire(refuseBefore: number) {
    this.past = [...this.remembered, { refuseBefore }]
    this.#changed = this.now
  }
}

/** `held` counts the records in the store, those that have expired included. */
export const snapshotSuite = <R>(
  it: Vitest.MethodsNonLive<SnapshotStore.SnapshotStore | R>,
  held?: Effect.Effect<number, unknown, R>
): void => {
  // First: the others leave something behind.
  if (held !== undefined) {
    it.effect("what has expired is deleted, and nothing else", () =>
      Effect.gen(function* () {
        const store = yield* SnapshotStore.SnapshotStore
        yield* store.write("stays", snapshot(1, 1))
        yield* Effect.forEach(Array.from({ length: 20 }).keys(), (index) =>
          Effect.all([
            store.write(`goes ${index}`, snapshot(1, 1), hour),
            store.spend(`goes ${index}`, at(1, 1), at(2, 0), hour),
            store.retire(`goes, too ${index}`, at(1, 1), hour)
          ])
        )
        yield* TestClock.adjust("59 minutes")
        assert.strictEqual(yield* held, 61)
        // The store's fiber wakes with the test clock, but deletes in real time.
        const sweep = Effect.andThen(TestClock.adjust("5 minutes"), TestClock.withLive(Effect.sleep("2 millis")))
        yield* Effect.repeat(Effect.andThen(sweep, held), { until: (count) => count === 1 })
        assert.deepStrictEqual(yield* read("stays"), snapshot(1, 1))
      })
    )
  }

  it.effect("there is nothing at first; what was written is read, until it is removed", () =>
    Effect.gen(function* () {
      const store = yield* SnapshotStore.SnapshotStore
      assert.isUndefined(yield* read("life"))
      assert.isTrue(yield* store.write("life", snapshot(1, 3)))
      assert.deepStrictEqual(yield* read("life"), snapshot(1, 3))
      yield* store.remove("life")
      assert.isUndefined(yield* read("life"))
      yield* store.remove("life")
      assert.isTrue(yield* store.write("life", snapshot(1, 1)))
    })
  )

  it.effect("a later revision is kept, and a later epoch whatever its revision; an older one is refused", () =>
    Effect.gen(function* () {
      const store = yield* SnapshotStore.SnapshotStore
      const written = (epoch: number, revision: number) => store.write("order", snapshot(epoch, revision))
      assert.isTrue(yield* written(2, 10))
      assert.isFalse(yield* written(2, 9))
      assert.isFalse(yield* written(1, 99))
      assert.deepStrictEqual(yield* read("order"), snapshot(2, 10))
      assert.isTrue(yield* written(2, 100))
      assert.isTrue(yield* written(3, 0))
      assert.deepStrictEqual(yield* read("order"), snapshot(3, 0))
    })
  )

  it.effect("epochs, revisions and serials may be as large as a number counts", () =>
    Effect.gen(function* () {
      const [store, last] = [yield* SnapshotStore.SnapshotStore, Number.MAX_SAFE_INTEGER]
      const large = { ...snapshot(1, 1), epoch: last, revision: last }
      assert.isTrue(yield* store.write("large", large))
      assert.deepStrictEqual(yield* read("large"), large)
      assert.isFalse(yield* store.write("large", { ...large, revision: last - 1 }))
      assert.strictEqual(yield* store.spend("large", at(last, last - 1), at(last, last), hour), "accepted")
      const again = yield* store.spend("large", at(last, last - 1), at(last, last), hour)
      assert.deepStrictEqual(again, { successor: at(last, last) })
      assert.strictEqual(yield* store.spend("large", at(last, last - 2), at(last, last), hour), "stale")
      assert.deepStrictEqual(yield* store.retire("large", at(last, last), hour), at(last, last))
      assert.strictEqual(yield* store.spend("large", at(last, last - 1), at(last, last), hour), "spent")
    })
  )

  it.effect("an equal revision takes the place of what is kept, whole", () =>
    Effect.gen(function* () {
      const store = yield* SnapshotStore.SnapshotStore
      yield* store.write("equal", snapshot(1, 1))
      const other = { component: "Stock", version: 2, epoch: 1, revision: 1, state: { name: "ACME" } }
      assert.isTrue(yield* store.write("equal", other))
      assert.deepStrictEqual(yield* read("equal"), other)
    })
  )

  it.effect("of many that are written at once the latest is kept", () =>
    Effect.gen(function* () {
      const store = yield* SnapshotStore.SnapshotStore
      const revisions = Array.from({ length: 50 }, (_, index) => (index * 7) % 50)
      const written = yield* Effect.forEach(revisions, (revision) => store.write("many", snapshot(1, revision)), {
        concurrency: "unbounded"
      })
      assert.isTrue(written[revisions.indexOf(49)])
      assert.deepStrictEqual(yield* read("many"), snapshot(1, 49))
    })
  )

  let written = 0
  it.effect.prop(
    "any state comes back as it was",
    [Schema.JsonObject],
    ([json]) =>
      Effect.gen(function* () {
        const store = yield* SnapshotStore.SnapshotStore
        // JSON knows no -0.
        const state = JSON.parse(JSON.stringify(json))
        yield* store.write("any", { ...snapshot(1, written++), state })
        assert.deepStrictEqual((yield* read("any"))?.state, state)
      }),
    { arbitrary: { runs: 50 } }
  )

  it.effect("an address may be long and odd, and is never taken for another", () =>
    Effect.gen(function* () {
      const store = yield* SnapshotStore.SnapshotStore
      for (const [index, address] of odd.entries()) {
        assert.isTrue(yield* store.write(address, snapshot(1, odd.length - index)))
        assert.strictEqual(yield* store.spend(address, at(1, odd.length - index), at(9, 0), hour), "accepted")
      }
      for (const [index, address] of odd.entries()) {
        assert.deepStrictEqual(yield* read(address), snapshot(1, odd.length - index))
        const again = yield* store.spend(address, at(1, odd.length - index), at(9, 0), hour)
        assert.deepStrictEqual(again, { successor: at(9, 0) })
      }
      yield* Effect.forEach(odd, (address) => store.remove(address))
      for (const address of odd) assert.isUndefined(yield* read(address))
    })
  )

  it.effect("a snapshot is forgotten when its time is over, and writing it again gives it a new time", () =>
    Effect.gen(function* () {
      const store = yield* SnapshotStore.SnapshotStore
      yield* store.write("short", snapshot(5, 5), hour)
      yield* TestClock.adjust("59 minutes")
      assert.deepStrictEqual(yield* read("short"), snapshot(5, 5))
      assert.isFalse(yield* store.write("short", snapshot(5, 4), hour))
      yield* TestClock.adjust("1 minutes")
      assert.isUndefined(yield* read("short"))
      assert.isTrue(yield* store.write("short", snapshot(1, 1), hour))
      yield* TestClock.adjust("30 minutes")
      yield* store.write("short", snapshot(1, 1), hour)
      yield* TestClock.adjust("59 minutes")
      assert.deepStrictEqual(yield* read("short"), snapshot(1, 1))
      yield* store.write("short", snapshot(1, 2), minute)
      yield* TestClock.adjust("1 minutes")
      assert.isUndefined(yield* read("short"))
    })
  )

  it.effect("a snapshot without an end stays, also after it had one", () =>
    Effect.gen(function* () {
      const store = yield* SnapshotStore.SnapshotStore
      yield* store.write("long", snapshot(1, 1), minute)
      yield* store.write("long", snapshot(1, 2))
      yield* store.write("longer", snapshot(1, 1), Duration.infinity)
      yield* TestClock.adjust("30 hours")
      assert.deepStrictEqual(yield* read("long"), snapshot(1, 2))
      assert.deepStrictEqual(yield* read("longer"), snapshot(1, 1))
    })
  )

  it.effect("a token is spent once, and none before the next one is accepted", () =>
    Effect.gen(function* () {
      const store = yield* SnapshotStore.SnapshotStore
      const spend = (token: SnapshotStore.Position, next: SnapshotStore.Position) =>
        store.spend("token", token, next, hour)
      assert.strictEqual(yield* spend(at(1, 7), at(2, 0)), "accepted")
      assert.deepStrictEqual(yield* spend(at(1, 7), at(2, 0)), { successor: at(2, 0) })
      assert.strictEqual(yield* spend(at(1, 6), at(2, 0)), "stale")
      assert.deepStrictEqual(yield* spend(at(1, 99), at(2, 0)), { successor: at(2, 0) })
      assert.strictEqual(yield* spend(at(1, 7), at(2, 0)), "stale")
      assert.strictEqual(yield* spend(at(2, 0), at(3, 0)), "accepted")
      assert.deepStrictEqual(yield* spend(at(2, 0), at(3, 0)), { successor: at(3, 0) })
      assert.strictEqual(yield* spend(at(1, 7), at(2, 0)), "stale")
      assert.strictEqual(yield* spend(at(10, 0), at(11, 0)), "accepted")
      assert.strictEqual(yield* spend(at(9, 0), at(12, 0)), "stale")
    })
  )

  it.effect("a token is accepted again in place of what came of it, until that is in use", () =>
    Effect.gen(function* () {
      const store = yield* SnapshotStore.SnapshotStore
      const again = (next: SnapshotStore.Position, instead: SnapshotStore.Position) =>
        store.spend("again", at(1, 7), next, hour, instead)
      assert.strictEqual(yield* store.spend("again", at(1, 7), at(2, 0), hour), "accepted")
      assert.strictEqual(yield* again(at(3, 0), at(2, 0)), "accepted")
      assert.strictEqual(yield* store.spend("again", at(2, 4), at(4, 0), hour), "stale")
      assert.deepStrictEqual(yield* store.retire("again", at(2, 5), hour), at(3, 0))
      assert.strictEqual(yield* again(at(4, 0), at(3, 0)), "accepted")
      assert.deepStrictEqual(yield* store.retire("again", at(4, 1), hour), at(4, 1))
      assert.strictEqual(yield* store.spend("again", at(1, 8), at(5, 0), hour), "stale")
      assert.strictEqual(yield* again(at(5, 0), at(4, 0)), "spent")
      assert.strictEqual(yield* again(at(5, 0), at(4, 1)), "spent")
      assert.strictEqual(yield* store.spend("again", at(4, 1), at(4, 2), hour), "accepted")
    })
  )

  it.effect("a later token of the same epoch is accepted in place of what came of it, and an earlier one is not", () =>
    Effect.gen(function* () {
      const store = yield* SnapshotStore.SnapshotStore
      const spend = (serial: number, next: SnapshotStore.Position, instead?: SnapshotStore.Position) =>
        store.spend("later", at(1, serial), next, hour, instead)
      assert.strictEqual(yield* spend(5, at(2, 0)), "accepted")
      assert.strictEqual(yield* spend(4, at(3, 0), at(2, 0)), "stale")
      assert.deepStrictEqual(yield* spend(6, at(2, 0)), { successor: at(2, 0) })
      assert.strictEqual(yield* spend(6, at(3, 0), at(2, 0)), "accepted")
      assert.strictEqual(yield* spend(5, at(4, 0), at(3, 0)), "stale")
      assert.deepStrictEqual(yield* spend(6, at(4, 0)), { successor: at(3, 0) })
    })
  )

  it.effect("a request to spend that is carried out late changes nothing that was decided meanwhile", () =>
    Effect.gen(function* () {
      const store = yield* SnapshotStore.SnapshotStore
      const first = store.spend("late", at(1, 7), at(2, 0), hour)
      const second = store.spend("late", at(1, 7), at(3, 0), hour, at(2, 0))
      assert.strictEqual(yield* first, "accepted")
      assert.deepStrictEqual(yield* first, { successor: at(2, 0) })
      assert.strictEqual(yield* second, "accepted")
      assert.deepStrictEqual(yield* first, { successor: at(3, 0) })
      assert.deepStrictEqual(yield* second, { successor: at(3, 0) })
      assert.strictEqual(yield* store.spend("late", at(3, 1), at(3, 2), hour), "accepted")
      assert.strictEqual(yield* first, "stale")
      assert.strictEqual(yield* second, "stale")
    })
  )

  it.effect("a token that a hundred spend at once is accepted from exactly one", () =>
    Effect.gen(function* () {
      const store = yield* SnapshotStore.SnapshotStore
      for (const epoch of [1, 3]) {
        const answers = yield* Effect.all(
          Array.from({ length: 100 }, () => store.spend("crowd", at(epoch, 0), at(epoch + 1, 0), hour)),
          { concurrency: "unbounded" }
        )
        assert.strictEqual(answers.filter((answer) => answer === "accepted").length, 1)
        assert.strictEqual(answers.filter((answer) => typeof answer === "object").length, 99)
        const next = at(epoch + 1, 1)
        const again = yield* Effect.all(
          Array.from({ length: 100 }, () => store.spend("crowd", at(epoch, 0), next, hour, at(epoch + 1, 0))),
          { concurrency: "unbounded" }
        )
        assert.strictEqual(again.filter((answer) => answer === "accepted").length, 1)
      }
    })
  )

  it.effect("tokens before a position are retired, and never accepted again", () =>
    Effect.gen(function* () {
      const store = yield* SnapshotStore.SnapshotStore
      const spend = (token: SnapshotStore.Position) => store.spend("retired", token, at(token.epoch + 1, 0), hour)
      yield* store.retire("retired", at(3, 5), hour)
      assert.strictEqual(yield* spend(at(3, 4)), "stale")
      yield* store.retire("retired", at(3, 1), hour)
      yield* store.retire("retired", at(2, 9), hour)
      assert.strictEqual(yield* spend(at(3, 4)), "stale")
      assert.strictEqual(yield* spend(at(3, 5)), "accepted")
      yield* store.retire("retired", at(8, 0), hour)
      assert.strictEqual(yield* spend(at(3, 5)), "spent")
      assert.strictEqual(yield* spend(at(7, 9)), "stale")
      assert.strictEqual(yield* spend(at(8, 0)), "accepted")
    })
  )

  it.effect("what became of a token is remembered as long as was asked, and longer when asked again", () =>
    Effect.gen(function* () {
      const store = yield* SnapshotStore.SnapshotStore
      const spend = () =>
        Effect.map(store.spend("memory", at(1, 0), at(2, 0), hour), (answer) =>
          typeof answer === "object" ? "spent" : answer
        )
      assert.strictEqual(yield* spend(), "accepted")
      yield* TestClock.adjust("59 minutes")
      assert.strictEqual(yield* spend(), "spent")
      yield* TestClock.adjust("1 minutes")
      assert.strictEqual(yield* spend(), "accepted")
      yield* TestClock.adjust("30 minutes")
      yield* store.retire("memory", at(1, 0), hour)
      yield* TestClock.adjust("50 minutes")
      yield* store.retire("memory", at(1, 0), minute)
      yield* TestClock.adjust("9 minutes")
      assert.strictEqual(yield* spend(), "spent")
      yield* TestClock.adjust("1 minutes")
      assert.strictEqual(yield* spend(), "accepted")
      yield* TestClock.adjust("1 hours")
      yield* store.retire("memory", at(1, 0), hour)
      assert.strictEqual(yield* spend(), "accepted")
      yield* TestClock.adjust("1 hours")
      yield* store.retire("memory", at(1, 0), hour)
      assert.strictEqual(yield* store.spend("memory", at(1, 0), at(2, 0), minute), "accepted")
      yield* TestClock.adjust("59 minutes")
      assert.strictEqual(yield* spend(), "spent")
      yield* TestClock.adjust("1 minutes")
      yield* store.retire("memory", at(5, 0), hour)
      assert.strictEqual(yield* spend(), "stale")
    })
  )

  let instances = 0
  it.effect.prop(
    "any sequence of spending, retiring and waiting is answered as a simple model does",
    [Schema.Array(Command)],
    ([commands]) =>
      Effect.gen(function* () {
        const store = yield* SnapshotStore.SnapshotStore
        const instance = `model ${instances++}`
        const model = new Model()
        const timeToLive = Duration.millis(10)
        for (const command of commands) {
          switch (command._tag) {
            case "Spend": {
              const { ahead, instead, token } = command
              const next = at(token.epoch, token.serial + ahead)
              const successor = model.repeatable?.refuseBefore
              const given =
                instead === "nothing" || successor === undefined
                  ? undefined
                  : successor + (instead === "another" ? 1 : 0)
              const position = given === undefined ? undefined : at(epochOf(given), given % 100)
              const answer = yield* store.spend(instance, token, next, timeToLive, position)
              const said = typeof answer === "string" ? answer : { successor: numberOf(answer.successor) }
              assert.deepStrictEqual(said, model.spend(numberOf(token), numberOf(next), given))
              break
            }
            case "Retire": {
              const position = numberOf(command.position)
              const first = yield* store.retire(instance, command.position, timeToLive)
              model.retire(position)
              const refuseBefore = Math.max(...model.past.map((entry) => entry.refuseBefore))
              assert.strictEqual(first && numberOf(first), model.isAgain(position) ? position : refuseBefore)
              break
            }
            case "Wait": {
              yield* TestClock.adjust(4)
              model.now += 4
            }
          }
        }
      })
  )
}
