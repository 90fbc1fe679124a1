/**
 * The presence of one component in one room, as a list with states and revisions like those of an instance. All clients
 * of a principal are one person; each anonymous client is a person of its own. The list is built when somebody reads
 * it, at most once in a turn of the event loop for listeners, and encoded only for clients.
 */
import type { Tracked } from "../../ComponentCodec.ts"
import { Listeners } from "../../Listeners.ts"
import type { ComponentId } from "../../LiveId.ts"
import * as Patch from "../../Patch.ts"
import type { Person } from "../../Presence.ts"
import type { Encoded } from "../../StateCodec.ts"
import { ChangeLogs } from "../sync/ChangeLogs.ts"
import type { ClientInfo } from "../sync/ClientInfo.ts"
import type * as LiveConfig from "../LiveConfig.ts"
import { StateCursor, type CursorSink, type Source } from "../sync/StateCursor.ts"
import { type Visit, Visitor } from "./Visitor.ts"

/** A list of presence. */
export class Presence implements Source {
  readonly rank = 2
  readonly id: ComponentId
  readonly key = undefined
  readonly logs: ChangeLogs
  /**
   * Distinguishes lists with the same id that follow each other: a client may know the previous one, with the same
   * number of changes.
   */
  readonly epoch: number
  readonly clientStatus = undefined
  readonly conflateAfter: number
  readonly #visitors = new Map<string, Visitor>()
  readonly #visitOf = new Map<object, Visit>()
  readonly #cursors = new Set<StateCursor>()
  readonly #listeners: Listeners<ReadonlyArray<Person>>
  /** Undefined when the list has changed. */
  #people: ReadonlyArray<Person> | undefined = []
  #encoded: Encoded = { people: [] }
  #revision = 0
  /** Whether the list has changed since it was encoded. */
  #isDirty = false
  /** Whether the listeners are due to be called. */
  #isTelling = false

  /** `report` gets what listeners throw. */
  constructor(id: ComponentId, config: LiveConfig.Settings, epoch: number, report: (defect: unknown) => void) {
    this.id = id
    this.epoch = epoch
    this.conflateAfter = config.conflateAfter
    this.logs = new ChangeLogs(config)
    this.#listeners = new Listeners(report)
  }

  /** Everyone in the list, in the order of their arrival. */
  get people(): ReadonlyArray<Person> {
    return (this.#people ??= Array.from(this.#visitors.values(), (visitor) => visitor.as(this.#idOf(visitor))))
  }

  get encoded(): Encoded {
    return this.#encoded
  }

  get revision(): number {
    return this.#revision
  }

  /** Presence has no tokens. */
  confirm(): void {}

  /** Whether the list is empty, and nobody follows it. */
  get isEmpty(): boolean {
    return this.#visitors.size === 0 && this.#cursors.size === 0 && this.#listeners.size === 0
  }

  /** Adds a mount of a client. `mount` is the key for `track`, `seen` and `leave`. */
  enter(mount: object, client: ClientInfo, tracked: Tracked, isAway: boolean): void {
    const isAnonymous = client.principal === undefined
    const id = client.principal?.id ?? client.connection
    const key = keyOf(isAnonymous, id)
    const visitor = this.#visitors.get(key) ?? new Visitor(id, isAnonymous)
    this.#visitors.set(key, visitor)
    this.#visitOf.set(mount, visitor.enter(client, tracked, isAway))
    this.#changed(visitor)
  }

  /** Sets the metadata of a mount. */
  track(mount: object, tracked: Tracked): void {
    const visit = this.#visitOf.get(mount)
    if (visit === undefined) return
    visit.visitor.track(visit, tracked)
    this.#changed(visit.visitor)
  }

  /** The client of a mount has disconnected or is back. */
  seen(mount: object, isAway: boolean): void {
    const visit = this.#visitOf.get(mount)
    if (visit === undefined || visit.isAway === isAway) return
    visit.visitor.seen(visit, isAway)
    this.#changed(visit.visitor)
  }

  /** Whether this mount is in the list. */
  has(mount: object): boolean {
    return this.#visitOf.has(mount)
  }

  leave(mount: object): void {
    const visit = this.#visitOf.get(mount)
    if (visit === undefined) return
    const { visitor } = visit
    this.#visitOf.delete(mount)
    visitor.leave(visit)
    if (visitor.isGone) this.#visitors.delete(keyOf(visitor.isAnonymous, visitor.id))
    this.#changed(visitor)
  }

  /** A cursor that begins with the whole list. */
  read(sink: CursorSink): StateCursor {
    const cursor = new StateCursor(this, sink)
    this.#cursors.add(cursor)
    cursor.startOver()
    return cursor
  }

  /** Removes a cursor. */
  close(cursor: StateCursor): void {
    if (!this.#cursors.delete(cursor)) return
    cursor.end()
  }

  /**
   * Calls the listener after each turn of the event loop in which the list has changed, until the returned function is
   * called.
   */
  listen(listener: (people: ReadonlyArray<Person>) => void): () => void {
    let known = this.people
    return this.#listeners.add((people) => {
      if (people === known) return
      known = people
      listener(people)
    })
  }

  /** Encodes the list, if it has changed. */
  refresh(): void {
    if (!this.#isDirty) return
    this.#isDirty = false
    const before = this.#encoded
    const after = {
      people: Array.from(this.#visitors.values(), (visitor) => visitor.encodedAs(this.#idOf(visitor)))
    }
    const { patch, value } = Patch.change(before, after)
    this.#encoded = value as Encoded
    if (patch.length === 0) return
    this.#revision++
    if (this.#cursors.size === 0) return
    this.logs.append(this, { patch })
  }

  /** Ids in the list are unique: a principal whose id is that of an anonymous connection gets another. */
  #idOf({ connection, id, isAnonymous }: Visitor): string {
    if (isAnonymous || !this.#visitors.has(keyOf(true, id))) return id
    return connection ?? id
  }

  #changed(visitor: Visitor): void {
    visitor.changed()
    const namesake = visitor.isAnonymous ? this.#visitors.get(keyOf(false, visitor.id)) : undefined
    namesake?.changed()
    this.#people = undefined
    const wasDirty = this.#isDirty
    this.#isDirty = true
    if (!wasDirty) for (const cursor of this.#cursors) cursor.wake()
    if (this.#listeners.size === 0 || this.#isTelling) return
    this.#isTelling = true
    setImmediate(this.#tell)
  }

  readonly #tell = (): void => {
    this.#isTelling = false
    this.#listeners.tell(this.people)
  }
}

/** A principal can have the same id as a connection. */
const keyOf = (isAnonymous: boolean, id: string): string => `${isAnonymous ? "connection" : "principal"} ${id}`
