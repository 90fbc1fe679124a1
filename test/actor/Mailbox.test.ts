import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import { type Envelope, Mailbox, Overflow } from "../../src/actor/Mailbox.ts"
import { collectGarbage } from "../support/heap.ts"

interface Letter extends Envelope {
  readonly id: number
}

let ids = 0
const letter = (lane: Envelope["lane"] = "normal", tag = "tag"): Letter => ({
  id: ids++,
  tag,
  payload: undefined,
  lane,
  expiresAt: Infinity,
  key: undefined
})

/** What a mailbox promises, in the plainest arrays. */
class Model {
  readonly capacity: number
  readonly overflow: Overflow
  inside: Array<Letter> = []
  internal: Array<Letter> = []
  outside: Array<Letter> = []

  constructor(capacity: number, overflow: Overflow) {
    this.capacity = capacity
    this.overflow = overflow
  }

  offer(envelope: Letter): { readonly _tag: string; readonly dropped?: Letter; readonly reason?: string } {
    if (envelope.lane === "internal") {
      this.internal.push(envelope)
      return { _tag: "Accepted" }
    }
    if (this.overflow._tag === "Coalesce") {
      const { key } = this.overflow
      const index = this.inside.findIndex(
        (other) =>
          other.lane === envelope.lane &&
          key(other.tag, other.payload) !== undefined &&
          key(other.tag, other.payload) === key(envelope.tag, envelope.payload)
      )
      if (index >= 0)
        return {
          _tag: "Dropped",
          dropped: this.inside.splice(index, 1, envelope)[0] as Letter,
          reason: "Coalesced"
        }
    }
    if (this.inside.length < this.capacity) {
      this.inside.push(envelope)
      return { _tag: "Accepted" }
    }
    switch (this.overflow._tag) {
      case "DropNewest":
        return { _tag: "Dropped", dropped: envelope, reason: "MailboxFull" }
      case "DropOldest": {
        const index = this.inside.findIndex(({ lane }) => lane === "normal")
        const [dropped] = this.inside.splice(Math.max(index, 0), 1)
        this.inside.push(envelope)
        return { _tag: "Dropped", dropped: dropped as Letter, reason: "MailboxFull" }
      }
      case "Backpressure":
        this.outside.push(envelope)
        return { _tag: "Waiting" }
      default:
        return { _tag: "Refused" }
    }
  }

  take(): Letter | undefined {
    const internal = this.internal.shift()
    if (internal !== undefined) return internal
    const control = this.inside.findIndex(({ lane }) => lane === "control")
    return this.inside.splice(Math.max(control, 0), 1)[0]
  }

  remove(envelope: Letter): void {
    for (const list of [this.internal, this.inside, this.outside]) {
      if (list.includes(envelope)) list.splice(list.indexOf(envelope), 1)
    }
  }

  promote(): Letter | undefined {
    const promoted = this.inside.length < this.capacity ? this.outside.shift() : undefined
    if (promoted !== undefined) this.inside.push(promoted)
    return promoted
  }

  get all(): ReadonlyArray<Letter> {
    return [...this.internal, ...this.inside, ...this.outside]
  }
}

const Command = Schema.Struct({
  do: Schema.Literals(["offer", "offer", "offer", "take", "remove"]),
  lane: Schema.Literals(["normal", "normal", "control", "internal"]),
  tag: Schema.Literals(["a", "b", "c"]),
  pick: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 20 }))
})

const policies: ReadonlyArray<readonly [string, Overflow]> = [
  ["fail", Overflow.fail],
  ["dropNewest", Overflow.dropNewest],
  ["dropOldest", Overflow.dropOldest],
  ["backpressure", Overflow.backpressure],
  ["coalesce", Overflow.coalesce((tag) => (tag === "c" ? undefined : tag))]
]

