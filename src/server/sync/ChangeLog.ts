/**
 * The latest changes of one state, as text, in order, for the cursors that have not read them. When all cursors have
 * caught up it keeps the last few, which may not have arrived; while a client is not connected it keeps more. It is
 * always limited: a cursor beyond its beginning gets one merged change, or the whole state.
 */
import type { Batch } from "./Batch.ts"
import type { WireEncoder, StateVersion } from "./WireEncoder.ts"
import type * as LiveConfig from "../LiveConfig.ts"

/** One entry. */
interface Entry {
  /** The revision after this change. */
  readonly revision: number
  /** Empty for a change that can only be merged any more. */
  text: string
  /** The call that caused it, as JSON, if a client has to know. */
  readonly by: string | undefined
}

/** The newest token of the state. Each cursor reads it once. */
export interface Seal {
  readonly serial: number
  readonly token: string
  /** The state in the token, as its clients see it. */
  readonly told: StateVersion
}

/** The batches for cursors at the latest places. */
interface Shared {
  readonly upTo: number
  readonly seal: Seal | undefined
  readonly batches: Map<string, Batch | undefined>
}

/** Places for which that is kept. */
const maxShared = 16

const nothing: ReadonlyArray<string> = []

/** Where states are sent whole: characters from which only the last of several changes is sent. */
const large = 8192

/** A bounded log of changes. */
export class ChangeLog {
  /** The number of the last entry; the first one is 1. */
  sequence = 0
  /** Undefined when every cursor has read it. */
  seal: Seal | undefined
  /** The number of cursors, and of those whose clients are away. */
  cursors = 0
  away = 0
  /** The encoder of its texts. */
  readonly encoder: WireEncoder
  readonly #config: LiveConfig.Settings
  #entries: Array<Entry> | undefined
  /** Characters in the entries. */
  #size = 0
  #behind = 0
  /** Characters of the last whole state, on wires that send states whole. */
  #told = 0
  #shared: Shared | undefined
  #head: string | undefined

  constructor(encoder: WireEncoder, config: LiveConfig.Settings) {
    this.encoder = encoder
    this.#config = config
  }

  /** Characters of all entries. */
  get bytes(): number {
    return this.#size
  }

  /** How all changes of its state begin: to put it together costs as much as the rest of a short change. */
  headOf(told: StateVersion): string {
    return (this.#head ??= this.encoder.headOf(told))
  }

  /** Adds an entry. Entries that no cursor can read one by one any more are dropped at once. */
  append(revision: number, text: string, by?: string): void {
    const { conflateAfter, patchLog, patchLogBytes } = this.#config
    const entries = (this.#entries ??= [])
    this.sequence++
    entries.push({ revision, text, by })
    this.#size += text.length
    if (text !== "") this.told(text)
    const last = entries.length - 1
    if (this.away === 0 && last >= conflateAfter) this.#blank(entries[last - conflateAfter])
    // In bulk: shifting an array by one for every change would cost more than the change.
    if (entries.length >= patchLog * 2) this.#forget(entries, entries.length - patchLog)
    while (this.#size > patchLogBytes) this.#forget(entries, Math.ceil(entries.length / 2))
  }

  /** The state was sent whole, as this text. */
  told(text: string): void {
    this.#told = text.length
  }

  /** Whether states are sent whole, and are so large that only the last of several is worth sending. */
  get tellsLast(): boolean {
    return this.encoder.tellsWhole && this.#told > large
  }

  #blank(old: Entry | undefined): void {
    if (old === undefined) return
    this.#size -= old.text.length
    old.text = ""
  }

  #forget(entries: Array<Entry>, count: number): void {
    for (const { text } of entries.splice(0, count)) this.#size -= text.length
  }

  /** The batch of everything after entry `after`, rendered once for all cursors at that place. */
  shared(after: number, status: string, render: () => Batch | undefined): Batch | undefined {
    const { seal, sequence: upTo } = this
    const place = `${after} ${status}`
    let shared = this.#shared
    if (shared?.upTo !== upTo || shared.seal !== seal) {
      shared = this.#shared = { upTo, seal, batches: new Map() }
    } else if (shared.batches.has(place)) {
      return shared.batches.get(place)
    }
    const batch = render()
    if (shared.batches.size === maxShared) shared.batches.clear()
    shared.batches.set(place, batch)
    return batch
  }

  /** A cursor has something to read. */
  fellBehind(): void {
    this.#behind++
  }

  /** A cursor has read everything, or is gone. After the last one, only what may still be under way is kept. */
  caughtUp(): void {
    if (--this.#behind > 0) return
    this.#shared = undefined
    this.seal = undefined
    const entries = this.#entries
    if (entries === undefined) return
    // Who may have missed a state is sent the latest, and none of those before.
    if (this.encoder.tellsWhole) this.#forget(entries, entries.length)
    const { conflateAfter, retainedBytes } = this.#config
    if (entries.length > conflateAfter * 2) this.#forget(entries, entries.length - conflateAfter)
    while (this.#size > retainedBytes) this.#forget(entries, Math.ceil(entries.length / 2))
    if (entries.length === 0) this.#entries = undefined
  }

  /** The entries after `after`; undefined when they are not all there, or more than `limit`. */
  since(after: number, limit: number): ReadonlyArray<string> | undefined {
    const entries = this.#entries
    const missing = this.sequence - after
    if (missing === 0) return nothing
    if (entries === undefined || missing > entries.length || missing > limit) return undefined
    const texts: Array<string> = []
    for (let index = entries.length - missing; index < entries.length; index++) {
      const { text } = entries[index] as Entry
      if (text === "") return undefined
      texts.push(text)
    }
    return texts
  }

  /** The calls that caused the changes after this entry, as far as they are still known. */
  callsSince(after: number): ReadonlyArray<string> {
    const entries = this.#entries ?? []
    return entries.slice(Math.max(0, entries.length - (this.sequence - after))).flatMap(({ by }) => by ?? [])
  }

  /**
   * The entry after which a client with revision `told` has to read; undefined when the log does not reach back that
   * far.
   */
  placeOf(told: number, revision: number): number | undefined {
    const entries = this.#entries ?? []
    const missing = revision - told
    if (missing < 0 || missing > entries.length) return undefined
    for (let back = 0; back < missing; back++) {
      const entry = entries[entries.length - 1 - back] as Entry
      if (entry.text === "" || entry.revision !== revision - back) return undefined
    }
    return this.sequence - missing
  }
}
