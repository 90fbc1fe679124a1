/**
 * The last messages of one instance, bounded in number and in bytes: the oldest is dropped when there is no room, and the
 * state before the first one that is left is kept up to date. A tape whose instance has a state that alone is larger
 * keeps nothing.
 */
import { type Json, textLength } from "../../Json.ts"
import * as Patch from "../../Patch.ts"
import type { RecordedMessage } from "./Recording.ts"

/** How much a tape keeps. Bytes are characters of JSON. */
export interface TapeLimits {
  readonly messages: number
  readonly maxBytes: number
}

interface Entry {
  readonly message: RecordedMessage
  readonly bytes: number
}

/** The last messages of one instance. */
export class Tape {
  readonly #limits: TapeLimits
  #entries: Array<Entry> = []
  /** The redacted state before the first message, and its bytes or a little more; undefined without messages. */
  #first: { readonly state: Json; readonly bytes: number } | undefined
  #bytes = 0
  #dropped = 0

  constructor(limits: TapeLimits) {
    this.#limits = limits
  }

  /** Bytes of the messages and of the state. */
  get bytes(): number {
    return this.#bytes + (this.#first?.bytes ?? 0)
  }

  get size(): number {
    return this.#entries.length
  }

  /** Messages that there was no room for. */
  get dropped(): number {
    return this.#dropped
  }

  /** The state before the first message; undefined without messages. */
  get state(): Json | undefined {
    return this.#first?.state
  }

  get messages(): ReadonlyArray<RecordedMessage> {
    return this.#entries.map(({ message }) => message)
  }

  /** Adds a message; `before` is the redacted state before it. */
  add(message: RecordedMessage, before: Json): void {
    const { maxBytes, messages } = this.#limits
    this.#first ??= this.#measured(before)
    const bytes = textLength(message as unknown as Json, maxBytes)
    this.#entries.push({ message, bytes })
    this.#bytes += bytes
    while (this.#entries.length > messages || (this.bytes > maxBytes && this.#entries.length > 0)) this.#drop()
  }

  /** Drops all messages. */
  clear(): void {
    this.#dropped += this.#entries.length
    this.#entries = []
    this.#first = undefined
    this.#bytes = 0
  }

  #drop(): void {
    const entry = this.#entries.shift() as Entry
    const first = this.#first as { readonly state: Json; readonly bytes: number }
    this.#bytes -= entry.bytes
    this.#dropped++
    if (this.#entries.length === 0) {
      this.#first = undefined
      return
    }
    const { patch } = entry.message
    if (patch.length === 0) return
    const state = Patch.apply(first.state, patch)
    // Measuring a large state for each message would take longer than the message.
    const atMost = first.bytes + textLength(patch as unknown as Json, entry.bytes)
    const isFull = this.#bytes + atMost > this.#limits.maxBytes
    this.#first = isFull ? this.#measured(state) : { state, bytes: atMost }
  }

  #measured(state: Json): { readonly state: Json; readonly bytes: number } {
    return { state, bytes: textLength(state, this.#limits.maxBytes + 1) }
  }
}
