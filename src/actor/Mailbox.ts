/**
 * The queue of an actor: it has a capacity, a control lane that comes first, and an overflow policy, which is data. A
 * mailbox is a plain data structure: it runs nothing and waits for nothing.
 */

/** Messages of the control lane are taken before those of the normal one. Both count towards the same capacity. */
export type Lane = "normal" | "control"

/** A message in a mailbox. */
export interface Envelope {
  readonly tag: string
  readonly payload: unknown
  /** Messages of the runtime itself are `internal`: they are taken first, not counted, and never dropped. */
  readonly lane: Lane | "internal"
  /** When the message expires, in milliseconds on the clock of its actor; `Infinity`: never. */
  readonly expiresAt: number
  /** Set by the mailbox when its policy is to coalesce. */
  key: string | undefined
}

/** What happens to a message when the mailbox is full. */
export type Overflow =
  /** The sender is refused. */
  | { readonly _tag: "Fail" }
  /** The new message is dropped, and the sender continues. */
  | { readonly _tag: "DropNewest" }
  /** The message that has waited longest is dropped; one of the control lane only when there is no other. */
  | { readonly _tag: "DropOldest" }
  /** The sender waits until there is room. */
  | { readonly _tag: "Backpressure" }
  /**
   * A message replaces the waiting one with the same key, whether the mailbox is full or not. Without such a message it
   * is as `Fail`.
   */
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

/** The outcome of an offer. */
export type Offered<E extends Envelope> =
  | { readonly _tag: "Accepted" }
  | { readonly _tag: "Refused" }
  | { readonly _tag: "Waiting" }
  /** `dropped` was removed to make room; when it is the message itself, that was not accepted. */
  | { readonly _tag: "Dropped"; readonly dropped: E; readonly reason: "MailboxFull" | "Coalesced" }

const accepted = { _tag: "Accepted" } as const
const refused = { _tag: "Refused" } as const
const waiting = { _tag: "Waiting" } as const

/**
 * A queue with a capacity. Senders that wait for room get it in order: after `take` or `remove`, the caller asks
 * `promote`.
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

  /** Messages in the mailbox, without senders that wait and internal messages. */
  get size(): number {
    return this.#control.size + this.#normal.size
  }

  /** The message that has waited longest: one of the normal lane, since those of the control lane are taken first. */
  get oldest(): E | undefined {
    return this.#normal.first ?? this.#control.first
  }

  /** Offers a message, and returns what became of it, or of another that made room. */
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

  /** The next internal message. */
  takeInternal(): E | undefined {
    return this.#internal.shift()
  }

  /** Removes a message, wherever it waits. */
  remove(envelope: E): void {
    if (!this.#lane(envelope).remove(envelope)) this.#waiting.remove(envelope)
  }

  /** If there is room, accepts the message of the sender that has waited longest, and returns it. */
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

/** A queue in an array, whose `shift` takes constant time on average. */
class Fifo<E extends Envelope> {
  #items: Array<E> = []
  #head = 0

  get size(): number {
    return this.#items.length - this.#head
  }

  get first(): E | undefined {
    return this.#items[this.#head]
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
