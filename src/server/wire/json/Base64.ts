/** Base64 as RFC 4648 has it, with padding and nothing else: what can be written in two ways is taken in one. */

/** Characters in which bytes are written together. */
const group = 4

/** Characters that are decoded at once of a long text: strings of this size are cheap, larger ones are not. */
const pieceSize = 32 * 1024

/** The bytes of a text; undefined when it is not canonical. */
export const decode = (text: string): Buffer | undefined => {
  if (text.length % group !== 0) return undefined
  const bytes = Buffer.from(text, "base64")
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0
  // Node skips what it does not know and ends at the first "=", so that something is missing then. It also reads the
  // characters of base64url.
  if (bytes.length !== (text.length / group) * 3 - padding || isOfUrl(text)) return undefined
  // The bits after the end are only in the last group.
  const last = bytes.toString("base64", bytes.length - (padding === 0 ? 0 : 3 - padding))
  return text.endsWith(last) ? bytes : undefined
}

/** The same of a text of ASCII characters, which is overwritten by what it stands for, whether it is canonical or not. */
export const decodeInPlace = (text: Buffer): Buffer | undefined => {
  let [read, written] = [0, 0]
  while (text.length - read > pieceSize) {
    const piece = text.toString("latin1", read, read + pieceSize)
    const size = text.write(piece, written, "base64")
    if (size !== (pieceSize / group) * 3 || isOfUrl(piece)) return undefined
    read += pieceSize
    written += size
  }
  const last = decode(text.toString("latin1", read))
  if (last === undefined) return undefined
  last.copy(text, written)
  return text.subarray(0, written + last.length)
}

const isOfUrl = (text: string): boolean => text.includes("-") || text.includes("_")
