/**
 * Measures the size and the depth of the messages in a frame. It reads the text once and allocates nothing, so that it
 * costs less than parsing, whatever the text is.
 */

const quote = '"'.charCodeAt(0)
const backslash = "\\".charCodeAt(0)
const comma = ",".charCodeAt(0)
const openBracket = "[".charCodeAt(0)
const openBrace = "{".charCodeAt(0)
const closeBracket = "]".charCodeAt(0)
const closeBrace = "}".charCodeAt(0)

/**
 * Characters that each array and object counts in addition: an empty one takes three characters of text, and forty
 * bytes of memory.
 */
const perValue = 32

/** Characters of a string that are read one by one; after these, its end is searched for. */
const shortString = 32

/** The part of a text that is used. */
export type Text = Pick<string, "charCodeAt" | "indexOf" | "length">

/** The messages of one JSON frame, one after the other. */
export class FrameScan {
  /** The size of the message: its characters, and an addition for each array and object. */
  size = 0
  /** The number of arrays and objects inside each other. */
  depth = 0
  readonly #text: Text
  #at: number

  /** The frame is an array of messages, or a single message. */
  constructor(text: Text, isArray: boolean) {
    this.#text = text
    this.#at = isArray ? text.indexOf("[") + 1 : 0
  }

  /** Measures the next message. */
  next(): void {
    const text = this.#text
    const { length } = text
    const begin = this.#at
    let at = begin
    let depth = 0
    let deepest = 0
    let values = 0
    for (; at < length; at++) {
      const code = text.charCodeAt(at)
      if (code === quote) at = endOfString(text, at)
      else if (code === openBrace || code === openBracket) {
        values++
        if (++depth > deepest) deepest = depth
      } else if (code === closeBrace || code === closeBracket) {
        // The end of the array around the message.
        if (depth === 0) break
        depth--
      } else if (code === comma && depth === 0) break
    }
    this.#at = at + 1
    this.size = at - begin + values * perValue
    this.depth = deepest
  }
}

/** The end of the string that begins here. */
const endOfString = (text: Text, begin: number): number => {
  let at = begin + 1
  for (let short = at + shortString; ; at++) {
    if (at >= short) {
      at = text.indexOf('"', at)
      // In JSON there is one.
      if (at < 0) return text.length
      if (!isEscaped(text, at)) return at
      short = at + shortString
      continue
    }
    const code = text.charCodeAt(at)
    if (code === quote) return at
    if (code === backslash) at++
  }
}

/** Whether an odd number of backslashes comes before. */
const isEscaped = (text: Text, at: number): boolean => {
  let first = at
  while (text.charCodeAt(first - 1) === backslash) first--
  return (at - first) % 2 === 1
}
