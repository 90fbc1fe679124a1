/** One attempt to connect and the connection that came of it, and why there is none any more. */
import * as Effect from "effect/Effect"
import type * as Socket from "effect/socket/Socket"
import type { ConnectionFailure } from "../ConnectionFailure.ts"
import { CloseCode } from "../LiveProtocol.ts"
import type { Endpoint } from "./Endpoint.ts"
import type { Heartbeat } from "./Heartbeat.ts"
import * as HandshakeProbe from "./HandshakeProbe.ts"

/** One attempt, and what is known of it. */
export class Attempt {
  socket: Socket.WebSocketLike | undefined
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
  /** Ends it at once: a closing handshake may never be answered. */
  end: Effect.Effect<void> = Effect.void

  /** Why it failed. */
  explain({ reason }: Socket.SocketError): ConnectionFailure {
    if (this.failure !== undefined) return this.failure
    const { place: url = "" } = this.endpoint ?? {}
    if (this.isSilent) return { kind: "silent", url }
    if (this.isOpen) {
      if (reason._tag !== "SocketCloseError") return { kind: "closed", url }
      const { closeReason: text = "", code } = reason
      const kind = code === CloseCode.signedOut ? "unauthorized" : "closed"
      return { kind, url, code, ...(text === "" ? {} : { text }) }
    }
    if (reason._tag === "SocketOpenError" && reason.kind === "Timeout") return { kind: "timeout", url }
    // `ws` tells the status; browsers do not.
    const { message } = ("cause" in reason ? (reason.cause as { readonly message?: unknown } | undefined) : {}) ?? {}
    const status = typeof message === "string" ? /^Unexpected server response: (\d{3})$/.exec(message)?.[1] : undefined
    return status === undefined ? { kind: "handshake", url } : HandshakeProbe.ofStatus(Number(status), url)
  }
}
