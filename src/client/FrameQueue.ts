/** Collects the messages of one turn, and sends them in one frame. */
import type { FromClientEncoded } from "effect/rpc/RpcMessage"
import type { ClientLimits } from "../ClientLimits.ts"
import { large } from "./LargeRequests.ts"

/** Several messages in one frame, as an array. */
export class TextFrame {
  readonly text: string
  readonly #messages: ReadonlyArray<FromClientEncoded>

  constructor(texts: ReadonlyArray<string>, messages: ReadonlyArray<FromClientEncoded>) {
    this.text = `[${texts.join(",")}]`
    this.#messages = messages
  }

  /** For a Link of another kind, which encodes what it is given. */
  toJSON(): ReadonlyArray<FromClientEncoded> {
    return this.#messages
  }
}

/** What each array and object of a request counts, besides its text, and what the smallest request counts. */
const perValue = 32
const smallest = 512

/** What a request of this JSON counts for until it is answered, as servers count; more when there are brackets in texts. */
export const sizeOf = (text: string): number => {
  let size = text.length
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === openBrace || code === openBracket) size += perValue
  }
  return Math.max(size, smallest)
}

const openBracket = "[".charCodeAt(0)
const openBrace = "{".charCodeAt(0)

/** What a frame holds at most: a large message goes alone, since a connection may end because of it. */
const most = { length: large, messages: 256 }

/** The same before the server has said what it takes. */
const early = { length: 1024, messages: 64 }

/** Bytes of a character. */
const perCharacter = 3

/** The messages of this turn. */
export class FrameQueue {
  readonly #send: (frame: FromClientEncoded | TextFrame) => void
  #texts: Array<string> = []
  #messages: Array<FromClientEncoded> = []
  #length = 0
  #most = early
  /** The connection is about to be closed: nothing may wait any more. */
  #isClosing = false

  constructor(send: (frame: FromClientEncoded | TextFrame) => void) {
    this.#send = send
  }

  /** There is a new connection. */
  connected(): void {
    this.clear()
    this.#most = early
    this.#isClosing = false
  }

  /** The server has said what it takes. */
  told({ maxMessages = Infinity, maxPayload = Infinity }: ClientLimits): void {
    this.#most = {
      length: Math.min(most.length, maxPayload / perCharacter),
      messages: Math.min(most.messages, maxMessages)
    }
  }

  /** Sends a message at the end of this turn, behind all before it. Returns its JSON. */
  add(message: FromClientEncoded): string {
    const text = JSON.stringify(message)
    const { length, messages } = this.#most
    if (this.#length + text.length > length || this.#texts.length >= messages) this.flush()
    if (this.#texts.length === 0 && !this.#isClosing) queueMicrotask(() => this.flush())
    this.#texts.push(text)
    this.#messages.push(message)
    this.#length += text.length
    if (this.#isClosing) this.flush()
    return text
  }

  /** Sends what there is, and from now on everything at once: the connection is about to be closed. */
  close(): void {
    this.#isClosing = true
    this.flush()
  }

  /** Sends what there is. */
  flush(): void {
    if (this.#texts.length === 0) return
    const [first, second] = this.#messages
    const frame = second === undefined ? first : new TextFrame(this.#texts, this.#messages)
    this.clear()
    if (frame !== undefined) this.#send(frame)
  }

  /** Forgets what was not sent. */
  clear(): void {
    this.#texts = []
    this.#messages = []
    this.#length = 0
  }
}
