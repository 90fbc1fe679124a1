/** The last messages of a page: bounded in their number, and in the characters of what is kept of them. */
import type { Json } from "../Json.ts"

/** A message that has left, or arrived. */
export interface LoggedMessage {
  readonly id: number
  /** Milliseconds since the epoch. */
  readonly at: number
  readonly direction: "out" | "in"
  readonly kind: string
  /** The name of its component; empty for none. */
  readonly component: string
  /** Characters or, of a part of a file, bytes. */
  readonly size: number
  readonly summary: string
  /** Undefined when it was too large to be kept. */
  readonly body: Json | undefined
}

/** How many messages are kept at most. */
export const maxMessages = 500

/** How many characters, of all messages that are kept. */
export const maxCharacters = 1_000_000

/** How many of one message: of a larger one only the summary is kept. */
export const maxBody = 100_000

/** The messages, in their order. */
export class MessageLog {
  readonly #messages: Array<LoggedMessage> = []
  #characters = 0
  #last = 0
  /** How many there were since it was cleared, kept or not. */
  total = 0
  isPaused = false

  add(message: Omit<LoggedMessage, "id">): void {
    if (this.isPaused) return
    this.total++
    const isLarge = message.size > maxBody
    this.#messages.push({ ...message, id: ++this.#last, ...(isLarge ? { body: undefined } : {}) })
    this.#characters += kept(message)
    while (this.#messages.length > maxMessages || this.#characters > maxCharacters) {
      const [oldest] = this.#messages.splice(0, 1)
      if (oldest === undefined) return
      this.#characters -= kept(oldest)
    }
  }

  clear(): void {
    this.#messages.length = 0
    this.#characters = 0
    this.total = 0
  }

  /** How many characters are kept. */
  get characters(): number {
    return this.#characters
  }

  /** All that are kept. */
  get messages(): ReadonlyArray<LoggedMessage> {
    return this.#messages
  }

  /** The last `count` in which this text is found, whatever its case. */
  found(words: string, count: number): ReadonlyArray<LoggedMessage> {
    const wanted = words.trim().toLowerCase()
    if (wanted === "") return this.#messages.slice(-count)
    const has = (text: string) => text.toLowerCase().includes(wanted)
    return this.#messages
      .filter(({ component, kind, summary }) => has(kind) || has(component) || has(summary))
      .slice(-count)
  }
}

const kept = ({ size, summary }: Pick<LoggedMessage, "size" | "summary">): number =>
  summary.length + (size > maxBody ? 0 : size)
