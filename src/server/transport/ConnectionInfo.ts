/** What can be known of a connection from outside. */
import type { ComponentId } from "../../LiveId.ts"

/** A connection. */
export interface ConnectionInfo {
  readonly id: number
  /** The id of the principal; undefined for an anonymous client. */
  readonly principal: string | undefined
  /** When it was opened, and when its last sign of life came, in milliseconds since the epoch. */
  readonly since: number
  readonly heardAt: number
  /** When it last asked for something or was sent a change; pings and acknowledgements are neither. */
  readonly activeAt: number
  /** Where it comes from; undefined where there are no addresses. */
  readonly address: string | undefined
  /** The id of its session, which its client knows; undefined before the first request. */
  readonly client: string | undefined
  /** The instances that it has mounted. */
  readonly components: ReadonlyArray<ComponentId>
  /** The id of its pool. */
  readonly pool: string
  /** Messages, of which a frame may have several. */
  readonly messagesReceived: number
  readonly messagesSent: number
  readonly bytesReceived: number
  readonly bytesSent: number
  /** Milliseconds from the last ping that was answered to its answer; undefined before the first. */
  readonly latency: number | undefined
  /** Bytes that were written and have not left. */
  readonly buffered: number
  /** Whether nothing is read from it until they have left. */
  readonly isPaused: boolean
  /** Characters of its requests that have no answer yet. */
  readonly asked: number
}
