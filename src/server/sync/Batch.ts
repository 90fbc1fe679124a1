/** What one reader has to say, and every other reader that was at the same place. */
import type { Frame } from "../transport/FrameWriter.ts"

/** Texts, each one JSON object, that go out together. */
export class Batch {
  readonly texts: ReadonlyArray<string>
  /** Whether there may be others who have the same to say. */
  readonly isShared: boolean
  /** What comes before each text: who hears it, where that is named. */
  readonly hearer: string | undefined
  /** The same for everyone who hears it. */
  readonly all: Batch
  #text: string | undefined
  #frame: { readonly key: string; readonly bytes: Frame } | undefined

  constructor(texts: ReadonlyArray<string>, isShared: boolean, hearer?: string, all?: Batch) {
    this.texts = texts
    this.isShared = isShared
    this.hearer = hearer
    this.all = all ?? this
  }

  /** The same, for one of those who hear it. */
  to(hearer: string): Batch {
    return new Batch(this.texts, this.isShared, hearer, this)
  }

  /** Characters of all texts. */
  get size(): number {
    let size = 0
    for (const { length } of this.texts) size += length
    return size
  }

  /** The texts joined by commas, as they stand in a JSON array. */
  get text(): string {
    return (this.#text ??= this.texts.length === 1 ? (this.texts[0] ?? "") : this.texts.join(","))
  }

  /** What `build` makes of them, made once for all who ask with the same key. */
  frame(key: string, build: (batch: this) => Frame): Frame {
    if (this.#frame?.key !== key) this.#frame = { key, bytes: build(this) }
    return this.#frame.bytes
  }
}
