import { assert, describe, it } from "@effect/vitest"
import { ReplyCache } from "../../../src/server/session/ReplyCache.ts"

const make = () => new ReplyCache<string>({ maxAnswers: 3, maxBytes: 60, sizeOf: (answer) => answer.length })
const request = { of: "instance", what: "Action" }

/** Asks, and gives how it went, the answers heard and how to go on. */
const ask = (ledger: ReplyCache<string>, id: number | string, answer?: string, asked = request) => {
  const heard: Array<string> = []
  let [runs, cancelled] = [0, 0]
  let done: (answer: string) => void = () => {}
  const how = ledger.ask(
    id,
    asked,
    (answer) => heard.push(answer),
    (answered) => {
      runs++
      done = answered
      if (answer !== undefined) answered(answer)
      return () => void cancelled++
    }
  )
  return { how, heard, done: (answer: string) => done(answer), runs: () => runs, cancelled: () => cancelled }
}

describe("a request of a session", () => {
  it("that is sent again while it runs joins the run", () => {
    const ledger = make()
    const first = ask(ledger, 1)
    const second = ask(ledger, 1)
    first.done("yes")
    assert.deepStrictEqual([first.heard, second.heard, second.runs()], [["yes"], ["yes"], 0])
  })

  it("that is sent again after it ended gets the answer", () => {
    const ledger = make()
    ask(ledger, 1, "yes")
    const second = ask(ledger, 1)
    assert.deepStrictEqual([second.how, second.heard, second.runs()], ["known", ["yes"], 0])
  })

  it("has an id that nothing else may have", () => {
    const ledger = make()
    ask(ledger, 1)
    assert.strictEqual(ask(ledger, 1, "yes", { of: "instance", what: "Other" }).how, "taken")
    assert.strictEqual(ask(ledger, 1, "yes", { of: "other", what: "Action" }).how, "taken")
  })

  it("whose answer is not heard by anybody is kept for who asks next", () => {
    const ledger = make()
    const first = ask(ledger, 1)
    ledger.detach()
    first.done("yes")
    assert.deepStrictEqual([first.heard, ask(ledger, 1).heard], [[], ["yes"]])
  })

  it("that is settled is forgotten, and one that runs is not", () => {
    const ledger = make()
    ask(ledger, 1, "one")
    const running = ask(ledger, 2)
    ask(ledger, 3, "three")
    ledger.settleBelow(3)
    assert.strictEqual(ledger.size, 2)
    running.done("two")
    assert.deepStrictEqual(running.heard, ["two"])
  })

  it("that was settled is not run again", () => {
    const ledger = make()
    ask(ledger, 1, "one")
    ledger.settleBelow(2)
    assert.strictEqual(ask(ledger, 1, "again").how, "forgotten")
  })

  it("that nobody waits for any more is cancelled", () => {
    const ledger = make()
    const [wanted, unwanted] = [ask(ledger, 1), ask(ledger, 2)]
    ledger.retain(new Set([1]))
    assert.deepStrictEqual([wanted.cancelled(), unwanted.cancelled(), ledger.size], [0, 1, 1])
    unwanted.done("late")
    assert.deepStrictEqual([unwanted.heard, ledger.size], [[], 1])
  })

  it("that has a name is not run again when its answer had to make room, as long as its name is remembered", () => {
    const ledger = make()
    for (let id = 1; id <= 4; id++) ask(ledger, `call ${id}`, "x")
    const again = ask(ledger, "call 1", "again")
    assert.deepStrictEqual(
      [again.how, again.runs(), ledger.bytes],
      ["forgotten", 0, 2 * "instanceActionxcall 1".length + 2 * "call 1".length]
    )
    for (let id = 5; id <= 2 + 16 * 3; id++) ask(ledger, `call ${id}`, "x")
    assert.strictEqual(ask(ledger, "call 1", "again").how, "forgotten")
    ask(ledger, "the last", "x")
    assert.strictEqual(ask(ledger, "call 1", "again").how, "known")
  })

  it("is not run again when its answer had to make room, in number or in bytes", () => {
    const many = make()
    for (let id = 1; id <= 4; id++) ask(many, id, "x")
    assert.strictEqual(ask(many, 1, "again").how, "forgotten")
    assert.deepStrictEqual(ask(many, 2).heard, ["x"])
    const large = make()
    const answer = "x".repeat(20)
    ask(large, 1, answer)
    ask(large, 2, answer)
    assert.strictEqual(ask(large, 1, "again").how, "forgotten")
    // What was asked counts, too.
    assert.deepStrictEqual([ask(large, 2).heard, large.bytes], [[answer], "instanceAction".length + 20])
  })
})
