/** The texts that a cursor has to send, shared by all cursors that were at the same place. */
import type { Frame } from "../transport/FrameWriter.ts"

/** What a frame depends on besides its texts. Compared field by field: a key as one text would be made for each client. */
export interface FrameKey {
  /** Which writers can write it. */
  readonly kind: string
  /** The form in which the wire sends a batch. */
  readonly form: string | undefined
  /** Whether it is split when it is long. */
  readonly inParts: boolean
}

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
  #frame: (FrameKey & { readonly bytes: Frame }) | undefined

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
  frame({ form, inParts, kind }: FrameKey, build: (batch: this) => Frame): Frame {
    const known = this.#frame
    if (known !== undefined && known.form === form && known.kind === kind && known.inParts === inParts)
      return known.bytes
    const bytes = build(this)
    this.#frame = { kind, form, inParts, bytes }
    return bytes
  }
}
