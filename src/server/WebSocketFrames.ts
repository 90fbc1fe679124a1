/** Whole, unmasked text messages, as RFC 6455 section 5.2 has them. */

/** One message. */
export const frame = (text: string): Buffer => {
  const length = Buffer.byteLength(text)
  const bytes = Buffer.allocUnsafe(headerLength(length) + length)
  bytes.write(text, writeHeader(bytes, 0, length))
  return bytes
}

/** Messages, one after the other. */
export const frames = (texts: ReadonlyArray<string>): Buffer => {
  if (texts.length === 1) return frame(texts[0] ?? "")
  const lengths = texts.map((text) => Buffer.byteLength(text))
  const bytes = Buffer.allocUnsafe(lengths.reduce((sum, length) => sum + headerLength(length) + length, 0))
  let offset = 0
  for (const [index, text] of texts.entries()) {
    offset = writeHeader(bytes, offset, lengths[index] ?? 0)
    offset += bytes.write(text, offset)
  }
  return bytes
}

/** Messages that differ in how they begin, and in nothing else: what they have in common is put together once. */
export class FrameTemplate {
  readonly #bytes: Buffer
  readonly #offsets: ReadonlyArray<number>
  readonly #length: number

  /** `length`: bytes of the beginning. */
  constructor(texts: ReadonlyArray<string>, length: number) {
    const blank = " ".repeat(length)
    this.#bytes = frames(texts.map((text) => blank + text))
    this.#length = length
    const offsets: Array<number> = []
    let offset = 0
    for (const text of texts) {
      const size = length + Buffer.byteLength(text)
      offset += headerLength(size)
      offsets.push(offset)
      offset += size
    }
    this.#offsets = offsets
  }

  /** The messages, with this beginning. */
  with(beginning: Uint8Array): Buffer {
    const bytes = Buffer.allocUnsafe(this.#bytes.length)
    bytes.set(this.#bytes)
    for (const offset of this.#offsets) bytes.set(beginning, offset)
    return bytes
  }

  /** Whether a beginning of so many bytes fits. */
  fits(length: number): boolean {
    return length === this.#length
  }
}

const headerLength = (length: number): number => (length < 126 ? 2 : length < 65_536 ? 4 : 10)

/** Gives where the message begins. */
const writeHeader = (bytes: Buffer, offset: number, length: number): number => {
  bytes[offset] = 0x81
  if (length < 126) {
    bytes[offset + 1] = length
    return offset + 2
  }
  if (length < 65_536) {
    bytes[offset + 1] = 126
    return bytes.writeUInt16BE(length, offset + 2)
  }
  bytes[offset + 1] = 127
  return bytes.writeBigUInt64BE(BigInt(length), offset + 2)
}
