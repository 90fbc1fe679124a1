/**
 * The latest changes and events of one instance, as text, in order, for the readers that have not seen them. It forgets when
 * everyone has caught up, and never holds more than its bound; who fell out of it gets one merged change instead.
 */
import type * as LiveConfig from "./LiveConfig.ts"
import type { Frame } from "./Transport.ts"

/** One entry. */
interface Entry {
  readonly kind: "patch" | "event"
  /** Empty for a change that is only merged into others any more. */
  text: string
}

interface Shared {
  readonly after: number
  readonly upTo: number
  readonly status: string
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
  readonly #config: LiveConfig.Service
  #entries: Array<Entry> | undefined
  /** Characters in the entries. */
  #size = 0
  #behind = 0
  #shared: Shared | undefined

  constructor(config: LiveConfig.Service) {
    this.#config = config
  }

  /** Adds an entry. Changes no reader can get one by one any more are dropped at once, the oldest events when there are too many. */
  append(kind: Entry["kind"], text: string): void {
    const { conflateAfter, patchLog, patchLogBytes } = this.#config
    const entries = (this.#entries ??= [])
    this.sequence++
    entries.push({ kind, text })
    this.#size += text.length
    const old = entries[entries.length - 1 - conflateAfter]
    if (old?.kind === "patch") {
      this.#size -= old.text.length
      old.text = ""
    }
    // In bulk: shifting an array by one for every change would cost more than the change.
    if (entries.length >= patchLog * 2) this.#forget(entries.length - patchLog)
    while (this.#size > patchLogBytes && this.#entries.length > 0) this.#forget(Math.ceil(this.#entries.length / 2))
  }

  #forget(count: number): void {
    for (const { text } of this.#entries?.splice(0, count) ?? []) this.#size -= text.length
  }

  /** What `render` makes of everything after entry `after`, made once for all readers that were at that place. */
  shared(after: number, status: string, render: () => Batch | undefined): Batch | undefined {
    const last = this.#shared
    if (last?.after === after && last.upTo === this.sequence && last.status === status) return last.batch
    const batch = render()
    this.#shared = { after, upTo: this.sequence, status, batch }
    return batch
  }

  /** A reader has something to read. */
  fellBehind(): void {
    this.#behind++
  }

  /** A reader has read everything, or left; the last one to do so empties the log. */
  caughtUp(): void {
    if (--this.#behind > 0) return
    this.#entries = undefined
    this.#size = 0
    this.#shared = undefined
  }

  /** What follows entry `after`: one by one, or undefined when that is no longer here or too much. */
  since(after: number): string | undefined {
    const entries = this.#entries
    const missing = this.sequence - after
    if (missing === 0) return ""
    if (entries === undefined || missing > entries.length || missing > this.#config.conflateAfter) return undefined
    if (missing === 1) return entries.at(-1)?.text
    return entries
      .slice(entries.length - missing)
      .map((entry) => entry.text)
      .join(",")
  }

  /** The events (not the changes) after entry `after` that are still here. */
  eventsSince(after: number): ReadonlyArray<string> {
    const entries = this.#entries ?? []
    const missing = Math.min(this.sequence - after, entries.length)
    return entries
      .slice(entries.length - missing)
      .filter((entry) => entry.kind === "event")
      .map((entry) => entry.text)
  }
}
