/** Whole, unmasked text messages, as RFC 6455 section 5.2 has them. */

/** One message. */
export const frame = (text: string): Buffer => {
  const length = Buffer.byteLength(text)
  const bytes = Buffer.allocUnsafe(headerLength(length) + length)
  bytes.write(text, writeHeader(bytes, 0, length))
  return bytes
}

/** Messages, one after the other. */
export const frames = (texts: ReadonlyArray<string>): Buffer =>
  texts.length === 1 ? frame(texts[0] ?? "") : (asciiFrames(texts) ?? Buffer.concat(texts.map(frame)))

/** Longer than any character is in UTF-8, so that a text is cut off only after more bytes than it has characters. */
const slack = 4

/** Most messages are ASCII, and the length of those need not be counted; undefined when one is not. */
const asciiFrames = (texts: ReadonlyArray<string>): Buffer | undefined => {
  let size = 0
  for (const { length } of texts) size += headerLength(length) + length
  const bytes = Buffer.allocUnsafe(size + slack)
  let offset = 0
  for (const text of texts) {
    offset = writeHeader(bytes, offset, text.length)
    const written = bytes.write(text, offset)
    if (written !== text.length) return undefined
    offset += written
  }
  return bytes.subarray(0, size)
}

/** Messages that differ in how they begin, and in nothing else: put together once, and given another beginning for each who gets them. */
export class FrameTemplate {
  #bytes: Buffer
  #beginning: Uint8Array
  readonly #offsets: Int32Array

  /** The messages, each with this beginning. */
  constructor(texts: ReadonlyArray<string>, beginning: Uint8Array) {
    const blank = " ".repeat(beginning.length)
    this.#bytes = frames(texts.map((text) => blank + text))
    this.#beginning = beginning
    this.#offsets = new Int32Array(texts.length)
    let offset = 0
    for (const [index, text] of texts.entries()) {
      const length = beginning.length + Buffer.byteLength(text)
      offset += headerLength(length)
      this.#offsets[index] = offset
      this.#bytes.set(beginning, offset)
      offset += length
    }
  }

  /** Whether these messages may begin with that: it has to be as long as the beginning before. */
  fits(beginning: Uint8Array): boolean {
    return beginning.length === this.#beginning.length
  }

  /** The messages, with that beginning; the same bytes every time, unless they were kept. */
  with(beginning: Uint8Array): Buffer {
    const bytes = this.#bytes
    const { length } = beginning
    let from = 0
    // Beginnings are ids of one kind, made at about the same time.
    while (from < length && beginning[from] === this.#beginning[from]) from++
    // Byte by byte: for so few of them that is faster than to have them copied.
    for (const offset of this.#offsets) {
      for (let index = from; index < length; index++) bytes[offset + index] = beginning[index] as number
    }
    this.#beginning = beginning
    return bytes
  }

  /** Somebody needs the bytes that were given last. */
  keep(): void {
    this.#bytes = Buffer.from(this.#bytes)
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
