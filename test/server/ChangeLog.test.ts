import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { ChangeLog } from "../../src/server/ChangeLog.ts"
import { defaults } from "../../src/server/LiveConfig.ts"

const Step = Schema.Union([
  Schema.TaggedStruct("Append", { kind: Schema.Literals(["patch", "event"]), length: Schema.Literals([1, 5, 9]) }),
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

interface Entry {
  readonly kind: "patch" | "event"
  readonly position: number
  readonly text: string
}

describe("the log of an instance", () => {
  it.effect.prop(
    "gives every change that follows a place, in order, or says that it cannot; and stays within its bounds",
    [Bounds, Schema.Array(Step).check(Schema.isMaxLength(40))],
    ([bounds, steps]) =>
      Effect.sync(() => {
        const log = new ChangeLog({ ...defaults, ...bounds })
        const all: Array<Entry> = []
        const places = [{ revision: 0, index: 0 }]
        let [revision, events, behind] = [0, 0, false]
        for (const step of steps) {
          if (step._tag === "Append") {
            const position = step.kind === "patch" ? ++revision : ++events
            const text = `${step.kind} ${position} `.padEnd(step.length, "x")
            if (!behind) log.fellBehind()
            behind = true
            all.push({ kind: step.kind, position, text })
            log.append(step.kind, position, text)
            places.push({ revision, index: events })
          } else if (step._tag === "CatchUp") {
            if (behind) log.caughtUp()
            behind = false
          } else {
            log.away = step._tag === "Leave" ? 1 : 0
          }
        }
        assert.isAtMost(log.bytes, bounds.patchLogBytes)
        for (const [at, place] of places.entries()) {
          const from = log.placeOf(place, revision)
          const texts = from === undefined ? undefined : log.since(from, Infinity)
          if (texts === undefined) continue
          const missed = all.slice(at)
          const patches = (entries: ReadonlyArray<string>) => entries.filter((text) => text.startsWith("patch"))
          const given = texts === "" ? [] : texts.split(",")
          // Of the events the oldest go first when there are too many; of the changes none is ever missing.
          assert.deepStrictEqual(patches(given), patches(missed.map(({ text }) => text)))
          assert.deepStrictEqual(
            given,
            missed.map(({ text }) => text).filter((text) => given.includes(text))
          )
        }
      }),
    { arbitrary: { runs: 500 } }
  )
})
