/**
 * Who is in a room with a component: a list that is read like the state of an instance, by whoever is in it. The clients of one
 * principal are one person; an anonymous client is one of its own. It is made anew when somebody reads it, and once in a turn of
 * the event loop for listeners on the server, not for each who comes. It is encoded for clients only.
 */
import type { PresenceCodec } from "../../ComponentCodec.ts"
import { Listeners } from "../../Listeners.ts"
import type { ComponentId } from "../../LiveId.ts"
import * as Patch from "../../Patch.ts"
import type { Person } from "../../Presence.ts"
import type { Encoded } from "../../StateCodec.ts"
import { ChangeLogs } from "../sync/ChangeLogs.ts"
import type { ClientInfo } from "../sync/ClientInfo.ts"
import type * as LiveConfig from "../LiveConfig.ts"
import { StateCursor, type CursorSink, type Source } from "../sync/StateCursor.ts"

/** One mount of a client. */
interface Visit {
  readonly client: ClientInfo
  /** As it was tracked last. */
  metadata: unknown
  isAway: boolean
}

/** Somebody, and the mounts they are there with: what was tracked last is the last. */
interface Visitor {
  /** Of the principal, or of the connection of an anonymous one. */
  readonly id: string
  readonly isAnonymous: boolean
  visits: Array<Visit>
  /** As in the list that was made last; undefined when something has changed. */
  person: Person | undefined
}

/** Who is there. */
export class Presence implements Source {
  readonly rank = 2
  readonly id: ComponentId
  readonly key = undefined
  readonly logs: ChangeLogs
  /** Names this list among those that have its id one after the other: a client may know the one before, and as many changes of it. */
  readonly epoch: number
  readonly clientStatus = undefined
  readonly conflateAfter: number
  readonly #codec: PresenceCodec
  readonly #visitors = new Map<string, Visitor>()
  readonly #visitOf = new Map<object, { readonly visitor: Visitor; readonly visit: Visit }>()
  readonly #cursors = new Set<StateCursor>()
  readonly #listeners: Listeners<ReadonlyArray<Person>>
  /** Undefined when something has changed. */
  #people: ReadonlyArray<Person> | undefined = []
  #encoded: Encoded = { people: [] }
  #revision = 0
  #state: { readonly people: ReadonlyArray<Person> } = { people: [] }
  /** Whether something has changed since the list was encoded. */
  #isDirty = false
  /** Whether the listeners are going to be told. */
  #isTelling = false

  /** `report` is told what a listener threw. */
  constructor(
    id: ComponentId,
    codec: PresenceCodec,
    config: LiveConfig.Settings,
    epoch: number,
    report: (defect: unknown) => void
  ) {
    this.id = id
    this.epoch = epoch
    this.#codec = codec
    this.conflateAfter = config.conflateAfter
    this.logs = new ChangeLogs(config)
    this.#listeners = new Listeners(report)
  }

  /** Everyone who is there, in the order they came. */
  get people(): ReadonlyArray<Person> {
    return (this.#people ??= Array.from(
      this.#visitors.values(),
      (visitor) => (visitor.person ??= personOf(visitor, this.#idOf(visitor)))
    ))
  }

  get encoded(): Encoded {
    return this.#encoded
  }

  get revision(): number {
    return this.#revision
  }

  /** There are no tokens of it. */
  confirm(): void {}

  /** Whether nobody is there, or wants to know. */
  get isEmpty(): boolean {
    return this.#visitors.size === 0 && this.#cursors.size === 0 && this.#listeners.size === 0
  }

  /** A client is there with one more mount; `enter`, `track`, `seen` and `leave` name a mount by the object given here. */
  enter(mount: object, client: ClientInfo, metadata: unknown, isAway: boolean): void {
    const isAnonymous = client.principal === undefined
    const id = client.principal?.id ?? client.connection
    const key = keyOf(isAnonymous, id)
    const visitor = this.#visitors.get(key) ?? { id, isAnonymous, visits: [], person: undefined }
    const visit = { client, metadata, isAway }
    this.#visitors.set(key, visitor)
    this.#visitOf.set(mount, { visitor, visit })
    visitor.visits = [...visitor.visits, visit]
    this.#changed(visitor)
  }

  /** Something else is to be known of a client. */
  track(mount: object, metadata: unknown): void {
    const found = this.#visitOf.get(mount)
    if (found === undefined) return
    const { visit, visitor } = found
    visit.metadata = metadata
    visitor.visits = [...visitor.visits.filter((other) => other !== visit), visit]
    this.#changed(visitor)
  }

  /** A client is away, or back. */
  seen(mount: object, isAway: boolean): void {
    const found = this.#visitOf.get(mount)
    if (found === undefined || found.visit.isAway === isAway) return
    found.visit.isAway = isAway
    this.#changed(found.visitor)
  }

  /** Whether this mount is one of those in the list. */
  has(mount: object): boolean {
    return this.#visitOf.has(mount)
  }

  leave(mount: object): void {
    const found = this.#visitOf.get(mount)
    if (found === undefined) return
    const { visit, visitor } = found
    this.#visitOf.delete(mount)
    visitor.visits = visitor.visits.filter((other) => other !== visit)
    if (visitor.visits.length === 0) this.#visitors.delete(keyOf(visitor.isAnonymous, visitor.id))
    this.#changed(visitor)
  }

  /** A cursor that begins with the whole list. */
  read(sink: CursorSink): StateCursor {
    const cursor = new StateCursor(this, sink)
    this.#cursors.add(cursor)
    cursor.startOver()
    return cursor
  }

  /** The reader wants no more. */
  close(cursor: StateCursor): void {
    if (!this.#cursors.delete(cursor)) return
    cursor.end()
  }

  /**
   * Calls the listener after each turn of the event loop in which the list has become another than it is now, and then again,
   * until the function returned is called.
   */
  listen(listener: (people: ReadonlyArray<Person>) => void): () => void {
    let known = this.people
    return this.#listeners.add((people) => {
      if (people === known) return
      known = people
      listener(people)
    })
  }

  /** What has changed is to be in the logs. */
  refresh(): void {
    if (!this.#isDirty) return
    this.#isDirty = false
    const before = this.#encoded
    const state = { people: this.people }
    const after = this.#codec.people.encode(state, { from: this.#state, to: before })
    const { patch, value } = Patch.change(before, after)
    this.#encoded = value as Encoded
    this.#state = state
    if (patch.length === 0) return
    this.#revision++
    if (this.#cursors.size === 0) return
    this.logs.append(this, patch)
  }

  /** An id in the list is one person's: a principal that is called like the connection of an anonymous one gives way. */
  #idOf({ id, isAnonymous, visits }: Visitor): string {
    if (isAnonymous || !this.#visitors.has(keyOf(true, id))) return id
    return visits[0]?.client.connection ?? id
  }

  #changed(visitor: Visitor): void {
    visitor.person = undefined
    const namesake = visitor.isAnonymous ? this.#visitors.get(keyOf(false, visitor.id)) : undefined
    if (namesake !== undefined) namesake.person = undefined
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

/** A principal may be called like a connection. */
const keyOf = (isAnonymous: boolean, id: string): string => `${isAnonymous ? "connection" : "principal"} ${id}`

const personOf = ({ visits }: Visitor, id: string): Person => ({
  id,
  status: visits.every(({ isAway }) => isAway) ? "away" : "online",
  clients: new Set(visits.map(({ client }) => client)).size,
  metadata: visits.at(-1)?.metadata
})
