/** One presence list, as a client knows it: a copy that all components that show the list share. */
import type { PresenceCodec } from "../ComponentCodec.ts"
import type { ResumePoint } from "../LiveProtocol.ts"
import { Listeners } from "../Listeners.ts"
import type { ComponentId } from "../LiveId.ts"
import * as Presence from "../Presence.ts"
import type { ComponentEvent } from "./Router.ts"
import { StateCopy } from "./StateCopy.ts"

/** A copy of the list. */
type Copy = StateCopy<{ readonly people: People }>

/** All people in a list. */
export type People = ReadonlyArray<Presence.Person>

/** The list before the first one has arrived. People in the first list do not count as joining. */
export const nobody: ReadonlyArray<Presence.Person<never>> = []

/** The differences between two lists; none before the first list. */
export const changes = <Metadata>(
  before: ReadonlyArray<Presence.Person<Metadata>>,
  after: ReadonlyArray<Presence.Person<Metadata>>
): ReadonlyArray<Presence.Change<Metadata>> => (before === nobody ? [] : Presence.changes(before, after))

/** What a list needs of its client. */
export interface PresenceSource {
  /** Asks the server for the whole list. */
  readonly resync: (id: ComponentId) => void
  /** The list cannot be read. */
  readonly report: (defect: unknown) => void
  /** A listener threw this. */
  readonly listenerFailed: (defect: unknown) => void
}

/** A copy of the list and, until somebody shows it, the events that arrived for it. */
export class PresenceList {
  readonly id: ComponentId
  #copy: Copy | undefined
  #early: Array<ComponentEvent> = []
  readonly #source: PresenceSource
  readonly #listeners: Listeners<People>

  constructor(id: ComponentId, source: PresenceSource) {
    this.id = id
    this.#source = source
    this.#listeners = new Listeners(source.listenerFailed)
  }

  /** Whether somebody shows the list. */
  get isShown(): boolean {
    return this.#listeners.size > 0
  }

  /** How far it was read; undefined when nothing of it has arrived. */
  get place(): ResumePoint | undefined {
    return this.#copy?.state === undefined ? undefined : { componentId: this.id, ...this.#copy.version, index: 0 }
  }

  /** Calls the listener with the list, if it is known, and after each change, until the function returned is called. */
  listen(codec: PresenceCodec, listener: (people: People) => void): () => void {
    const { state } = (this.#copy ??= this.#begin(codec))
    const remove = this.#listeners.add(listener)
    if (state !== undefined) listener(state.people)
    return remove
  }

  event(event: ComponentEvent): void {
    const copy = this.#copy
    if (copy === undefined) {
      if (event._tag === "Snapshot") this.#early = []
      return void this.#early.push(event)
    }
    const before = copy.state
    this.#read(copy, event)
    const { state } = copy
    if (state === undefined || state.people === before?.people) return
    this.#listeners.tell(state.people)
  }

  #begin(codec: PresenceCodec): Copy {
    const copy: Copy = new StateCopy(codec.people, () => this.#source.resync(this.id))
    for (const event of this.#early) this.#read(copy, event)
    this.#early = []
    return copy
  }

  #read(copy: Copy, event: ComponentEvent): void {
    try {
      // A list that ended and began again counts its revisions from the beginning.
      if (event._tag === "Snapshot") copy.start(event, event.state as never)
      else if (event._tag === "Patched") copy.patched(event)
      else if (event._tag === "Patches") copy.patchedTogether(event.changes)
    } catch (defect) {
      this.#source.report(defect)
    }
  }
}
