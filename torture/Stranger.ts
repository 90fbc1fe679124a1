/** Somebody who has a socket and no client of ours: what it sends is whatever it likes, and it reads nothing. */
import type { Server as Reachable } from "../src/testing/MemoryLink.ts"
import type { Connection } from "../src/server/transport/Connection.ts"
import type { FrameWriter } from "../src/server/transport/FrameWriter.ts"

/** One such connection. */
export class Stranger {
  readonly #connection: Connection
  #isOpen = true

  constructor({ protocol, transport }: Reachable) {
    const writer: FrameWriter = {
      kind: "stranger",
      drainsAbove: 0,
      isCompressing: false,
      isOpen: true,
      frame: (text) => text,
      frames: (texts) => `[${texts.join(",")}]`,
      shared: (texts) => `[${texts.join(",")}]`,
      write: () => {},
      writeTo: () => {},
      bytesRead: 0,
      bytesWritten: 0,
      bytesMoved: 0,
      bufferedUnsafe: () => 0,
      ping: () => {},
      pause: () => {},
      resume: () => {},
      close: () => this.leave(),
      terminate: () => this.leave()
    }
    this.#connection = transport.attachUnsafe(protocol, writer, undefined)
  }

  say(text: string): void {
    if (this.#isOpen) this.#connection.receive(text)
  }

  /** A pong that nobody has asked for. */
  pong(): void {
    if (this.#isOpen) this.#connection.heard()
  }

  leave(): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    this.#connection.closed()
  }
}