describe("Mailbox", () => {
  for (const [name, overflow] of policies) {
    it.prop(
      `a mailbox behaves like its model with ${name}`,
      [
        Schema.Array(Command).check(Schema.isMinLength(10), Schema.isMaxLength(60)),
        Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 4 }))
      ],
      ([commands, capacity]) => {
        const mailbox = new Mailbox<Letter>(capacity, overflow)
        const model = new Model(capacity, overflow)
        for (const command of commands) {
          switch (command.do) {
            case "offer": {
              const envelope = letter(command.lane, command.tag)
              const expected = model.offer(envelope)
              assert.deepStrictEqual<unknown>(mailbox.offer(envelope), expected)
              break
            }
            case "take":
              assert.strictEqual(mailbox.take(), model.take())
              assert.strictEqual(mailbox.promote(), model.promote())
              break
            case "remove": {
              const envelope = model.all[command.pick] ?? letter()
              model.remove(envelope)
              mailbox.remove(envelope)
              assert.strictEqual(mailbox.promote(), model.promote())
            }
          }
          assert.strictEqual(mailbox.size, model.inside.length)
          assert.strictEqual(mailbox.oldest, model.inside.find(({ lane }) => lane === "normal") ?? model.inside[0])
          assert.isAtMost(mailbox.size, capacity)
          assert.isTrue(model.outside.length === 0 || mailbox.size === capacity, "a sender waits though there is room")
        }
        while (model.all.length > 0) {
          assert.strictEqual(mailbox.take(), model.take())
          assert.strictEqual(mailbox.promote(), model.promote())
        }
        assert.isUndefined(mailbox.take())
      },
      { arbitrary: { runs: 300 } }
    )
  }

  it("a mailbox keeps the order of many messages while they come and go", () => {
    const mailbox = new Mailbox<Letter>(Infinity, Overflow.fail)
    const letters = Array.from({ length: 10_000 }, () => letter())
    const taken: Array<Letter | undefined> = []
    letters.forEach((envelope, index) => {
      mailbox.offer(envelope)
      if (index % 3 === 0) taken.push(mailbox.take())
    })
    while (mailbox.size > 0) taken.push(mailbox.take())
    assert.deepStrictEqual(taken, letters)
  })

  it("a mailbox holds nothing of what was taken, and no room for it", () => {
    const made = Array.from({ length: 1000 }, () => new Mailbox<Letter>(Infinity, Overflow.fail))
    const [large, busy] = [0, 1].map(() => new Mailbox<Letter>(Infinity, Overflow.fail)) as [
      Mailbox<Letter>,
      Mailbox<Letter>
    ]
    const same = letter()
    const before = collectGarbage()
    // A thousand that were emptied, each with a number of messages behind it.
    for (const mailbox of made) {
      for (let i = 0; i < 500; i++) {
        mailbox.offer(same)
        mailbox.take()
      }
    }
    // Two that are never empty: one with large messages, and one with very many.
    for (let i = 0; i < 500; i++) large.offer({ ...same, payload: new Float64Array(1000) })
    for (let i = 0; i < 499; i++) large.take()
    busy.offer(same)
    for (let i = 0; i < 500_000; i++) {
      busy.offer(same)
      busy.take()
    }
    assert.isBelow(collectGarbage() - before, 1_000_000)
    assert.deepStrictEqual([made.length, large.size, busy.size], [1000, 1, 1])
  })

  it("a mailbox copies what is left seldom, however much it has taken", () => {
    const mailbox = new Mailbox<Letter>(Infinity, Overflow.fail)
    for (let i = 0; i < 10_000; i++) mailbox.offer(letter())
    const { slice } = Array.prototype
    let copies = 0
    Array.prototype.slice = function (...args) {
      copies += 1
      return slice.apply(this, args) as Array<unknown>
    }
    try {
      while (mailbox.size > 0) mailbox.take()
      mailbox.offer(letter())
      for (let i = 0; i < 10_000; i++) {
        mailbox.offer(letter())
        mailbox.take()
      }
    } finally {
      Array.prototype.slice = slice
    }
    assert.isAtMost(copies, 14)
  })

  it("a mailbox takes internal messages first and does not count them", () => {
    const mailbox = new Mailbox<Letter>(1, Overflow.dropOldest)
    const [normal, control, internal] = [letter(), letter("control"), letter("internal")]
    mailbox.offer(internal)
    mailbox.offer(normal)
    assert.strictEqual(mailbox.size, 1)
    assert.deepStrictEqual(mailbox.offer(control), { _tag: "Dropped", dropped: normal, reason: "MailboxFull" })
    assert.deepStrictEqual([mailbox.take(), mailbox.take(), mailbox.take()], [internal, control, undefined])
  })

  it("a mailbox has room for at least one message", () => {
    assert.strictEqual(new Mailbox<Letter>(0, Overflow.fail).offer(letter())._tag, "Accepted")
  })
})
