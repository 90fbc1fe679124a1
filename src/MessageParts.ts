/**
 * Long messages of the server in parts, for a client that takes them: each part is a message of its own, so that the client hears
 * of a slow connection that it goes on. A browser tells nothing of a message before it has arrived as a whole. All parts but the
 * last begin with `+`, the last with `=`; JSON begins with neither. Nothing comes between the parts of a message.
 */

/** Characters of a part. On 2 kB a second it arrives within the patience of a client. */
const length = 16 * 1024

/** Whether a message is sent in parts. */
export const isLong = (text: string): boolean => text.length > length

/** The parts of a message. */
export const split = (text: string): ReadonlyArray<string> => {
  const parts: Array<string> = []
  let from = 0
  while (text.length - from > length) {
    // Half a character would not arrive.
    const to = from + length - (isHigh(text.charCodeAt(from + length - 1)) ? 1 : 0)
    parts.push(`+${text.slice(from, to)}`)
    from = to
  }
  parts.push(`=${text.slice(from)}`)
  return parts
}

const isHigh = (unit: number): boolean => unit >= 0xd800 && unit < 0xdc00

/** Puts messages together again. */
export class MessageJoiner {
  #parts: Array<string> = []

  /** How many parts there are of a message that is not complete. */
  get parts(): number {
    return this.#parts.length
  }

  /** The message that is complete with this; undefined for a part that is not the last. */
  add(text: string): string | undefined {
    const first = text[0]
    if (first === "+") {
      this.#parts.push(text.slice(1))
      return undefined
    }
    if (first !== "=") return text
    const message = this.#parts.join("") + text.slice(1)
    this.#parts = []
    return message
  }
}
