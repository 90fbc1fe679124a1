/** What can be known of a session from outside. */
import type { ComponentId } from "../../LiveId.ts"
import type { Parked } from "./ParkedSessions.ts"
import type { Session } from "./Session.ts"

/** A session. */
export interface SessionInfo {
  /** The id of the client that other clients may see. */
  readonly connectionId: string
  /** The id of its principal; undefined for an anonymous client. */
  readonly principal: string | undefined
  /** Whether its client is connected. */
  readonly status: "connected" | "parked"
  /** When it ends unless its client comes back, in milliseconds since 1970; undefined while it is connected. */
  readonly until: number | undefined
  /** The instances that it has mounted. */
  readonly components: ReadonlyArray<ComponentId>
  /** About how many bytes it holds for its client alone. */
  readonly bytes: number
}

/** Describes a session. `parked` is given when its client is not connected; its clock began at `epoch`. */
export const of = (session: Session, parked: Parked | undefined, epoch: number): SessionInfo => ({
  connectionId: session.connectionId,
  principal: session.principal?.id,
  status: parked === undefined ? "connected" : "parked",
  until: parked === undefined ? undefined : epoch + parked.until,
  components: session.components,
  bytes: session.bytes
})
