/**
 * A WebSocket of `ws` that calls one connection directly. The table of listeners that every emitter can have would be
 * memory held by an idle connection.
 */
import { WebSocket } from "ws"
import type { Slot } from "./ConnectionLimits.ts"
import type { Connection } from "./Connection.ts"
import * as FrameMeter from "./FrameMeter.ts"
import * as WholeMessages from "./WholeMessages.ts"

/** The end of `ws` that reads; `writable` until it has read an error or the last frame. */
interface Receiver {
  readonly writable: boolean
  readonly write: (chunk: Buffer) => boolean
}

/** A WebSocket of one connection. */
export class ConnectionSocket extends WebSocket {
  /** The extension that `ws` asks to decompress a message, by its name. */
  declare readonly _extensions: Record<string, unknown>
  /** What reads for `ws`. */
  declare readonly _receiver: Receiver
  /** Undefined before the wire is attached. */
  connection: Connection | undefined = undefined
  /** Its place in the limits, until it is closed. */
  slot: Slot | undefined = undefined
  /** Where the last read ended; undefined between two messages. */
  position: FrameMeter.FramePosition | undefined = undefined

  /** Something was read. Returns false when no more should be read for now. */
  read(chunk: Buffer): boolean {
    const { connection } = this
    if (!this._receiver.writable) return true
    let rest = chunk
    if (connection?.isOpen === true) {
      // A compressed message is read later, and those after it have to wait.
      if (this.position === undefined && !connection.writer.isCompressing) {
        const read = WholeMessages.read(chunk, connection.config.maxPayload, connection)
        if (read === chunk.length) return true
        if (read > 0) rest = chunk.subarray(read)
      }
      this.position = FrameMeter.read(this.position, rest, connection)
    }
    return this._receiver.write(rest)
  }

  /** `ws` closes it itself after an error (1009 for a frame too large, 1007 for broken UTF-8); "close" follows. */
  override emit(event: string | symbol, data?: unknown, isBinary?: unknown): boolean {
    switch (event) {
      case "message":
        if (this.connection?.isOpen === true) this.#receive(this.connection, data as Buffer, isBinary === true)
        break
      case "pong":
        this.connection?.heard()
        break
      case "close":
        this.slot?.leave()
        this.connection?.closed()
    }
    return true
  }

  #receive(connection: Connection, data: Buffer, isBinary: boolean): void {
    if (isBinary) connection.receiveBytes(data)
    // `ws` lets pass what an upload may have.
    else if (data.length > connection.config.maxPayload) connection.receiveLarge(data.toString())
    else connection.receive(data.toString())
  }
}
