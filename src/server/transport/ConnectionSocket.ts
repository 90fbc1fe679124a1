/**
 * A WebSocket of `ws` that calls one connection directly. The table of listeners that every emitter can have would be
 * memory held by an idle connection.
 */
import { WebSocket } from "ws"
import type { Slot } from "./ConnectionLimits.ts"
import type { Connection } from "./Connection.ts"
import * as FrameMeter from "./FrameMeter.ts"

/** A WebSocket of one connection. */
export class ConnectionSocket extends WebSocket {
  /** The extension that `ws` asks to decompress a message, by its name. */
  declare readonly _extensions: Record<string, unknown>
  /** Undefined before the wire is attached. */
  connection: Connection | undefined = undefined
  /** Its place in the limits, until it is closed. */
  slot: Slot | undefined = undefined
  /** Where the last read ended; undefined between two frames. */
  position: FrameMeter.FramePosition | undefined = undefined

  /** Something was read that `ws` has not seen yet. */
  read(chunk: Buffer): void {
    const { connection } = this
    if (connection?.isOpen === true) this.position = FrameMeter.read(this.position, chunk, connection)
  }

  /** `ws` closes it itself after an error (1009 for a frame too large, 1007 for broken UTF-8); "close" follows. */
  override emit(event: string | symbol, data?: unknown): boolean {
    switch (event) {
      case "message":
        if (this.connection?.isOpen === true) this.connection.receive((data as Buffer).toString())
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
}
