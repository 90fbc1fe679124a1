/** One attempt to connect and the connection that came of it, and why there is none any more. */
import type * as Socket from "effect/socket/Socket"
import type { ConnectionFailure } from "../ConnectionFailure.ts"
import { CloseCode } from "../ServerMessages.ts"
import type { Endpoint } from "./Endpoint.ts"
import type { Heartbeat } from "./Heartbeat.ts"
import * as HandshakeProbe from "./HandshakeProbe.ts"
import type { SocketEnd, SocketFeed } from "./SocketFeed.ts"
import type { SocketFrame } from "./SocketTap.ts"

/** The state of a WebSocket that can send. */
const open = 1

/** One attempt, and what is known of it. */
export class Attempt {
  socket: Socket.WebSocketLike | undefined
  /** What comes in on it. */
  #feed: SocketFeed | undefined
  #isEnded = false
  /** Where it went to; undefined before that is known. */
  endpoint: Endpoint | undefined
  /** Why there is no WebSocket at all. */
  failure: ConnectionFailure | undefined
  /** Undefined before it is open. */
  heartbeat: Heartbeat | undefined
  isOpen = false
  /** When the last ping was sent, in milliseconds; undefined when it was answered. */
  askedAt: number | undefined
  /** How many parts have come of a message that is not complete, and when the last did. */
  parts = 0
  partAt = 0
  isSilent = false
  /** There is a WebSocket. */
  begin(feed: SocketFeed): void {
    this.#feed = feed
    if (this.#isEnded) this.end()
  }

  /** Whether there is a connection to send on. */
  get isSending(): boolean {
    return this.socket?.readyState === open
  }

  /** Sends a frame; says whether there is a connection to send it on. */
  send(frame: SocketFrame): boolean {
    const { isSending } = this
    if (isSending) this.#feed?.send(frame)
    return isSending
  }

  /** Ends it at once: a closing handshake may never be answered. */
  end(): void {
    this.#isEnded = true
    this.socket = undefined
    this.#feed?.close()
    this.#feed = undefined
  }

  /** Why it failed. */
  explain(end: SocketEnd): ConnectionFailure {
    if (this.failure !== undefined) return this.failure
    const { place: url = "" } = this.endpoint ?? {}
    if (this.isSilent) return { kind: "silent", url }
    if (this.isOpen) {
      if (end.kind !== "close") return { kind: "closed", url }
      const { code, reason: text } = end
      const kind = code === CloseCode.signedOut ? "unauthorized" : "closed"
      return { kind, url, code, ...(text === "" ? {} : { text }) }
    }
    if (end.kind === "timeout") return { kind: "timeout", url }
    // `ws` tells the status; browsers do not.
    const { message } = (end.kind === "error" ? (end.cause as { readonly message?: unknown } | undefined) : {}) ?? {}
    const status = typeof message === "string" ? /^Unexpected server response: (\d{3})$/.exec(message)?.[1] : undefined
    return status === undefined ? { kind: "handshake", url } : HandshakeProbe.ofStatus(Number(status), url)
  }
}
