/** What is to be known of a session from outside. */
import type { ComponentId } from "../../LiveId.ts"
import type { Parked } from "./ParkedSessions.ts"
import type { Session } from "./Session.ts"

/** What one client has here. */
export interface SessionInfo {
  /** By which name others know its client. */
  readonly connectionId: string
  /** The id of its principal; undefined for an anonymous client. */
  readonly principal: string | undefined
  /** Whether its client is away. */
  readonly status: "connected" | "parked"
  /** When it ends if its client does not come back, milliseconds since the epoch; undefined while that is connected. */
  readonly until: number | undefined
  /** What it has mounted. */
  readonly components: ReadonlyArray<ComponentId>
  /** Kept for its client alone, roughly. */
  readonly bytes: number
}

/** What is to be known of this one; `parked` when its client is away, by a clock that began at `epoch`. */
export const of = (session: Session, parked: Parked | undefined, epoch: number): SessionInfo => ({
  connectionId: session.connectionId,
  principal: session.principal?.id,
  status: parked === undefined ? "connected" : "parked",
  until: parked === undefined ? undefined : epoch + parked.until,
  components: session.components,
  bytes: session.bytes
})
