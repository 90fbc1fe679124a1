/**
 * Counts what a client sends besides messages: pings, pongs without a ping, messages in tiny pieces, and frames that
 * arrive byte by byte. Messages are counted by the wire; this counts the rest, before anybody else reads it. It reads
 * the heads of frames (RFC 6455, section 5.2).
 */

/** A read of fewer bytes that completes nothing costs about as much as a message. A frame may arrive in two reads. */
const crumb = 512

/** Short pieces of a message that cost as much as one message. */
const pieces = 16

const continuation = 0x0
const ping = 0x9
const pong = 0xa

/** Where the last frame of the read ended. */
export interface FramePosition {
  /** Bytes of the present frame that have not arrived. */
  rest: number
  /** The beginning of a frame whose head is not complete. */
  head: Buffer | undefined
  /** Whether the last read was short and completed nothing. */
  isCrumb: boolean
  /** Short pieces that were not counted yet. */
  unpaid: number
}

/** The connection that is charged. */
export interface Payer {
  /** Whether a pong is due for a ping; resets that. */
  readonly takePong: () => boolean
  /** Whether the connection is still read. */
  readonly isOpen: boolean
  /** Counts as one message. */
  readonly pay: () => void
}

/** Counts what was read. */
export const read = (position: FramePosition, chunk: Buffer, payer: Payer): void => {
  const bytes = position.head === undefined ? chunk : Buffer.concat([position.head, chunk])
  position.head = undefined
  let offset = position.rest
  let hasCompleted = offset > 0 && offset <= bytes.length
  while (offset < bytes.length && payer.isOpen) {
    const end = endOf(bytes, offset)
    if (end === undefined) {
      // A copy, because the buffer of the read may be large.
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

/** The end of the frame that begins here; undefined while its head is not complete. */
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
