/**
 * Reads what nearly all clients send: messages in one frame that is there as a whole and not compressed, and pongs (RFC
 * 6455, section 5.2). `ws` reads everything else; being a stream with copies of each message, it would take three times
 * as long for these.
 */
import { isUtf8 } from "node:buffer"

/** The first byte of such a frame: final, and text or binary. */
const wholeText = 0x81
const wholeBytes = 0x82

/** The first byte of a pong. */
const pong = 0x8a

/** Set in the second byte by every client. */
const masked = 0x80

/** Bytes of the mask. */
const maskSize = 4

/** Bytes from which a payload is unmasked word by word: a view on the words of a shorter one costs more than it saves. */
const long = 512

/** Bytes from which a text is left as it is, if all its characters are ASCII: as a string it costs more than its reading. */
const longText = 64 * 1024

/** A frame that was read. */
export interface WholeFrame {
  readonly kind: "text" | "long" | "bytes" | "pong"
  /** What is in it, from here to its end; its mask is removed, unless it is a pong. */
  readonly payload: number
  /** The text, unless that is so long that it was left as bytes. */
  readonly text: string | undefined
  /** Where the next one begins. */
  readonly end: number
}

/** Where a frame has its payload. */
export interface FrameExtent {
  readonly payload: number
  readonly end: number
}

/**
 * Where the frame that begins here has its payload, whether that is there or not. Undefined when it is for `ws`: it is
 * of another kind, larger than a frame may be, or its head is not complete.
 */
export const extentOf = (bytes: Buffer, offset: number, maxPayload: number): FrameExtent | undefined => {
  if (offset + 2 + maskSize > bytes.length) return undefined
  const first = bytes[offset]
  const second = bytes[offset + 1] as number
  if ((first !== wholeText && first !== wholeBytes && first !== pong) || second < masked) return undefined
  const short = second & ~masked
  const extended = short < 126 ? 0 : short === 126 ? 2 : 8
  // `ws` says what is wrong with a pong of such a length.
  if (extended > 0 && first === pong) return undefined
  const payload = offset + 2 + extended + maskSize
  if (payload > bytes.length) return undefined
  const length =
    extended === 0 ? short : extended === 2 ? bytes.readUInt16BE(offset + 2) : longLength(bytes, offset + 2)
  return length > maxPayload ? undefined : { payload, end: payload + length }
}

/** The frame that begins here; undefined when it is for `ws` or not there as a whole, and then the bytes are as they came. */
export const next = (bytes: Buffer, offset: number, maxPayload: number): WholeFrame | undefined => {
  const extent = extentOf(bytes, offset, maxPayload)
  if (extent === undefined || extent.end > bytes.length) return undefined
  const { end, payload } = extent
  switch (bytes[offset]) {
    case pong:
      return { kind: "pong", payload, text: undefined, end }
    case wholeBytes:
      unmask(bytes, payload, end)
      return { kind: "bytes", payload, text: undefined, end }
    default: {
      const isAscii = unmask(bytes, payload, end) < 0x80
      if (isAscii && end - payload >= longText) return { kind: "long", payload, text: undefined, end }
      const text = isAscii ? bytes.toString("latin1", payload, end) : textOf(bytes, payload, end)
      // `ws` says what is wrong with it.
      return text === undefined ? undefined : { kind: "text", payload, text, end }
    }
  }
}

const longLength = (bytes: Buffer, offset: number): number =>
  bytes.readUInt32BE(offset) * 2 ** 32 + bytes.readUInt32BE(offset + 4)

/** The text of a payload without its mask; undefined when it is not UTF-8, and then it is masked again. */
const textOf = (bytes: Buffer, payload: number, end: number): string | undefined => {
  if (isUtf8(bytes.subarray(payload, end))) return bytes.toString("utf8", payload, end)
  unmask(bytes, payload, end)
  return undefined
}

/** Removes the mask that stands before a payload, or puts it back. Returns all bits that are set in any byte of the result. */
const unmask = (bytes: Buffer, payload: number, end: number): number => {
  if (end - payload < long) return unmaskBytes(bytes, payload, payload, end)
  // Word by word, from where a word begins in memory: a tenth of the time.
  const aligned = payload + (-(bytes.byteOffset + payload) & 3)
  const words = new Int32Array(bytes.buffer, bytes.byteOffset + aligned, (end - aligned) >> 2)
  const wordMask = wordMaskOf(bytes, payload, aligned)
  let bits = 0
  for (let index = 0; index < words.length; index++) {
    const word = (words[index] as number) ^ wordMask
    words[index] = word
    bits |= word
  }
  return (
    unmaskBytes(bytes, payload, payload, aligned) |
    unmaskBytes(bytes, payload, aligned + words.length * 4, end) |
    ((bits | (bits >>> 8) | (bits >>> 16) | (bits >>> 24)) & 0xff)
  )
}

const maskBytes = Buffer.alloc(maskSize)
const maskWords = new Int32Array(maskBytes.buffer, maskBytes.byteOffset, 1)

/** The mask of a payload as it lies over the words that begin here. */
const wordMaskOf = (bytes: Buffer, payload: number, aligned: number): number => {
  for (let index = 0; index < maskSize; index++) {
    maskBytes[index] = bytes[payload - maskSize + ((aligned - payload + index) & 3)] as number
  }
  return maskWords[0] as number
}

/** The same for the bytes from here to there. */
const unmaskBytes = (bytes: Buffer, payload: number, from: number, to: number): number => {
  const mask = payload - maskSize
  let bits = 0
  let index = from
  for (; index < to && ((index - payload) & 3) !== 0; index++) bits |= unmaskByte(bytes, mask, payload, index)
  const [a, b, c, d] = [bytes[mask], bytes[mask + 1], bytes[mask + 2], bytes[mask + 3]] as [
    number,
    number,
    number,
    number
  ]
  // Four at a time: half the time of one by one.
  for (; index + 4 <= to; index += 4) {
    const first = (bytes[index] as number) ^ a
    const second = (bytes[index + 1] as number) ^ b
    const third = (bytes[index + 2] as number) ^ c
    const fourth = (bytes[index + 3] as number) ^ d
    bytes[index] = first
    bytes[index + 1] = second
    bytes[index + 2] = third
    bytes[index + 3] = fourth
    bits |= first | second | third | fourth
  }
  for (; index < to; index++) bits |= unmaskByte(bytes, mask, payload, index)
  return bits
}

const unmaskByte = (bytes: Buffer, mask: number, payload: number, index: number): number => {
  const byte = (bytes[index] as number) ^ (bytes[mask + ((index - payload) & 3)] as number)
  bytes[index] = byte
  return byte
}
