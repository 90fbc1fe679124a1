/**
 * The queue in front of an actor: bounded, with a control lane that jumps it and an overflow policy that is data. It is a
 * plain data structure; it runs nothing, waits for nothing and knows no actor. Empty, it holds no array.
 */

/** Messages of the control lane are taken before all others; they count towards the same capacity. */
export type Lane = "normal" | "control"

/** A message on its way. */
export interface Envelope {
  readonly tag: string
  readonly payload: unknown
  readonly lane: Lane
  /** Milliseconds since the epoch after which it must not run; `Infinity` when it does not expire. */
  readonly expiresAt: number
}

/** What happens to a message that finds the mailbox full. */
export type Overflow =
  /** The sender is refused. */
  | { readonly _tag: "Fail" }
  /** The new message is dropped and the sender goes on. */
  | { readonly _tag: "DropNewest" }
  /** The message that waited longest is dropped to make room. */
  | { readonly _tag: "DropOldest" }
  /** The sender waits until there is room. */
  | { readonly _tag: "Backpressure" }
  /** A message takes the place of the waiting one with the same key, full or not; with no such message it is as `Fail`. */
  | { readonly _tag: "Coalesce"; readonly key: (tag: string, payload: unknown) => string | undefined }

/** The overflow policies. */
export const Overflow = {
  fail: { _tag: "Fail" },
  dropNewest: { _tag: "DropNewest" },
  dropOldest: { _tag: "DropOldest" },
  backpressure: { _tag: "Backpressure" },
  coalesce: (key: (tag: string, payload: unknown) => string | undefined): Overflow => ({ _tag: "Coalesce", key })
} as const satisfies Record<string, Overflow | ((key: (tag: string, payload: unknown) => string | undefined) => Overflow)>

/** What became of an offered message. */
export type Offered<E extends Envelope> =
  | { readonly _tag: "Accepted" }
  | { readonly _tag: "Refused" }
  | { readonly _tag: "Waiting" }
  /** Accepted at the expense of `dropped`, or, if `dropped` is the message itself, not accepted. */
  | { readonly _tag: "Dropped"; readonly dropped: E; readonly reason: "MailboxFull" | "Coalesced" }

const accepted = { _tag: "Accepted" } as const
const refused = { _tag: "Refused" } as const
const waiting = { _tag: "Waiting" } as const

/** A bounded queue of envelopes in two lanes. */
export class Mailbox<E extends Envelope> {
  readonly capacity: number
  readonly overflow: Overflow
  #lanes: { readonly control: Fifo<E>; readonly normal: Fifo<E>; readonly waiting: Fifo<E> } | undefined

  constructor(capacity: number, overflow: Overflow) {
    this.capacity = capacity
    this.overflow = overflow
  }

  /** Messages inside; senders that wait for room are not counted. */
  get size(): number {
    return this.#lanes === undefined ? 0 : this.#lanes.control.size + this.#lanes.normal.size
  }

  /** Offers a message; the answer tells what became of it, or of another that made room for it. */
  offer(envelope: E): Offered<E> {
    const lanes = (this.#lanes ??= { control: new Fifo(), normal: new Fifo(), waiting: new Fifo() })
    if (this.overflow._tag === "Coalesce") {
      const key = this.overflow.key(envelope.tag, envelope.payload)
      const replaced = key === undefined ? undefined : this.#replace(lanes[envelope.lane], key, envelope)
      if (replaced !== undefined) return { _tag: "Dropped", dropped: replaced, reason: "Coalesced" }
    }
    if (this.size < this.capacity) {
      lanes[envelope.lane].push(envelope)
      return accepted
    }
    switch (this.overflow._tag) {
      case "DropNewest":
        return { _tag: "Dropped", dropped: envelope, reason: "MailboxFull" }
      case "DropOldest": {
        const dropped = lanes.normal.shift() ?? lanes.control.shift()
        lanes[envelope.lane].push(envelope)
        return dropped === undefined ? accepted : { _tag: "Dropped", dropped, reason: "MailboxFull" }
      }
      case "Backpressure":
        lanes.waiting.push(envelope)
        return waiting
      default:
        return refused
    }
  }

  /** Puts a message of the runtime itself into the control lane, full or not. */
  push(envelope: E): void {
    ;(this.#lanes ??= { control: new Fifo(), normal: new Fifo(), waiting: new Fifo() }).control.push(envelope)
  }

  /** The next message: control first, then in order of arrival; `promoted` is a waiting sender's message that got its place. */
  take(): { readonly message: E; readonly promoted: E | undefined } | undefined {
    const lanes = this.#lanes
    const message = lanes?.control.shift() ?? lanes?.normal.shift()
    if (lanes === undefined || message === undefined) return undefined
    const promoted = this.size < this.capacity ? lanes.waiting.shift() : undefined
    if (promoted !== undefined) lanes[promoted.lane].push(promoted)
    return { message, promoted }
  }

  /** Takes one message out, wherever it waits; false when it is not here. */
  remove(envelope: E): boolean {
    const lanes = this.#lanes
    if (lanes === undefined) return false
    return lanes[envelope.lane].remove(envelope) || lanes.waiting.remove(envelope)
  }

  #replace(lane: Fifo<E>, key: string, envelope: E): E | undefined {
    const overflow = this.overflow
    if (overflow._tag !== "Coalesce") return undefined
    return lane.replace((queued) => overflow.key(queued.tag, queued.payload) === key, envelope)
  }
}

/** An array queue whose `shift` is constant time on average. */
class Fifo<A> {
  #items: Array<A> = []
  #head = 0

  get size(): number {
    return this.#items.length - this.#head
  }

  push(item: A): void {
    this.#items.push(item)
  }

  shift(): A | undefined {
    if (this.#head === this.#items.length) return undefined
    const item = this.#items[this.#head]
    this.#items[this.#head] = undefined as never
    this.#head++
    if (this.#head === this.#items.length) {
      this.#items.length = 0
      this.#head = 0
    } else if (this.#head >= 1024 && this.#head * 2 >= this.#items.length) {
      this.#items = this.#items.slice(this.#head)
      this.#head = 0
    }
    return item
  }

  remove(item: A): boolean {
    const index = this.#items.indexOf(item, this.#head)
    if (index < 0) return false
    this.#items.splice(index, 1)
    return true
  }

  replace(matches: (item: A) => boolean, item: A): A | undefined {
    for (let index = this.#head; index < this.#items.length; index++) {
      const queued = this.#items[index] as A
      if (matches(queued)) {
        this.#items[index] = item
        return queued
      }
    }
    return undefined
  }
}
