/** Builds WebSocket frames: whole, unmasked text messages (RFC 6455, section 5.2). */

/** The first byte of a frame whose message is not compressed. */
export const plain = 0x81

/** The first byte of a frame whose message is compressed. */
export const compressed = 0xc1

/** The frame of one message. */
export const frame = (text: string): Buffer => (text.length < long ? asciiFrame(text) : undefined) ?? anyFrame(text)

const anyFrame = (text: string): Buffer => {
  const length = Buffer.byteLength(text)
  const bytes = Buffer.allocUnsafe(headerLength(length) + length)
  bytes.write(text, writeHeader(bytes, 0, length))
  return bytes
}

/** The frames of several messages, one after the other. */
export const frames = (texts: ReadonlyArray<string>): Buffer =>
  texts.length === 1 ? frame(texts[0] ?? "") : (asciiFrames(texts) ?? Buffer.concat(texts.map(anyFrame)))

/**
 * The frame of one message as a text in which each character stands for a byte. A socket writes it without a buffer: 0.8 of
 * the 26 µs that an action costs. Undefined when it is long, or not ASCII.
 */
export const asciiText = (text: string): string | undefined => {
  const { length } = text
  if (length > direct) return undefined
  // Tested as a whole, since that puts the pieces of a text together, which the socket would have to do again.
  const all = headerText(length) + text
  notAscii.lastIndex = all.length - length
  return notAscii.test(all) ? undefined : all
}

/** The same for several messages, one after the other. */
export const asciiTexts = (texts: ReadonlyArray<string>): string | undefined => {
  let all = ""
  for (const text of texts) {
    const frame = asciiText(text)
    if (frame === undefined || all.length > direct) return undefined
    all += frame
  }
  return all
}

/** The header of a message with this many bytes, fewer than 65 536. */
const headerText = (length: number): string =>
  length < 126 ? String.fromCharCode(plain, length) : String.fromCharCode(plain, 126, length >> 8, length & 0xff)

/** Begins at `lastIndex`. */
// eslint-disable-next-line no-control-regex -- these are the characters of ASCII
const notAscii = /[^\x00-\x7f]/g

/** Characters that Node writes from its stack. */
const direct = 16_000

/** Characters from which the length in bytes is counted first: to write a long text in vain would cost more. */
const long = 16_384

/**
 * Longer than any character in UTF-8: a text is cut off only after it has written more bytes than it has characters.
 */
const slack = 4

/** Most messages are ASCII, whose length in bytes need not be counted. Undefined for any other. */
const asciiFrame = (text: string): Buffer | undefined => {
  const { length } = text
  const begin = headerLength(length)
  const bytes = Buffer.allocUnsafe(begin + length + slack)
  if (bytes.write(text, begin) !== length) return undefined
  writeHeader(bytes, 0, length)
  return bytes.subarray(0, begin + length)
}

/**
 * The same for several messages. All are written as one text, with room for their
 * headers: to write them one by one takes three times as long. Undefined when one is not ASCII.
 */
const asciiFrames = (texts: ReadonlyArray<string>): Buffer | undefined => {
  let all = ""
  for (const text of texts) all += blanks[headerLength(text.length)] + text
  const bytes = Buffer.allocUnsafe(all.length + slack)
  if (bytes.write(all) !== all.length) return undefined
  let offset = 0
  for (const { length } of texts) offset = writeHeader(bytes, offset, length) + length
  return bytes.subarray(0, all.length)
}

/** As long as a header of so many bytes. */
const blanks: { readonly [length: number]: string } = { 2: " ".repeat(2), 4: " ".repeat(4), 10: " ".repeat(10) }

/**
 * Messages that differ only in how they begin: built once, and given another beginning for each component they are for.
 */
export class FrameTemplate {
  #bytes: Buffer
  #beginning: Uint8Array
  readonly #offsets: Int32Array

  /** Frames of messages that have this beginning at these offsets. */
  constructor(bytes: Buffer, beginning: Uint8Array, offsets: Int32Array) {
    this.#bytes = bytes
    this.#beginning = beginning
    this.#offsets = offsets
  }

  /** The messages, each with this beginning. */
  static of(texts: ReadonlyArray<string>, beginning: Uint8Array): FrameTemplate {
    const blank = " ".repeat(beginning.length)
    const bytes = frames(texts.map((text) => blank + text))
    const offsets = new Int32Array(texts.length)
    let offset = 0
    for (const [index, text] of texts.entries()) {
      const length = beginning.length + Buffer.byteLength(text)
      offset += headerLength(length)
      offsets[index] = offset
      bytes.set(beginning, offset)
      offset += length
    }
    return new FrameTemplate(bytes, beginning, offsets)
  }

  /** Whether the messages can have this beginning: it must be as long as the one before. */
  fits(beginning: Uint8Array): boolean {
    return beginning.length === this.#beginning.length
  }

  /** The messages with this beginning. Always the same buffer, unless it was kept. */
  with(beginning: Uint8Array): Buffer {
    const bytes = this.#bytes
    const { length } = beginning
    let from = 0
    // Beginnings are ids of one kind, made at about the same time, so they share their first characters.
    while (from < length && beginning[from] === this.#beginning[from]) from++
    // Byte by byte: for so few bytes that is faster than copying.
    for (const offset of this.#offsets) {
      for (let index = from; index < length; index++) bytes[offset + index] = beginning[index] as number
    }
    this.#beginning = beginning
    return bytes
  }

  /** The buffer that was returned last is still needed. */
  keep(): void {
    this.#bytes = Buffer.from(this.#bytes)
  }
}

/** Bytes of the header of a message with this many bytes. */
export const headerLength = (length: number): number => (length < 126 ? 2 : length < 65_536 ? 4 : 10)

/** Returns where the message begins. */
export const writeHeader = (bytes: Buffer, offset: number, length: number, first = plain): number => {
  bytes[offset] = first
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
