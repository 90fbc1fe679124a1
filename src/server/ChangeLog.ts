/**
 * The latest changes of one state, as text, in order, for the readers that have not seen them. When everyone
 * has caught up it keeps the last few, which may not have arrived; while a reader's client is away it keeps more. It never holds
 * more than its bounds, and who fell out of it gets one merged change or the whole state instead.
 */
import type * as LiveConfig from "./LiveConfig.ts"
import type { Frame } from "./Transport.ts"

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
interface Seal {
  readonly serial: number
  readonly text: string
}

interface Shared {
  readonly after: number
  readonly upTo: number
  readonly status: string
  readonly seal: Seal | undefined
  readonly batch: Batch | undefined
}

/** Texts for one reader, and for every other reader that was at the same place. */
export class Batch {
  /** Events joined by commas, as they stand in a JSON array. */
  readonly text: string
  #frame: { readonly key: string; readonly bytes: Frame } | undefined

  constructor(text: string) {
    this.text = text
  }

  /** What `build` makes of the text, made once for all who ask with the same key. */
  frame(key: string, build: (text: string) => Frame): Frame {
    if (this.#frame?.key !== key) this.#frame = { key, bytes: build(this.text) }
    return this.#frame.bytes
  }
}

/** A bounded log. */
export class ChangeLog {
  /** The number of the last entry; the first ever is 1. */
  sequence = 0
  /** Gone when everyone has read it. */
  seal: Seal | undefined
  /** Readers whose clients are away. */
  away = 0
  readonly #config: LiveConfig.Service
  #entries: Array<Entry> | undefined
  /** Characters in the entries. */
  #size = 0
  #behind = 0
  #shared: Shared | undefined

  constructor(config: LiveConfig.Service) {
    this.#config = config
  }

  /** Characters of the changes it remembers. */
  get bytes(): number {
    return this.#size
  }

  /** Adds an entry. Changes no reader can get one by one any more are dropped at once. */
  append(revision: number, text: string, by?: string): void {
    const { patchLog, patchLogBytes } = this.#config
    const entries = (this.#entries ??= [])
    this.sequence++
    entries.push({ revision, text, by })
    this.#size += text.length
    if (this.away === 0) this.#blank(entries[entries.length - 1 - this.#config.conflateAfter])
    // In bulk: shifting an array by one for every change would cost more than the change.
    if (entries.length >= patchLog * 2) this.#forget(entries.length - patchLog)
    while (this.#size > patchLogBytes && this.#entries.length > 0) this.#forget(Math.ceil(this.#entries.length / 2))
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

  /** Nobody reads any more. */
  clear(): void {
    this.#entries = undefined
    this.#size = 0
  }

  /** What follows entry `after`: one by one, or undefined when that is no longer here or more than `limit`. */
  since(after: number, limit: number): string | undefined {
    const entries = this.#entries
    const missing = this.sequence - after
    if (missing === 0) return ""
    if (entries === undefined || missing > entries.length || missing > limit) return undefined
    if (missing === 1) return entries.at(-1)?.text || undefined
    const texts: Array<string> = []
    for (const { text } of entries.slice(entries.length - missing)) {
      if (text === "") return undefined
      texts.push(text)
    }
    return texts.join(",")
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
