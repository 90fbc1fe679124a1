/** WebSockets to a server in the same process, for a client whose Link is the one of pages. */
import { Effect } from "effect"
import type { Principal } from "fibra"
import type { Server } from "../../src/testing/MemoryLink.ts"
import type { Connection } from "../../src/server/transport/Connection.ts"
import type { FrameWriter } from "../../src/server/transport/FrameWriter.ts"

/** One WebSocket, as a page has it. It opens in the next microtask. */
export class MemorySocket extends EventTarget {
  readyState = 0
  readonly bufferedAmount = 0
  #connection: Connection | undefined

  constructor(server: Server, principal?: Principal) {
    super()
    queueMicrotask(() => {
      if (this.readyState !== 0) return
      this.readyState = 1
      this.#connection = server.transport.attachUnsafe(server.protocol, this.#writer, principal)
      this.dispatchEvent(new Event("open"))
    })
  }

  send(frame: string | Uint8Array): void {
    if (typeof frame === "string") this.#connection?.receive(frame)
    else this.#connection?.receiveBytes(Buffer.from(frame))
  }

  close(): void {
    this.#end(1000)
  }

  #end(code: number): void {
    if (this.readyState === 3) return
    this.readyState = 3
    this.#connection?.closed()
    this.dispatchEvent(Object.assign(new Event("close"), { code, reason: "" }))
  }

  get #writer(): FrameWriter {
    const tell = (data: string) => {
      if (this.readyState === 1) this.dispatchEvent(Object.assign(new Event("message"), { data }))
    }
    const frames = (texts: ReadonlyArray<string>) => `[${texts.join(",")}]`
    return {
      kind: "memory socket",
      isCompressing: false,
      isOpen: true,
      frame: String,
      frames,
      shared: frames,
      write: (frame) => tell(String(frame)),
      writeTo: (prefix, { texts }) => tell(frames(texts.map((text) => prefix + text))),
      bytesRead: 0,
      bytesWritten: 0,
      bytesMoved: 0,
      bufferedUnsafe: () => 0,
      drainsAbove: 0,
      ping: () => this.#connection?.heard(),
      pause: () => {},
      resume: () => {},
      close: (code) => this.#end(code),
      terminate: () => this.#end(1006)
    }
  }
}

/** Lets everything arrive that needs no time. */
export const settle = ({ transport }: Server): Effect.Effect<void> =>
  Effect.sync(() => transport.flushUnsafe()).pipe(
    Effect.andThen(Effect.yieldNow),
    Effect.repeat({ times: 8 }),
    Effect.asVoid
  )
