/** Who is there, as one client knows it: a copy of the list, shared by all of its components that show it. */
import type { PresenceCodec } from "../ComponentCodec.ts"
import type { Place } from "../LiveProtocol.ts"
import type { ComponentId } from "../LiveId.ts"
import * as Presence from "../Presence.ts"
import type { ComponentEvent } from "./Router.ts"
import { StateCopy } from "./StateCopy.ts"

/** Everyone who is there. */
export type People = ReadonlyArray<Presence.Person>

/** Stands for a list that was not told yet; nobody is new in the one that is told first. */
export const nobody: ReadonlyArray<Presence.Person<never>> = []

/** What happened between two lists; nothing before the first was told. */
export const changes = <Metadata>(
  before: ReadonlyArray<Presence.Person<Metadata>>,
  after: ReadonlyArray<Presence.Person<Metadata>>
): ReadonlyArray<Presence.Change<Metadata>> => (before === nobody ? [] : Presence.changes(before, after))

/** What a list needs of the client. */
export interface PresenceSource {
  /** Asks for the list, whole. */
  readonly resync: (id: ComponentId) => void
  /** The list is of no use, because of this. */
  readonly report: (defect: unknown) => void
}

/** A copy of a list. */
export class PresenceList {
  readonly id: ComponentId
  readonly #copy: StateCopy<{ readonly people: People }>
  readonly #source: PresenceSource
  readonly #listeners = new Set<(people: People) => void>()

  constructor(id: ComponentId, codec: PresenceCodec, source: PresenceSource) {
    this.id = id
    this.#source = source
    this.#copy = new StateCopy(codec.people, () => source.resync(id))
  }

  /** Whether somebody shows it. */
  get isShown(): boolean {
    return this.#listeners.size > 0
  }

  /** How far it was read; undefined when nothing of it is here. */
  get place(): Place | undefined {
    return this.#copy.state === undefined ? undefined : { componentId: this.id, ...this.#copy.version, index: 0 }
  }

  /** Calls the listener with the list, if it is known, and after each change, until the function returned is called. */
  listen(listener: (people: People) => void): () => void {
    this.#listeners.add(listener)
    const { state } = this.#copy
    if (state !== undefined) listener(state.people)
    return () => void this.#listeners.delete(listener)
  }

  event(event: ComponentEvent): void {
    const before = this.#copy.state
    try {
      // A list that was given up and made anew counts from the beginning.
      if (event._tag === "Snapshot") this.#copy.start(event, event.state as never)
      else if (event._tag === "Patched") this.#copy.patched(event)
    } catch (defect) {
      return this.#source.report(defect)
    }
    const { state } = this.#copy
    if (state === undefined || state.people === before?.people) return
    for (const listener of Array.from(this.#listeners)) listener(state.people)
  }
}
