/** What can be known of a running instance from outside. */
import type { ComponentId } from "../../LiveId.ts"
import type { InstanceStatus } from "../../LiveProtocol.ts"
import type { InstanceActor } from "./InstanceActor.ts"

/** A running instance. */
export interface InstanceInfo {
  readonly id: ComponentId
  readonly component: string
  readonly version: number
  /** Undefined for a private instance. */
  readonly key: string | undefined
  /** The id of the principal it belongs to; undefined for a shared instance, and for one of an anonymous client. */
  readonly principal: string | undefined
  readonly status: InstanceStatus
  /** The number of its life, and the number of changes in all of them. */
  readonly epoch: number
  readonly revision: number
  /** How often its behaviour was built again. */
  readonly restarts: number
  /** The mounts that follow its state, and how many of their clients are not connected. */
  readonly readers: number
  readonly away: number
  /** Messages that wait. */
  readonly pending: number
  readonly rooms: ReadonlyArray<string>
  /** About how many bytes it holds for its subscribers. */
  readonly bytes: number
  /** When this life began, in milliseconds since 1970. */
  readonly since: number
}

/** Describes an instance; `begun` is when its server began. */
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
