/**
 * Counts what a client sends besides messages: pings, pongs without a ping, messages in tiny pieces, and frames that
 * arrive byte by byte. Messages are counted by the wire; this counts the rest, before anybody else reads it. It reads
 * the heads of frames (RFC 6455, section 5.2).
 */

/** A read of fewer bytes that completes nothing costs about as much as a message. A frame may arrive in two reads. */
const crumb = 512

/** Short pieces of a message that cost as much as one message. */
const pieces = 16

/** Added to the opcode of the last frame of a message, and of every control frame. */
const final = 0x80

/** The first opcode of control frames, which may stand between the frames of a message. */
const control = 0x8

const continuation = 0x0
const ping = 0x9
const pong = 0xa

/** Where the last read ended. */
export interface FramePosition {
  /** Bytes of the present frame that have not arrived. */
  readonly rest: number
  /** The beginning of a frame whose head is not complete. */
  readonly head: Buffer | undefined
  /** Whether the last read was short and completed nothing. */
  readonly isCrumb: boolean
  /** Whether a message has begun whose last piece has not. */
  readonly isInMessage: boolean
  /** Short pieces that were not counted yet. */
  readonly unpaid: number
}

const between: FramePosition = { rest: 0, head: undefined, isCrumb: false, isInMessage: false, unpaid: 0 }

/** The connection that is charged. */
export interface Payer {
  /** Whether a pong is due for a ping; resets that. */
  readonly takePong: () => boolean
  /** Whether the connection is still read. */
  readonly isOpen: boolean
  /** Counts as one message. */
  readonly pay: () => void
}

/**
 * Counts what was read, and gives where it ended; undefined between two messages, as most connections are.
 * `follows`: something that is not in the chunk was read completely before it.
 */
export const read = (
  position: FramePosition | undefined,
  chunk: Buffer,
  payer: Payer,
  follows = false
): FramePosition | undefined => {
  const before = position ?? between
  const bytes = before.head === undefined ? chunk : Buffer.concat([before.head, chunk])
  let head: Buffer | undefined
  let offset = before.rest
  let { isInMessage, unpaid } = before
  let hasCompleted = follows || (offset > 0 && offset <= bytes.length)
  while (offset < bytes.length && payer.isOpen) {
    const end = endOf(bytes, offset)
    if (end === undefined) {
      // A copy, because the buffer of the read may be large.
      head = Buffer.from(bytes.subarray(offset))
      break
    }
    const first = bytes[offset] as number
    const opcode = first & 0xf
    if (opcode < control) isInMessage = first < final
    if (opcode === ping || (opcode === pong && !payer.takePong())) payer.pay()
    else if (opcode === continuation && end - offset < crumb && ++unpaid === pieces) {
      unpaid = 0
      payer.pay()
    }
    offset = end
    hasCompleted ||= end <= bytes.length
  }
  const rest = Math.max(0, offset - bytes.length)
  const isCrumb = !hasCompleted && chunk.length < crumb
  if (isCrumb && before.isCrumb) payer.pay()
  const isBetween = rest === 0 && head === undefined && !isInMessage && unpaid === 0
  return isBetween ? undefined : { rest, head, isCrumb, isInMessage, unpaid }
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
