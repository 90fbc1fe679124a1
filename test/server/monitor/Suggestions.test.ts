import { assert, describe, it } from "@effect/vitest"
import { type Evidence, of } from "../../../src/server/monitor/Suggestions.ts"

const quiet: Evidence = {
  component: "Board",
  traffic: { changes: 0, bytes: 0, fields: new Map() },
  messages: 0,
  run: 0,
  wait: 0,
  renders: 0,
  publish: 0,
  publishShare: 0,
  largest: 0
}

const cards = (whole: number, bytes: number) => ({
  changes: 200,
  bytes,
  fields: new Map([
    ["cards", { bytes: whole, whole }],
    ["title", { bytes: bytes - whole, whole: 0 }]
  ])
})

describe("a suggestion", () => {
  it("to send changes has the field, its bytes and their share", () => {
    const [suggestion] = of({ ...quiet, traffic: cards(4.1e6, 4.3e6) })
    assert.deepInclude(suggestion, { kind: "whole-values", component: "Board" })
    assert.match(
      suggestion?.message ?? "",
      /^95\.3 % of the bytes of Board are `cards` as a new value: 4\.1 MB in the last minute\. Send changes to the list/
    )
    assert.deepInclude(suggestion?.evidence, { field: "cards", bytes: 4.1e6, changes: 200 })
  })

  it("to let handlers fork has how long messages wait, and how long handlers take", () => {
    const [suggestion] = of({ ...quiet, messages: 40, run: 1100, wait: 4000 })
    assert.deepInclude(suggestion, { kind: "slow-handlers", evidence: { messages: 40, run: 1100, wait: 4000 } })
    assert.include(suggestion?.message, "wait for 4 s, because handlers take 1.1 s one after the other")
  })

  it("to split a state has what publishing takes, and how large the state is", () => {
    const [suggestion] = of({ ...quiet, renders: 100, publish: 80, publishShare: 0.12, largest: 2.1e6 })
    assert.deepInclude(suggestion, { kind: "slow-publish" })
    assert.include(suggestion?.message, "takes 80 ms, and all of them 12 % of the time")
    assert.include(suggestion?.message, "2.1 MB")
  })

  const silent: ReadonlyArray<readonly [string, Partial<Evidence>]> = [
    ["nothing was measured", {}],
    ["there is little traffic", { traffic: cards(2000, 2000) }],
    ["the bytes belong to changes in a list", { traffic: cards(0, 4e6) }],
    ["no field stands out", { traffic: cards(1e6, 4e6) }],
    ["handlers are slow and nobody waits", { messages: 40, run: 3000, wait: 2 }],
    ["messages wait, but not for handlers", { messages: 40, run: 2, wait: 4000 }],
    ["one handler was slow", { messages: 1, run: 3000, wait: 3000 }],
    ["publishing is slow and rare", { renders: 10, publish: 80, publishShare: 0.01, largest: 2e6 }]
  ]
  for (const [when, evidence] of silent) {
    it(`is not made when ${when}`, () => assert.deepStrictEqual(of({ ...quiet, ...evidence }), []))
  }
})
