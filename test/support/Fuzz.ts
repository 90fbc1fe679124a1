/** Frames nobody would send who means well, from a seed: noise, JSON that is no message, and messages that were tampered with. */

/** A source of numbers from 0 to 1 that a seed determines (mulberry32). */
const randomFrom = (seed: number): (() => number) => {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

type Json = null | boolean | number | string | ReadonlyArray<Json> | { readonly [key: string]: Json }
type Fields = { readonly [key: string]: Json }

const keys = [
  "type",
  "componentId",
  "payload",
  "requestId",
  "action",
  "callId",
  "__proto__",
  "constructor",
  "toString",
  ""
]
const scraps = ["", "\u0000", "💥", "../../etc/passwd", "'; drop table", "NaN", "1e309", "\ud800", "a".repeat(5000)]
const numbers = [0, -0, -1, 1.5, 2 ** 53, -(2 ** 31), 1e300]

/** Frames of one seed, for somebody who has mounted this component. */
export class Fuzz {
  readonly #random: () => number
  readonly #messages: ReadonlyArray<Fields>

  constructor(seed: number, componentId: string) {
    this.#random = randomFrom(seed)
    this.#messages = [
      { type: "COMPONENT_MOUNT", payload: { component: "AuthorizationFixture", props: {} }, requestId: 1 },
      { type: "COMPONENT_MOUNT", componentId: "x", payload: { component: "AuthorizationFixture", key: "shared" } },
      {
        type: "COMPONENT_MOUNT",
        payload: { component: "AuthorizationFixture", props: {}, room: "hall", userId: "me" }
      },
      { type: "COMPONENT_UNMOUNT", componentId, requestId: 2 },
      {
        type: "COMPONENT_REHYDRATE",
        payload: { componentName: "AuthorizationFixture", signedState: "v1.x.s.y.z" },
        requestId: 3
      },
      { type: "CALL_ACTION", componentId, action: "Note", payload: { text: "hm" }, requestId: 4, callId: 1 },
      { type: "CALL_ACTION", componentId, action: "Shred", expectResponse: true },
      { type: "CALL_ACTION", componentId, action: "NoteInPlace", payload: { text: "hm" }, expectResponse: true },
      { type: "PROPERTY_UPDATE", componentId, payload: { property: "title", value: "x" }, requestId: 5 },
      { type: "PROPERTY_UPDATE", componentId, property: "count", value: 5 },
      { type: "COMPONENT_PING", componentId, requestId: "6" },
      { type: "FILE_UPLOAD_START", componentId, filename: "a", fileType: "b", fileSize: 1, requestId: 7 },
      { type: "FILE_UPLOAD_CHUNK", componentId, uploadId: "u", chunkIndex: 0, data: "AAAA" }
    ]
  }

  /** The next frame. */
  next(): string | Buffer {
    const kind = this.#random()
    if (kind < 0.05) return Buffer.from(Array.from({ length: this.#below(64) }, () => this.#below(256)))
    if (kind < 0.1) return this.#scrap()
    if (kind < 0.2) return JSON.stringify(this.#json(4))
    if (kind < 0.25) return JSON.stringify(Array.from({ length: this.#below(5) }, () => this.#message()))
    const text = JSON.stringify(this.#message())
    return kind < 0.35 ? this.#torn(text) : text
  }

  #below(limit: number): number {
    return Math.floor(this.#random() * limit)
  }

  #of<A>(values: ReadonlyArray<A>): A {
    return values[this.#below(values.length)] as A
  }

  #scrap(): string {
    return this.#of(scraps)
  }

  #json(depth: number): Json {
    const kind = this.#below(depth > 0 ? 6 : 4)
    if (kind === 0) return null
    if (kind === 1) return this.#random() < 0.5
    if (kind === 2) return this.#of(numbers)
    if (kind === 3) return this.#scrap()
    if (kind === 4) return Array.from({ length: this.#below(4) }, () => this.#json(depth - 1))
    return Object.fromEntries(Array.from({ length: this.#below(4) }, () => [this.#of(keys), this.#json(depth - 1)]))
  }

  /** A message, as it should be or with something in it that should not be. */
  #message(): Fields {
    const message = this.#of(this.#messages)
    const kind = this.#random()
    if (kind < 0.2) return message
    const names = Object.keys(message)
    if (kind < 0.5) return { ...message, [this.#of(names)]: this.#json(3) }
    if (kind < 0.7) return { ...message, [this.#of(keys)]: this.#json(3) }
    if (kind < 0.85 && typeof message["payload"] === "object") {
      const payload = message["payload"] as Fields
      return { ...message, payload: { ...payload, [this.#of(Object.keys(payload))]: this.#json(3) } }
    }
    const gone = this.#of(names)
    return Object.fromEntries(Object.entries(message).filter(([name]) => name !== gone))
  }

  /** A text with a piece missing, doubled or in the wrong place. */
  #torn(text: string): string {
    const [from, to] = [this.#below(text.length), this.#below(text.length)]
    return text.slice(0, from) + this.#of(["", "{", "]", '"', "\\", ","]) + text.slice(to)
  }
}
