/**
 * A binary frame with a part of a file: the length of its header (32 bits, little endian), the header as JSON, and the
 * bytes.
 */

/** A part of a file. */
export interface FilePart {
  readonly header: unknown
  readonly bytes: Buffer
}

/** Bytes of the longest header. */
const maxHeader = 4096

/** The part in a frame; undefined when the frame is something else. A text is: its first four characters are no such length. */
export const read = (frame: Buffer): FilePart | undefined => {
  if (frame.length < 4) return undefined
  const end = 4 + frame.readUInt32LE(0)
  if (end > frame.length || end > 4 + maxHeader) return undefined
  try {
    return { header: JSON.parse(frame.toString("utf8", 4, end)), bytes: frame.subarray(end) }
  } catch {
    return undefined
  }
}
