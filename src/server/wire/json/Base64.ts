/** Base64 as RFC 4648 has it, with padding and nothing else: what can be written in two ways is taken in one. */

/** The bytes of a text; undefined when it is not canonical. */
export const decode = (text: string): Buffer | undefined => {
  if (text.length % 4 !== 0) return undefined
  const bytes = Buffer.from(text, "base64")
  // Node skips what it does not know, and does not look at the bits after the end: so it is written again, and compared.
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0
  const isWhole = bytes.length === (text.length / 4) * 3 - padding
  return isWhole && bytes.toString("base64") === text ? bytes : undefined
}
