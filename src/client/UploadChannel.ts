/**
 * The uploads of one connection: sends chunks one after the other, and no more than the socket takes at once, so that a
 * call does not wait behind them; and tells each upload what the server says of it.
 */
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import * as Semaphore from "effect/Semaphore"
import type { UploadRejected } from "../LiveError.ts"
import type { UploadFailed, UploadReceived } from "../LiveProtocol.ts"
import type { Link } from "./Link.ts"

/** Is told what the server says of one upload. */
export interface UploadReceiver {
  /** Everything below this offset is stored. */
  readonly received: (received: number) => void
  /** The server has ended it. */
  readonly failed: (reason: UploadRejected) => void
}

/** A part of a file on its way. */
export interface Chunk {
  readonly uploadId: string
  readonly offset: number
  readonly bytes: Uint8Array
}

/** Bytes that may wait in the socket. */
const maxBuffered = 256 * 1024

/** Milliseconds between two looks at what waits in the socket, which does not say when it has room: at first, and later. */
const [shortest, longest] = [1, 20]

const utf8 = new TextEncoder()

/** `[uint32, little endian: bytes of the header][the header as JSON][bytes of the file]`. */
const frameOf = ({ bytes, offset, uploadId }: Chunk): Uint8Array => {
  const header = utf8.encode(JSON.stringify({ uploadId, offset }))
  const frame = new Uint8Array(4 + header.length + bytes.length)
  new DataView(frame.buffer).setUint32(0, header.length, true)
  frame.set(header, 4)
  frame.set(bytes, 4 + header.length)
  return frame
}

/** The uploads of one connection. */
export class UploadChannel {
  readonly #link: Pick<Link["Service"], "buffered" | "sendBytes">
  readonly #receivers = new Map<string, UploadReceiver>()
  /** Uploads take turns, chunk by chunk. */
  readonly #turn = Semaphore.makeUnsafe(1)
  /** Opened when the server has stored something: there may be room again. */
  readonly #stored = Latch.makeUnsafe(false)
  #named = 0

  constructor(link: Pick<Link["Service"], "buffered" | "sendBytes">) {
    this.#link = link
  }

  /** A name that no other upload of this client has. */
  makeId(): string {
    return `u${this.#named++}`
  }

  /** Tells this receiver of an upload, until the function returned is called. */
  route(uploadId: string, receiver: UploadReceiver): () => void {
    this.#receivers.set(uploadId, receiver)
    return () => void this.#receivers.delete(uploadId)
  }

  event(event: typeof UploadReceived.Type | typeof UploadFailed.Type): void {
    const receiver = this.#receivers.get(event.uploadId)
    this.#stored.openUnsafe()
    if (event._tag === "UploadReceived") receiver?.received(event.received)
    else receiver?.failed(event.reason)
  }

  /** Sends a chunk when the socket has room, if it is still wanted then; says whether it was sent. */
  send(chunk: Chunk, isWanted: () => boolean): Effect.Effect<boolean> {
    const whenRoom = (interval: number): Effect.Effect<boolean> =>
      Effect.suspend(() => {
        if (!isWanted()) return Effect.succeed(false)
        const buffered = this.#link.buffered()
        if (buffered === 0 || buffered + chunk.bytes.length <= maxBuffered) {
          return Effect.sync(() => this.#link.sendBytes(frameOf(chunk)))
        }
        this.#stored.closeUnsafe()
        const later = Effect.timeoutOption(this.#stored.await, interval)
        return Effect.andThen(later, whenRoom(Math.min(2 * interval, longest)))
      })
    return this.#turn.withPermit(whenRoom(shortest))
  }
}
