/**
 * The latest changes of one state, as text, in order, for the readers that have not seen them. When everyone
 * has caught up it keeps the last few, which may not have arrived; while a reader's client is away it keeps more. It never holds
 * more than its bounds, and who fell out of it gets one merged change or the whole state instead.
 */
import type { Batch } from "./Batch.ts"
import type { WireEncoder, StateVersion } from "./WireEncoder.ts"
import type * as LiveConfig from "../LiveConfig.ts"

/** One entry. */
interface Entry {
  /** The revision it leads to. */
  readonly revision: number
  /** Empty for a change that is only merged into others any more. */
  text: string
  /** The call it comes from, as text, if there are clients that have to know. */
  readonly by: string | undefined
}

/** The newest token of the state, to be read once by everyone. */
export interface Seal {
  readonly serial: number
  readonly token: string
  /** What was sealed, as its readers see it. */
  readonly told: StateVersion
}

interface Shared {
  readonly after: number
  readonly upTo: number
  readonly status: string
  readonly seal: Seal | undefined
  readonly batch: Batch | undefined
}

const nothing: ReadonlyArray<string> = []

/** Characters from which a state that is told whole is told once for all its changes. */
const large = 8192

/** A bounded log. */
export class ChangeLog {
  /** The number of the last entry; the first ever is 1. */
  sequence = 0
  /** Gone when everyone has read it. */
  seal: Seal | undefined
  /** Readers, and those among them whose clients are away. */
  cursors = 0
  away = 0
  /** The words its texts are in. */
  readonly encoder: WireEncoder
  readonly #config: LiveConfig.Settings
  #entries: Array<Entry> | undefined
  /** Characters in the entries. */
  #size = 0
  #behind = 0
  /** Of the state as it was told last, where it is told whole. */
  #told = 0
  #shared: Shared | undefined

  constructor(encoder: WireEncoder, config: LiveConfig.Settings) {
    this.encoder = encoder
    this.#config = config
  }

  /** Characters of the changes it remembers. */
  get bytes(): number {
    return this.#size
  }

  /** Adds an entry. Changes no reader can get one by one any more are dropped at once. */
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
    if (entries.length >= patchLog * 2) this.#forget(entries.length - patchLog)
    while (this.#size > patchLogBytes && this.#entries.length > 0) this.#forget(Math.ceil(this.#entries.length / 2))
  }

  /** This was told last. */
  told(text: string): void {
    this.#told = text.length
  }

  /** Whether changes are told as the whole state, and that is so large that only the last of them is worth telling. */
  get tellsLast(): boolean {
    return this.encoder.tellsWhole && this.#told > large
  }

  #blank(old: Entry | undefined): void {
    if (old === undefined) return
    this.#size -= old.text.length
    old.text = ""
  }

  #forget(count: number): void {
    for (const { text } of this.#entries?.splice(0, count) ?? []) this.#size -= text.length
  }

  /** What `render` makes of everything after entry `after`, made once for all readers that were at that place. */
  shared(after: number, status: string, render: () => Batch | undefined): Batch | undefined {
    const last = this.#shared
    if (last?.after === after && last.upTo === this.sequence && last.status === status && last.seal === this.seal) {
      return last.batch
    }
    const batch = render()
    this.#shared = { after, upTo: this.sequence, status, seal: this.seal, batch }
    return batch
  }

  /** A reader has something to read. */
  fellBehind(): void {
    this.#behind++
  }

  /** A reader has read everything, or left. After the last one, only what may still be on its way is kept. */
  caughtUp(): void {
    if (--this.#behind > 0) return
    this.#shared = undefined
    this.seal = undefined
    const { conflateAfter, retainedBytes } = this.#config
    const length = this.#entries?.length ?? 0
    if (length > conflateAfter * 2) this.#forget(length - conflateAfter)
    while (this.#size > retainedBytes) this.#forget(Math.ceil((this.#entries?.length ?? 0) / 2))
    if (this.#entries?.length === 0) this.#entries = undefined
  }

  /** What follows entry `after`: one by one, or undefined when that is no longer here or more than `limit`. */
  since(after: number, limit: number): ReadonlyArray<string> | undefined {
    const entries = this.#entries
    const missing = this.sequence - after
    if (missing === 0) return nothing
    if (entries === undefined || missing > entries.length || missing > limit) return undefined
    const texts: Array<string> = []
    for (let index = entries.length - missing; index < entries.length; index++) {
      const text = entries[index]?.text ?? ""
      if (text === "") return undefined
      texts.push(text)
    }
    return texts
  }

  /** The calls that the changes after this entry come from, as far as they are still known. */
  callsSince(after: number): ReadonlyArray<string> {
    const entries = this.#entries ?? []
    return entries.slice(Math.max(0, entries.length - (this.sequence - after))).flatMap(({ by }) => by ?? [])
  }

  /** After which entry there is what a client has not seen that has this revision; undefined when that is no longer here. */
  placeOf(told: number, revision: number): number | undefined {
    const entries = this.#entries ?? []
    const missing = revision - told
    if (missing < 0 || missing > entries.length) return undefined
    for (let back = 0; back < missing; back++) {
      const entry = entries[entries.length - 1 - back]
      if (entry === undefined || entry.text === "" || entry.revision !== revision - back) return undefined
    }
    return this.sequence - missing
  }
}
