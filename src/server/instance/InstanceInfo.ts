/** What can be known of a running instance from outside. */
import type { ComponentId } from "../../LiveId.ts"
import type { InstanceStatus } from "../../LiveProtocol.ts"
import * as Figures from "./Figures.ts"
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
  /** How many changes the connected one that is furthest behind has not read. */
  readonly behind: number
  /** Messages that wait, and for how many milliseconds the oldest has. */
  readonly pending: number
  readonly waiting: number
  /** The message that is being handled, and for how many milliseconds; undefined when there is none. */
  readonly running: { readonly tag: string; readonly millis: number } | undefined
  readonly rooms: ReadonlyArray<string>
  /** About how many bytes it holds for its subscribers. */
  readonly bytes: number
  /** When this life began, and when the last message came, in milliseconds since 1970. */
  readonly since: number
  readonly accessed: number
  readonly figures: Figures.Figures
}

/** The time, on the clocks that instances are measured with. */
export interface InfoTime {
  /** When the server began, in milliseconds since 1970, and how old it is. */
  readonly begun: number
  readonly age: number
  readonly micros: number
}

/** What an instance makes others wait for, or hold. */
export interface InstanceLoad extends Pick<InstanceInfo, "id" | "component" | "waiting" | "bytes" | "behind"> {}

/** Measures an instance, which is cheaper than to describe it. */
export const loadOf = ({ instance }: InstanceActor, micros: number): InstanceLoad => {
  const { oldest } = instance.cell
  let behind = 0
  for (const { isAway, lag } of instance.cursors) if (!isAway && lag > behind) behind = lag
  return {
    id: instance.id,
    component: instance.address,
    waiting: oldest === undefined ? 0 : (micros - oldest.queuedAt) / 1000,
    bytes: instance.bytes,
    behind
  }
}

/** Describes an instance. */
export const of = (actor: InstanceActor, { age, begun, micros }: InfoTime): InstanceInfo => {
  const { instance } = actor
  const { cell, clientStatus, cursors, definition, epoch, key, principal, revision, statsIfAny } = instance
  const { current } = cell
  const readers = Array.from(cursors)
  return {
    ...loadOf(actor, micros),
    version: definition.component.version,
    key,
    principal: principal?.id,
    status: clientStatus,
    epoch,
    revision,
    restarts: Math.max(0, actor.activation),
    readers: cursors.size,
    away: readers.filter(({ isAway }) => isAway).length,
    pending: cell.pending,
    running: current && { tag: current.tag, millis: current.begunAt === 0 ? 0 : (micros - current.begunAt) / 1000 },
    rooms: actor.roomNames,
    since: begun + actor.startedAt,
    accessed: begun + (statsIfAny?.accessed ?? actor.startedAt),
    figures: statsIfAny === undefined ? Figures.none : Figures.of(statsIfAny, age)
  }
}
