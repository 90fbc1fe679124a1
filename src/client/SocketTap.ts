/**
 * Where something may sit between a client and its WebSocket: the devtools, which look at what goes over it and delay it. A page
 * without them has an empty slot, and nothing in between.
 */
import type { ConnectionFailure } from "../ConnectionFailure.ts"

/** A text, or the bytes of a binary frame. */
export type SocketFrame = string | Uint8Array

/**
 * What is told of one client. A frame is on its way until `pass` is called, at once or later; whoever holds frames passes them in their
 * order. `cut` ends the connection as a lost network does, and what was not passed by then is lost with it.
 */
export interface SocketTap {
  /** A WebSocket is about to be made; not when this says why it fails. `url` has no query. */
  readonly connects: (url: string) => ConnectionFailure | undefined
  /** The client sends a frame. */
  readonly leaves: (frame: SocketFrame, pass: () => void, cut: () => void) => void
  /** The server has sent a frame, or, without one, has closed the connection. */
  readonly arrives: (frame: SocketFrame | undefined, pass: () => void, cut: () => void) => void
}

/** The place for a tap of one client. */
export interface TapSlot {
  tap?: SocketTap | undefined
  /** The server of the last attempt to connect, without the query. */
  url?: string
}
