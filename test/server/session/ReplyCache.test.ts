import { assert, describe, it } from "@effect/vitest"
import { ReplyCache } from "../../../src/server/session/ReplyCache.ts"

const make = () => new ReplyCache<string>({ maxAnswers: 3, maxBytes: 60, sizeOf: (answer) => answer.length })
const request = { of: "instance", what: "Action" }

/** Asks, and gives how it went, the answers heard, how often it was dropped, and how to go on. */
const ask = (cache: ReplyCache<string>, id: number | string, answer?: string, asked = request) => {
  const heard: Array<string> = []
  let [runs, cancelled, dropped] = [0, 0, 0]
  const known = cache.ask(id, asked.of, asked.what, {
    answered: (answer) => void heard.push(answer),
    dropped: () => void dropped++
  })
  if (typeof known === "object" && known.begin()) {
    runs++
    if (answer !== undefined) known.answered(answer)
    known.runs({ cancel: () => void cancelled++ })
  }
  return {
    how: typeof known === "string" ? known : "known",
    heard,
    done: (answer: string) => typeof known === "object" && known.answered(answer),
    cancel: () => typeof known === "object" && known.cancel(),
    runs: () => runs,
    cancelled: () => cancelled,
    dropped: () => dropped
  }
}

describe("a request of a session", () => {
  it("a request that is sent again while it runs joins the run", () => {
    const cache = make()
    const first = ask(cache, 1)
    const second = ask(cache, 1)
    first.done("yes")
    assert.deepStrictEqual([first.heard, second.heard, second.runs()], [["yes"], ["yes"], 0])
  })

  it("a request that is sent again after its end gets the answer", () => {
    const cache = make()
    ask(cache, 1, "yes")
    const second = ask(cache, 1)
    assert.deepStrictEqual([second.how, second.heard, second.runs()], ["known", ["yes"], 0])
  })

  it("a request cannot have the id of another", () => {
    const cache = make()
    ask(cache, 1)
    assert.strictEqual(ask(cache, 1, "yes", { of: "instance", what: "Other" }).how, "taken")
    assert.strictEqual(ask(cache, 1, "yes", { of: "other", what: "Action" }).how, "taken")
  })

  it("an answer that nobody gets is kept for the next who asks", () => {
    const cache = make()
    const first = ask(cache, 1)
    cache.detach()
    first.done("yes")
    assert.deepStrictEqual([first.heard, ask(cache, 1).heard], [[], ["yes"]])
  })

  it("a settled request is forgotten, and one that runs is not", () => {
    const cache = make()
    ask(cache, 1, "one")
    const running = ask(cache, 2)
    ask(cache, 3, "three")
    cache.settleBelow(3)
    assert.strictEqual(cache.size, 2)
    running.done("two")
    assert.deepStrictEqual(running.heard, ["two"])
  })

  it("a settled request does not run again", () => {
    const cache = make()
    ask(cache, 1, "one")
    cache.settleBelow(2)
    assert.strictEqual(ask(cache, 1, "again").how, "forgotten")
  })

  it("a request that nobody waits for any more is cancelled", () => {
    const cache = make()
    const [wanted, unwanted] = [ask(cache, 1), ask(cache, 2)]
    cache.retain([1])
    assert.deepStrictEqual([wanted.cancelled(), unwanted.cancelled(), cache.size], [0, 1, 1])
    unwanted.done("late")
    assert.deepStrictEqual([unwanted.heard, cache.size], [[], 1])
  })

  it("a request with a text as id does not run again as long as the text is remembered", () => {
    const cache = make()
    for (let id = 1; id <= 4; id++) ask(cache, `call ${id}`, "x")
    const again = ask(cache, "call 1", "again")
    assert.deepStrictEqual(
      [again.how, again.runs(), cache.bytes],
      ["forgotten", 0, 2 * "instanceActionxcall 1".length + 2 * "call 1".length]
    )
    for (let id = 5; id <= 2 + 16 * 3; id++) ask(cache, `call ${id}`, "x")
    assert.strictEqual(ask(cache, "call 1", "again").how, "forgotten")
    ask(cache, "the last", "x")
    assert.strictEqual(ask(cache, "call 1", "again").how, "known")
  })

  it("a request does not run again when its answer was removed, in number or in bytes", () => {
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

  it("that was settled is the last one that is: the next may be asked", () => {
    const cache = make()
    cache.settleBelow(2)
    assert.strictEqual(ask(cache, 2).how, "known")
    const later = new ReplyCache<string>({ maxAnswers: 3, maxBytes: 60, sizeOf: () => 0 }, 5)
    assert.deepStrictEqual([ask(later, 4).how, ask(later, 5).how], ["forgotten", "known"])
    later.settleBelow(2)
    assert.strictEqual(ask(later, 3).how, "forgotten")
  })

  it("that has a name is not settled by a number", () => {
    const cache = make()
    ask(cache, "call", "named")
    ask(cache, 1, "one")
    cache.settleBelow(2)
    assert.deepStrictEqual([cache.answers, cache.size], [["named"], 1])
    assert.deepStrictEqual(ask(cache, "call").heard, ["named"])
  })

  it("tells who waits that the client has disconnected, once, and runs on", () => {
    const cache = make()
    const running = ask(cache, 1)
    cache.detach()
    cache.detach()
    assert.deepStrictEqual([running.dropped(), running.cancelled()], [1, 0])
    running.done("yes")
    assert.deepStrictEqual([running.heard, cache.answers], [[], ["yes"]])
  })

  it("is cancelled once, and who waits is told; a later one of the same id is another", () => {
    const cache = make()
    const first = ask(cache, "call")
    cache.cancel("another")
    cache.cancel("call")
    first.cancel()
    assert.deepStrictEqual([first.cancelled(), first.dropped(), cache.size], [1, 1, 0])
    const second = ask(cache, "call")
    first.cancel()
    first.done("late")
    assert.deepStrictEqual([first.heard, second.heard, second.cancelled(), cache.bytes, cache.size], [[], [], 0, 0, 1])
    second.done("yes")
    assert.deepStrictEqual(second.heard, ["yes"])
  })

  it("that was cancelled has no answer, not even one that comes of the cancelling", () => {
    const cache = make()
    const heard: Array<string> = []
    const known = cache.ask(1, request.of, request.what, {
      answered: (answer) => void heard.push(answer),
      dropped: () => heard.push("-")
    })
    if (typeof known === "string") return assert.fail(known)
    known.runs({ cancel: () => known.answered("interrupted") })
    known.cancel()
    assert.deepStrictEqual([heard, cache.bytes, cache.answers], [["-"], 0, []])
  })

  it("can be cancelled before it runs", () => {
    const cache = make()
    const known = cache.ask(1, request.of, request.what, { answered: () => {}, dropped: () => {} })
    cache.cancel(1)
    assert.deepStrictEqual([typeof known, cache.size], ["object", 0])
  })

  it("that has an answer is forgotten, and not cancelled, when nobody waits for it", () => {
    const cache = make()
    const atOnce = ask(cache, 1, "one")
    const later = ask(cache, 2)
    later.done("two")
    ask(cache, 3)
    assert.deepStrictEqual([cache.answers, cache.size], [["one", "two"], 3])
    cache.clear()
    assert.deepStrictEqual([atOnce.cancelled(), later.cancelled(), atOnce.dropped(), later.dropped()], [0, 0, 0, 0])
    assert.deepStrictEqual([cache.answers, cache.size, cache.bytes], [[], 0, 0])
  })

  it("has one answer, the first", () => {
    const cache = make()
    const first = ask(cache, 1)
    first.done("yes")
    first.done("no")
    assert.deepStrictEqual(
      [first.heard, ask(cache, 1).heard, cache.bytes],
      [["yes"], ["yes"], "instanceActionyes".length]
    )
    cache.settleBelow(2)
    assert.strictEqual(cache.bytes, 0)
  })

  it("keeps its answer up to the last byte that there is room for, and alone however large", () => {
    const cache = make()
    const half = "x".repeat(30 - "instanceAction".length)
    ask(cache, 1, half)
    ask(cache, 2, half)
    assert.deepStrictEqual([cache.answers, cache.bytes], [[half, half], 60])
    const large = "x".repeat(1000)
    ask(cache, 3, large)
    assert.deepStrictEqual([cache.answers, ask(cache, 3).heard], [[large], [large]])
    // One that had to make room does not make the later ones forgotten.
    assert.strictEqual(ask(cache, 4).how, "known")
  })

  it("that runs makes no room for answers", () => {
    const cache = make()
    const running = ask(cache, 1)
    for (let id = 2; id <= 5; id++) ask(cache, id, "x")
    assert.strictEqual(cache.size, 4)
    running.done("late")
    assert.deepStrictEqual(running.heard, ["late"])
  })

  it("leaves its name when its answer had to make room, and no more names than may be", () => {
    const cache = make()
    assert.strictEqual(cache.names, 0)
    for (let id = 1; id <= 4; id++) ask(cache, `call ${id}`, "x")
    // There is room for two of them.
    assert.strictEqual(cache.names, 2)
    for (let id = 5; id <= 100; id++) ask(cache, `call ${id}`, "x")
    assert.strictEqual(cache.names, 16 * 3)
  })
})
