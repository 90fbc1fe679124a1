/** What instances count of themselves, and what that holds of memory. */
import { assert, describe, it } from "@effect/vitest"
import { Cause, Exit } from "effect"
import * as Message from "../../../src/actor/Message.ts"
import { ComponentStats } from "../../../src/server/instance/ComponentStats.ts"
import * as Figures from "../../../src/server/instance/Figures.ts"
import { InstanceStats } from "../../../src/server/instance/InstanceStats.ts"
import { TimeRows } from "../../../src/server/instance/TimeRows.ts"
import { collectGarbage } from "../../support/heap.ts"

/** A clock that a test sets. */
const make = () => {
  const time = { micros: 1, reads: 0 }
  const host = {
    turn: () => Math.floor(time.micros / 1000),
    micros: () => {
      time.reads++
      return time.micros
    },
    rows: new TimeRows()
  }
  const component = new ComponentStats()
  return { component, host, stats: new InstanceStats(component, host), time }
}

const message = () => Message.make("Add", undefined, undefined, Infinity, undefined, undefined)

describe("what an instance counts", () => {
  it("handlers that end at once are all counted, and one in eight of them stands for the others", () => {
    const { component, stats, time } = make()
    for (let call = 0; call < 8064; call++) {
      const each = message()
      stats.begun(each)
      time.micros += 100
      stats.ended(each, Exit.void)
    }
    assert.isBelow(time.reads, 3000)
    const figures = Figures.of(stats, 0)
    assert.strictEqual(figures.actions, 8064)
    assert.closeTo(figures.run.total, 806.4, 0.001)
    assert.closeTo(figures.run.average, 0.1, 0.001)
    assert.closeTo(Figures.of(component, 0).run.p50, 0.1, 0.01)
  })

  it("a handler that waits is always timed, and so is a message that waited", () => {
    const { stats, time } = make()
    for (let call = 0; call < 1000; call++) {
      const each = message()
      stats.queued(each)
      time.micros += 200
      stats.begun(each)
      stats.continued(each)
      time.micros += 300
      stats.ended(each, Exit.void)
    }
    const { run, wait } = Figures.of(stats, 0)
    assert.deepInclude(run, { total: 300, average: 0.3, max: 0.3 })
    assert.deepInclude(wait, { total: 200, average: 0.2, max: 0.2 })
  })

  it("errors, interruptions, time limits and crashes are told apart", () => {
    const { stats } = make()
    const each = (act: (of: Message.Message) => void) => {
      const of = message()
      stats.begun(of)
      act(of)
    }
    each((of) => stats.ended(of, Exit.void))
    each((of) => stats.ended(of, Exit.fail("no")))
    each((of) => stats.ended(of, Exit.interrupt()))
    each((of) => stats.ended(Object.assign(of, { overdue: true }), Exit.failCause(Cause.interrupt())))
    each((of) => stats.crashed(of))
    stats.crashed(undefined)
    const { actions, cancelled, defects, failures, recently, timeouts } = Figures.of(stats, 0)
    assert.deepStrictEqual(
      { actions, failures, cancelled, timeouts, defects, crashes: recently.crashes },
      { actions: 5, failures: 1, cancelled: 1, timeouts: 1, defects: 2, crashes: 2 }
    )
  })

  it("all of that takes at most 512 bytes an instance", () => {
    const { component, host } = make()
    const count = 10_000
    const all: Array<InstanceStats> = Array.from({ length: count })
    const before = collectGarbage()
    for (let index = 0; index < count; index++) {
      const stats = (all[index] = new InstanceStats(component, host))
      for (let call = 0; call < 3; call++) {
        const each = message()
        stats.queued(each)
        stats.begun(each)
        stats.updated()
        stats.published(stats.publishing)
        stats.ended(each, Exit.void)
      }
    }
    const bytes = (collectGarbage() - before) / count
    assert.isAtMost(bytes, 512)
    assert.lengthOf(all, count)
  })
})
