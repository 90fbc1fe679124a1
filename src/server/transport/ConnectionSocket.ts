/**
 * A WebSocket of `ws` that hands what happens to it to one connection. The table of listeners every emitter could have is memory that
 * an idle connection would hold.
 */
import { WebSocket } from "ws"
import type { Slot } from "./ConnectionLimits.ts"
import type { Connection } from "./Connection.ts"

/** A WebSocket of one connection. */
export class ConnectionSocket extends WebSocket {
  /** Undefined before there is one. */
  connection: Connection | undefined = undefined
  /** What it takes up, until it is closed. */
  slot: Slot | undefined = undefined

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
