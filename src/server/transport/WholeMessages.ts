/**
 * Reads what nearly all clients send: text in one frame that has arrived as a whole and is not compressed, and pongs
 * (RFC 6455, section 5.2). `ws` reads everything else; being a stream with a copy of each message, it would take three
 * times as long for these.
 */
import { isUtf8 } from "node:buffer"

/** The first byte of such a frame: final, text. */
const wholeText = 0x81

/** The first byte of a pong. */
const pong = 0x8a

/** Set in the second byte by every client. */
const masked = 0x80

/** A frame that was read. */
export interface WholeFrame {
  /** Undefined for a pong. */
  readonly text: string | undefined
  /** Where the next one begins. */
  readonly end: number
}

/** The frame that begins here; undefined when it is for `ws`, and then the bytes are as they came. */
export const next = (bytes: Buffer, offset: number, maxPayload: number): WholeFrame | undefined => {
  if (offset + 6 > bytes.length) return undefined
  const first = bytes[offset]
  const second = bytes[offset + 1] as number
  const short = second & ~masked
  // Messages of 64 KiB and more are few.
  if ((first !== wholeText && first !== pong) || second < masked || short === 127) return undefined
  const mask = short === 126 ? offset + 4 : offset + 2
  const length = short === 126 ? bytes.readUInt16BE(offset + 2) : short
  const end = mask + 4 + length
  if (end > bytes.length || length > maxPayload) return undefined
  if (first === pong) return short === 126 ? undefined : { text: undefined, end }
  const text = textOf(bytes, mask, end)
  // `ws` says what is wrong with it.
  return text === undefined ? undefined : { text, end }
}

/** The text of a payload that follows its mask; undefined when it is not UTF-8, and left masked. */
const textOf = (bytes: Buffer, mask: number, end: number): string | undefined => {
  const from = mask + 4
  if (unmask(bytes, mask, end) < 0x80) return bytes.toString("latin1", from, end)
  if (isUtf8(bytes.subarray(from, end))) return bytes.toString("utf8", from, end)
  unmask(bytes, mask, end)
  return undefined
}

/** Removes the mask, or puts it back. Returns all bits that are set in any byte of the result. */
const unmask = (bytes: Buffer, mask: number, end: number): number => {
  const [a, b, c, d] = [bytes[mask], bytes[mask + 1], bytes[mask + 2], bytes[mask + 3]] as [
    number,
    number,
    number,
    number
  ]
  let bits = 0
  let index = mask + 4
  // Four at a time: half the time of one by one.
  for (; index + 4 <= end; index += 4) {
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
  for (let at = 0; index < end; index++, at++) {
    const byte = (bytes[index] as number) ^ (bytes[mask + at] as number)
    bytes[index] = byte
    bits |= byte
  }
  return bits
}
