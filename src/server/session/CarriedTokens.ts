/**
 * Tokens of shared instances that one client carries: what was tracked of it there. Only the newest of each is sent, and
 * again when the client is back, because it may not have arrived.
 */
import { Batch } from "../sync/Batch.ts"
import type { StateCursor } from "../sync/StateCursor.ts"

/** The tokens of one client. */
export class CarriedTokens {
  readonly #tokens = new Map<StateCursor, { readonly token: string; isSent: boolean }>()
  readonly #woke: (tokens: CarriedTokens) => void
  #isBehind = false

  /** `woke` is called once when there is something to read, and again after it was read. */
  constructor(woke: (tokens: CarriedTokens) => void) {
    this.#woke = woke
  }

  /** The order within a batch. */
  get rank(): number {
    return 0
  }

  /** The client need not confirm them. */
  get serial(): number {
    return 0
  }

  get isEnding(): boolean {
    return false
  }

  confirm(): void {}

  /** The client is to have this token in place of the one before. */
  add(cursor: StateCursor, token: string): void {
    this.#tokens.set(cursor, { token, isSent: false })
    this.wake()
  }

  /** The client has unmounted the instance. */
  delete(cursor: StateCursor): void {
    this.#tokens.delete(cursor)
  }

  /** Something can be sent that could not before: the client knows another instance. */
  wake(): void {
    if (this.#isBehind || this.#unsent.length === 0) return
    this.#isBehind = true
    this.#woke(this)
  }

  /** The client is back, and may have got none of them. */
  resume(): void {
    this.#isBehind = false
    for (const own of this.#tokens.values()) own.isSent = false
    this.wake()
  }

  /** Adds those that the client does not have. */
  take(into: Array<Batch>): void {
    this.#isBehind = false
    const texts = this.#unsent.map(([{ sink, source }, own]) => {
      own.isSent = true
      return sink.encoder.sealed(source, own.token)
    })
    if (texts.length > 0) into.push(new Batch(texts, false))
  }

  get #unsent() {
    return Array.from(this.#tokens).filter(([{ isAnnounced }, { isSent }]) => isAnnounced && !isSent)
  }
}
