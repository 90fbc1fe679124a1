/** Base64 as RFC 4648 has it, with padding and nothing else: what can be written in two ways is taken in one. */

/** Characters in which bytes are written together. */
const group = 4

/** The bytes of a text; undefined when it is not canonical. */
export const decode = (text: string): Buffer | undefined => {
  if (text.length % group !== 0) return undefined
  const bytes = Buffer.from(text, "base64")
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0
  // Node skips what it does not know and ends at the first "=", so that something is missing then. It also reads the
  // characters of base64url.
  if (bytes.length !== (text.length / group) * 3 - padding || text.includes("-") || text.includes("_")) return undefined
  // The bits after the end are only in the last group.
  const last = bytes.toString("base64", bytes.length - (padding === 0 ? 0 : 3 - padding))
  return text.endsWith(last) ? bytes : undefined
}
