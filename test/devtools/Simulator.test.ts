import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { calm, type Disturbance, Simulator } from "../../src/devtools/Simulator.ts"
import { read, sane, write } from "../../src/devtools/SimulatorSettings.ts"

/** A clock that goes on when the test says so, and chance that the test has chosen. */
const made = (chances: ReadonlyArray<number> = [0.5]) => {
  let [now, next, ids] = [0, 0, 0]
  const timers = new Map<number, { readonly at: number; readonly ring: () => void }>()
  const simulator = new Simulator({
    now: () => now,
    after: (millis, ring) => {
      const id = ids++
      timers.set(id, { at: now + millis, ring })
      return () => timers.delete(id)
    },
    random: () => chances[next++ % chances.length] ?? 0.5
  })
  const advance = (millis: number) => {
    const until = now + millis
    while (true) {
      const due = [...timers].filter(([, { at }]) => at <= until).toSorted(([, a], [, b]) => a.at - b.at)[0]
      if (due === undefined) break
      timers.delete(due[0])
      now = Math.max(now, due[1].at)
      due[1].ring()
    }
    now = until
  }
  return { simulator, advance, now: () => now, timers }
}

const never = () => assert.fail("The connection was cut.")
const late = (settings: Partial<Disturbance>): Disturbance => ({ ...calm, ...settings })

const Step = Schema.Union([
  Schema.TaggedStruct("Frame", { way: Schema.Literals(["leaves", "arrives"]) }),
  Schema.TaggedStruct("Set", { delay: Schema.Literals([0, 0, 1, 30, 500]), jitter: Schema.Literals([0, 7, 300]) }),
  Schema.TaggedStruct("Advance", { millis: Schema.Literals([1, 10, 400]) })
])

describe("the simulator", () => {
  it.effect.prop(
    "passes each frame once, in the order of its way, and as late as it is to be",
    [Schema.Array(Step), Schema.NonEmptyArray(Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 0.999 })))],
    ([steps, chances]) =>
      Effect.sync(() => {
        const { advance, now, simulator } = made(chances)
        const passed = { leaves: [] as Array<number>, arrives: [] as Array<number> }
        const counts = { leaves: 0, arrives: 0 }
        /** When the last of each way is to have passed. */
        const latest = { leaves: 0, arrives: 0 }
        for (const step of steps) {
          if (step._tag === "Set") simulator.set(late(step))
          if (step._tag === "Advance") advance(step.millis)
          if (step._tag !== "Frame") continue
          const { way } = step
          const index = counts[way]++
          const { delay, jitter } = simulator.settings
          const earliest = now() + delay
          latest[way] = Math.max(latest[way], now() + delay + jitter)
          const limit = Math.ceil(latest[way])
          simulator[way](() => {
            assert.isAtLeast(now(), earliest)
            assert.isAtMost(now(), limit + 1)
            passed[way].push(index)
          }, never)
        }
        advance(10_000)
        for (const way of ["leaves", "arrives"] as const) {
          assert.deepStrictEqual(
            passed[way],
            Array.from({ length: counts[way] }, (_, index) => index)
          )
        }
      })
  )

  it("passes everything at once while nothing is wrong", () => {
    const { simulator, timers } = made()
    let passed = 0
    for (let frame = 0; frame < 3; frame++) simulator.leaves(() => passed++, never)
    assert.deepStrictEqual([passed, timers.size], [3, 0])
  })

  it("cuts the connection by chance, and what was under way never arrives", () => {
    const { advance, simulator } = made([0.9, 0.1])
    const passed: Array<string> = []
    simulator.set(late({ delay: 100 }))
    simulator.leaves(() => passed.push("before"), never)
    simulator.set(late({ delay: 100, drop: 50 }))
    simulator.leaves(() => passed.push("held"), never)
    let cuts = 0
    simulator.arrives(
      () => passed.push("cut"),
      () => cuts++
    )
    advance(1000)
    assert.deepStrictEqual([passed, cuts], [[], 1])
  })

  it("tells that the server has closed no sooner than what it sent before", () => {
    const { advance, simulator } = made()
    const passed: Array<string> = []
    simulator.set(late({ delay: 100 }))
    simulator.arrives(() => passed.push("frame"), never)
    simulator.set(calm)
    simulator.closes(() => passed.push("close"))
    advance(99)
    assert.deepStrictEqual(passed, [])
    advance(1)
    assert.deepStrictEqual(passed, ["frame", "close"])
  })

  it("makes no connection while it is offline, and cuts the one there is", () => {
    const { simulator } = made()
    simulator.set(late({ offline: true }))
    let cuts = 0
    simulator.leaves(
      () => assert.fail("It was passed."),
      () => cuts++
    )
    assert.deepStrictEqual([cuts, simulator.connects()], [1, false])
    simulator.set(calm)
    assert.isTrue(simulator.connects())
  })

  it("lets all that is under way arrive in order when it ends", () => {
    const { simulator, timers } = made()
    const passed: Array<number> = []
    simulator.set(late({ delay: 100, jitter: 50 }))
    for (const frame of [1, 2, 3]) simulator.arrives(() => passed.push(frame), never)
    simulator.end()
    simulator.arrives(() => passed.push(4), never)
    assert.deepStrictEqual([passed, timers.size], [[1, 2, 3, 4], 0])
  })
})

describe("the settings of a page", () => {
  const storage = () => {
    const items = new Map<string, string>()
    return {
      items,
      getItem: (name: string) => items.get(name) ?? null,
      setItem: (name: string, text: string) => void items.set(name, text),
      removeItem: (name: string) => void items.delete(name)
    }
  }

  it.effect.prop("are possible ones, whatever was kept, and those that were set come back", [Schema.Json], ([json]) =>
    Effect.sync(() => {
      const place = storage()
      place.setItem("fibra/devtools/simulator", JSON.stringify(json))
      const settings = read(place)
      assert.deepStrictEqual(sane(settings), settings)
      const wanted = sane({ delay: 120, jitter: 30, drop: 1.5, offline: json === null })
      write(place, wanted)
      assert.deepStrictEqual(read(place), wanted)
    })
  )

  it("leave nothing behind when all is well, and need no storage", () => {
    const place = storage()
    write(place, late({ delay: 1 }))
    write(place, calm)
    assert.strictEqual(place.items.size, 0)
    const refused = () => {
      throw new Error("refused")
    }
    for (const none of [undefined, { getItem: refused, setItem: refused, removeItem: refused }]) {
      write(none, late({ delay: 1 }))
      assert.deepStrictEqual(read(none), calm)
    }
  })
})
