/**
 * The queue in front of an actor: bounded, with a control lane that jumps it and an overflow policy that is data. It is a
 * plain data structure; it runs nothing, waits for nothing and knows no actor.
 */

/** Messages of the control lane are taken before those of the normal one; both count towards the same capacity. */
export type Lane = "normal" | "control"

/** A message on its way. */
export interface Envelope {
  readonly tag: string
  readonly payload: unknown
  /** Messages of the runtime itself are `internal`: taken first, never counted and never dropped for want of room. */
  readonly lane: Lane | "internal"
  /** Milliseconds on the clock of its actor after which it must not run; `Infinity` when it does not expire. */
  readonly expiresAt: number
  /** Set by the mailbox when its policy is to coalesce. */
  key: string | undefined
}

/** What happens to a message that finds the mailbox full. */
export type Overflow =
  /** The sender is refused. */
  | { readonly _tag: "Fail" }
  /** The new message is dropped and the sender goes on. */
  | { readonly _tag: "DropNewest" }
  /** The message that waited longest is dropped to make room; those of the control lane only when there is no other. */
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
} as const satisfies Record<
  string,
  Overflow | ((key: (tag: string, payload: unknown) => string | undefined) => Overflow)
>

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

/**
 * A bounded queue of envelopes. Senders that wait for room get it in their order: whoever calls `take` or `remove` asks
 * `promote` afterwards, so that nobody waits while there is room.
 */
export class Mailbox<E extends Envelope> {
  readonly capacity: number
  readonly overflow: Overflow
  readonly #internal = new Fifo<E>()
  readonly #control = new Fifo<E>()
  readonly #normal = new Fifo<E>()
  readonly #waiting = new Fifo<E>()

  constructor(capacity: number, overflow: Overflow) {
    this.capacity = Math.max(1, capacity)
    this.overflow = overflow
  }

  /** Messages inside; senders that wait for room and messages of the runtime itself are not counted. */
  get size(): number {
    return this.#control.size + this.#normal.size
  }

  /** Offers a message; the answer tells what became of it, or of another that made room for it. */
  offer(envelope: E): Offered<E> {
    const lane = this.#lane(envelope)
    if (lane === this.#internal) {
      lane.push(envelope)
      return accepted
    }
    if (this.overflow._tag === "Coalesce") {
      envelope.key = this.overflow.key(envelope.tag, envelope.payload)
      const dropped = envelope.key === undefined ? undefined : lane.replace(envelope.key, envelope)
      if (dropped !== undefined) return { _tag: "Dropped", dropped, reason: "Coalesced" }
    }
    if (this.size < this.capacity) {
      lane.push(envelope)
      return accepted
    }
    switch (this.overflow._tag) {
      case "DropNewest":
        return { _tag: "Dropped", dropped: envelope, reason: "MailboxFull" }
      case "DropOldest": {
        const dropped = this.#normal.shift() ?? this.#control.shift()
        lane.push(envelope)
        return dropped === undefined ? accepted : { _tag: "Dropped", dropped, reason: "MailboxFull" }
      }
      case "Backpressure":
        this.#waiting.push(envelope)
        return waiting
      default:
        return refused
    }
  }

  /** The next message: internal ones, then control, then normal, each in order of arrival. */
  take(): E | undefined {
    return this.takeInternal() ?? this.#control.shift() ?? this.#normal.shift()
  }

  /** The next message of the runtime itself. */
  takeInternal(): E | undefined {
    return this.#internal.shift()
  }

  /** Takes one message out, wherever it waits. */
  remove(envelope: E): void {
    if (!this.#lane(envelope).remove(envelope)) this.#waiting.remove(envelope)
  }

  /** If there is room, lets the sender in that waited longest, and gives its message. */
  promote(): E | undefined {
    if (this.size >= this.capacity) return undefined
    const promoted = this.#waiting.shift()
    if (promoted !== undefined) this.#lane(promoted).push(promoted)
    return promoted
  }

  #lane(envelope: E): Fifo<E> {
    switch (envelope.lane) {
      case "internal":
        return this.#internal
      case "control":
        return this.#control
      case "normal":
        return this.#normal
    }
  }
}

/** An array queue whose `shift` is constant time on average. */
class Fifo<E extends Envelope> {
  #items: Array<E> = []
  #head = 0

  get size(): number {
    return this.#items.length - this.#head
  }

  push(item: E): void {
    this.#items.push(item)
  }

  shift(): E | undefined {
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

  remove(item: E): boolean {
    const index = this.#items.indexOf(item, this.#head)
    if (index < 0) return false
    this.#items.splice(index, 1)
    return true
  }

  replace(key: string, item: E): E | undefined {
    for (let index = this.#head; index < this.#items.length; index++) {
      const queued = this.#items[index] as E
      if (queued.key === key) {
        this.#items[index] = item
        return queued
      }
    }
    return undefined
  }
}
