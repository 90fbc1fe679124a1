/** What is to be known of a running instance from outside. */
import type { ComponentId } from "../../LiveId.ts"
import type { InstanceStatus } from "../../LiveProtocol.ts"
import type { InstanceActor } from "./InstanceActor.ts"

/** A running instance. */
export interface InstanceInfo {
  readonly id: ComponentId
  readonly component: string
  readonly version: number
  /** Undefined for a private one. */
  readonly key: string | undefined
  /** The id of the principal whose it is; undefined for a shared one, and for that of an anonymous client. */
  readonly principal: string | undefined
  readonly status: InstanceStatus
  /** Counts its lives, and the changes of its state in all of them. */
  readonly epoch: number
  readonly revision: number
  /** How often its behaviour was built again. */
  readonly restarts: number
  /** The mounts that follow its state, and how many of them belong to clients that are away. */
  readonly readers: number
  readonly away: number
  /** Messages that wait. */
  readonly pending: number
  readonly rooms: ReadonlyArray<string>
  /** Of its state and of the changes its readers have not seen, roughly. */
  readonly bytes: number
  /** When this life began, milliseconds since the epoch. */
  readonly since: number
}

/** What is to be known of this one; `begun` is when its server began. */
export const of = (actor: InstanceActor, begun: number): InstanceInfo => {
  const { bytes, cell, clientStatus, cursors, definition, epoch, id, key, principal, revision } = actor.instance
  return {
    id,
    component: definition.component.componentName,
    version: definition.component.version,
    key,
    principal: principal?.id,
    status: clientStatus,
    epoch,
    revision,
    restarts: Math.max(0, actor.activation),
    readers: cursors.size,
    away: Array.from(cursors).filter(({ isAway }) => isAway).length,
    pending: cell.pending,
    rooms: actor.roomNames,
    bytes,
    since: begun + actor.begun
  }
}
