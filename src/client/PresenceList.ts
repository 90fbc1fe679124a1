/** Who is there, as one client knows it: a copy of the list, shared by all of its components that show it. */
import type { PresenceCodec } from "../ComponentCodec.ts"
import type { ResumePoint } from "../LiveProtocol.ts"
import type { ComponentId } from "../LiveId.ts"
import * as Presence from "../Presence.ts"
import type { ComponentEvent } from "./Router.ts"
import { StateCopy } from "./StateCopy.ts"

/** A copy of a list. */
type Copy = StateCopy<{ readonly people: People }>

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

/** A copy of a list; until somebody shows it, what is told of it. */
export class PresenceList {
  readonly id: ComponentId
  #copy: Copy | undefined
  #early: Array<ComponentEvent> = []
  readonly #source: PresenceSource
  readonly #listeners = new Set<(people: People) => void>()

  constructor(id: ComponentId, source: PresenceSource) {
    this.id = id
    this.#source = source
  }

  /** Whether somebody shows it. */
  get isShown(): boolean {
    return this.#listeners.size > 0
  }

  /** How far it was read; undefined when nothing of it is here. */
  get place(): ResumePoint | undefined {
    return this.#copy?.state === undefined ? undefined : { componentId: this.id, ...this.#copy.version, index: 0 }
  }

  /** Calls the listener with the list, if it is known, and after each change, until the function returned is called. */
  listen(codec: PresenceCodec, listener: (people: People) => void): () => void {
    const { state } = (this.#copy ??= this.#begin(codec))
    this.#listeners.add(listener)
    if (state !== undefined) listener(state.people)
    return () => void this.#listeners.delete(listener)
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
    for (const listener of Array.from(this.#listeners)) listener(state.people)
  }

  #begin(codec: PresenceCodec): Copy {
    const copy: Copy = new StateCopy(codec.people, () => this.#source.resync(this.id))
    for (const event of this.#early) this.#read(copy, event)
    this.#early = []
    return copy
  }

  #read(copy: Copy, event: ComponentEvent): void {
    try {
      // A list that was given up and made anew counts from the beginning.
      if (event._tag === "Snapshot") copy.start(event, event.state as never)
      else if (event._tag === "Patched") copy.patched(event)
    } catch (defect) {
      this.#source.report(defect)
    }
  }
}
