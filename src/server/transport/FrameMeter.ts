/**
 * What a client sends besides messages: pings, pongs nobody asked for, messages in crumbs, and frames that come byte by byte. Messages
 * are counted by whoever takes them apart; this counts the rest, before anybody else looks at it. It reads the heads of frames, as RFC
 * 6455 section 5.2 has them.
 */

/** Less than this that completes nothing is a crumb: it costs about as much to read as a message. A frame may come in two reads. */
const crumb = 512

/** So many short pieces of a message cost as much as a message. */
const pieces = 16

const continuation = 0x0
const ping = 0x9
const pong = 0xa

/** Where what was read last has ended. */
export interface FramePosition {
  /** Bytes of the frame under way that are still to come. */
  rest: number
  /** The beginning of a frame whose head is not complete. */
  head: Buffer | undefined
  /** Whether the last read was a crumb. */
  isCrumb: boolean
  /** Short pieces that were not paid for yet. */
  unpaid: number
}

/** Who pays. */
export interface Payer {
  /** Whether a pong is due, because one was asked for; it is not due any more. */
  readonly takePong: () => boolean
  /** Whether it is still heard. */
  readonly isOpen: boolean
  /** Counts as much as one message does. */
  readonly pay: () => void
}

/** Counts what was read, and moves on. */
export const read = (position: FramePosition, chunk: Buffer, payer: Payer): void => {
  const bytes = position.head === undefined ? chunk : Buffer.concat([position.head, chunk])
  position.head = undefined
  let offset = position.rest
  let hasCompleted = offset > 0 && offset <= bytes.length
  while (offset < bytes.length && payer.isOpen) {
    const end = endOf(bytes, offset)
    if (end === undefined) {
      // A copy: what it was read with may be large.
      position.head = Buffer.from(bytes.subarray(offset))
      break
    }
    count(position, (bytes[offset] as number) & 0xf, end - offset, payer)
    offset = end
    hasCompleted ||= end <= bytes.length
  }
  position.rest = Math.max(0, offset - bytes.length)
  const isCrumb = !hasCompleted && chunk.length < crumb
  if (isCrumb && position.isCrumb) payer.pay()
  position.isCrumb = isCrumb
}

const count = (position: FramePosition, opcode: number, size: number, payer: Payer): void => {
  if (opcode === ping || (opcode === pong && !payer.takePong())) return payer.pay()
  if (opcode !== continuation || size >= crumb) return
  position.unpaid = (position.unpaid + 1) % pieces
  if (position.unpaid === 0) payer.pay()
}

/** Where the frame ends that begins here; undefined while its head is not complete. */
const endOf = (bytes: Buffer, offset: number): number | undefined => {
  const left = bytes.length - offset
  if (left < 2) return undefined
  const second = bytes[offset + 1] as number
  const short = second & 0x7f
  const extended = short === 126 ? 2 : short === 127 ? 8 : 0
  if (left < 2 + extended) return undefined
  const mask = second & 0x80 ? 4 : 0
  return offset + 2 + extended + mask + (extended === 0 ? short : longLength(bytes, offset + 2, extended))
}

const longLength = (bytes: Buffer, offset: number, size: 2 | 8): number =>
  size === 2 ? bytes.readUInt16BE(offset) : bytes.readUInt32BE(offset) * 2 ** 32 + bytes.readUInt32BE(offset + 4)
