/**
 * Builds frames of compressed messages (RFC 7692). Each message is compressed by itself, so that one frame serves all clients that get
 * the message. Compression is synchronous: messages keep their order without a queue, and one message at a time uses memory.
 */
import { constants, deflateRawSync } from "node:zlib"
import { compressed, frame, frames, FrameTemplate, headerLength, plain, writeHeader } from "./WebSocketFrames.ts"

/** Bits of the window, unless a client can only use fewer. A window of 15 bits costs more time and saves hardly more. */
const windowBits = 13

/** Takes a fifth of the time of the default level, and saves nine tenths of what that saves. */
const level = 1
const memLevel = 7

/** The last bytes of every compressed message, which are not sent. */
const trailerLength = 4

/** Bytes of the header of a block that is not compressed. */
const storedLength = 5

/** Compresses messages from a threshold on, for all clients with the same window. */
export class Deflater {
  /** The kind of its frames, see `FrameWriter`. */
  readonly kind: string
  readonly #threshold: number
  readonly #options
  readonly #templates = new WeakMap<object, FrameTemplate>()

  constructor(threshold: number, windowBits: number) {
    this.kind = `websocket deflate ${windowBits}`
    this.#threshold = threshold
    this.#options = { level, memLevel, windowBits, finishFlush: constants.Z_SYNC_FLUSH } as const
  }

  /** Bits of the window for a client that can use this many. */
  static windowBits(max: number): number {
    return Math.min(windowBits, max)
  }

  /** The frame of one message. */
  frame(text: string): Buffer {
    if (this.#isShort(text)) return frame(text)
    const bytes = Buffer.from(text)
    const deflated = this.#deflate(bytes, 0)
    return deflated === undefined ? frame(text) : frameOf(compressed, [deflated])
  }

  /** The frames of several messages, one after the other. */
  frames(texts: ReadonlyArray<string>): Buffer {
    return texts.every((text) => this.#isShort(text))
      ? frames(texts)
      : Buffer.concat(texts.map((text) => this.frame(text)))
  }

  /** The messages of a batch, each with this beginning. What follows the beginning is compressed once for all beginnings. */
  template(batch: { readonly texts: ReadonlyArray<string> }, beginning: Uint8Array): FrameTemplate {
    let template = this.#templates.get(batch)
    if (template?.fits(beginning) !== true) {
      template = this.#makeTemplate(batch.texts, beginning)
      this.#templates.set(batch, template)
    }
    return template
  }

  #makeTemplate(texts: ReadonlyArray<string>, beginning: Uint8Array): FrameTemplate {
    const offsets = new Int32Array(texts.length)
    let size = 0
    const made = texts.map((text, index) => {
      const bytes = Buffer.from(text)
      const deflated = this.#isShort(text) ? undefined : this.#deflate(bytes, storedLength)
      const frame =
        deflated === undefined
          ? frameOf(plain, [beginning, bytes])
          : frameOf(compressed, [stored(beginning.length), beginning, deflated])
      offsets[index] = size + frame.length - (deflated ?? bytes).length - beginning.length
      size += frame.length
      return frame
    })
    return new FrameTemplate(Buffer.concat(made, size), beginning, offsets)
  }

  #isShort(text: string): boolean {
    return text.length < this.#threshold && Buffer.byteLength(text) < this.#threshold
  }

  /** Undefined when the result, with `more` bytes added, would be no shorter. */
  #deflate(bytes: Uint8Array, more: number): Buffer | undefined {
    const deflated = deflateRawSync(bytes, this.#options)
    const length = deflated.length - trailerLength
    return length + more < bytes.length ? deflated.subarray(0, length) : undefined
  }
}

const frameOf = (first: number, parts: ReadonlyArray<Uint8Array>): Buffer => {
  const length = parts.reduce((size, part) => size + part.length, 0)
  const header = Buffer.allocUnsafe(headerLength(length))
  writeHeader(header, 0, length, first)
  return Buffer.concat([header, ...parts])
}

/** The header of a block of `length` bytes that is not compressed (RFC 1951, 3.2.4). Blocks after it do not refer to it. */
const stored = (length: number): Buffer => {
  const bytes = Buffer.alloc(storedLength)
  bytes.writeUInt16LE(length, 1)
  bytes.writeUInt16LE(0xffff - length, 3)
  return bytes
}
