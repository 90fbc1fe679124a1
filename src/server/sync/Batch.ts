/** The texts that a cursor has to send, shared by all cursors that were at the same place. */
import type { Frame } from "../transport/FrameWriter.ts"

/** Texts that are sent together. Each is one JSON object. */
export class Batch {
  readonly texts: ReadonlyArray<string>
  /** Whether other cursors may send the same texts. */
  readonly isShared: boolean
  /** The beginning of each text: the component it is for, on wires that address each component. */
  readonly prefix: string | undefined
  /** The batch for all components, from which this one was made. */
  readonly all: Batch
  #text: string | undefined
  #frame: { readonly key: string; readonly bytes: Frame } | undefined

  constructor(texts: ReadonlyArray<string>, isShared: boolean, prefix?: string, all?: Batch) {
    this.texts = texts
    this.isShared = isShared
    this.prefix = prefix
    this.all = all ?? this
  }

  /** The same batch, for one component. */
  to(prefix: string): Batch {
    return new Batch(this.texts, this.isShared, prefix, this)
  }

  /** Characters of all texts. */
  get size(): number {
    let size = 0
    for (const { length } of this.texts) size += length
    return size
  }

  /** The texts joined by commas, as in a JSON array. */
  get text(): string {
    return (this.#text ??= this.texts.length === 1 ? (this.texts[0] ?? "") : this.texts.join(","))
  }

  /** The frame of the texts, built once for all that ask with the same key. */
  frame(key: string, build: (batch: this) => Frame): Frame {
    if (this.#frame?.key !== key) this.#frame = { key, bytes: build(this) }
    return this.#frame.bytes
  }
}
