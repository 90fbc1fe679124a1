/**
 * Routes the events of a connection to the components they are for, and tells all components when the connection is
 * there or lost.
 */
import type { ComponentId } from "../LiveId.ts"
import type { LiveEvent, ResumePoint, RoomResumePoint } from "../LiveProtocol.ts"
import { Listeners } from "../Listeners.ts"
import type { LiveError } from "../LiveError.ts"
import { type Heard, Memberships } from "./Memberships.ts"
import type { PatchedEvent } from "./StateCopy.ts"

/** Changes of one state that came together, one after the other. */
export interface PatchedEvents {
  readonly _tag: "Patches"
  readonly componentId: ComponentId
  readonly changes: ReadonlyArray<PatchedEvent>
}

/** An event for a component, or for the members of a room. */
export type RoutedEvent =
  | Exclude<LiveEvent, { readonly _tag: "ConnectionEstablished" | "Draining" | "UploadReceived" | "UploadFailed" }>
  | PatchedEvents

/** An event for a component. */
export type ComponentEvent = Exclude<RoutedEvent, { readonly _tag: "Joined" | "Left" }>

/** A connection that was established. */
export interface Connected {
  /** The components that the session still has; empty for a new session. */
  readonly components: ReadonlySet<string>
}

/** Receives the events of one component. */
export interface Receiver {
  readonly event: (event: ComponentEvent) => void
  /** The rooms it is in, in the order it joined them; called at first, and when they change. */
  readonly inRooms?: (rooms: ReadonlyArray<string>) => void
}

/** Is told when the connection is there, lost or closed. */
export interface ConnectionListener {
  readonly connected: (connected: Connected) => void
  readonly disconnected: () => void
  /** There is no connection, and time alone does not mend that. */
  readonly refused?: (error: LiveError) => void
  /** There will be no more connections. */
  readonly closed: () => void
  /** How far it has read its component, if it has one. */
  readonly place: () => ResumePoint | undefined
  /** What the next page in this browser may bring the token of. */
  readonly kept?: () => ComponentId | undefined
}

/** Takes events that have no receiver; returns whether it did. */
export type EventCollector = (id: string, event: ComponentEvent) => boolean

/** How many events are kept for components whose mounts have no answer yet. */
const maxEarlyEvents = 1000

const fresh: Connected = { components: new Set() }

/** The receivers and listeners of one client. */
export class Router {
  isConnected = false
  #isClosed = false
  /** What the connection was established with. */
  #connected = fresh
  /** Why there is no connection, where time alone does not mend that. */
  #refusal: LiveError | undefined
  readonly #listeners: Listeners<(listener: ConnectionListener) => void>
  /** Whoever is told. */
  readonly subscribed = new Set<ConnectionListener>()
  readonly #routes = new Map<string, Set<Receiver>>()
  readonly #memberships = new Memberships()
  /** Components whose rooms changed and that were not told yet. */
  readonly #moved = new Set<string>()
  #mounting = 0
  #early: Array<readonly [componentId: string, event: ComponentEvent]> = []
  /** Whether something may be kept for a component whose mount has ended without it. */
  #isKeeping = false
  #collector: EventCollector = () => false

  /** `report` is told what a listener threw. */
  constructor(report: (defect: unknown) => void) {
    this.#listeners = new Listeners(report)
  }

  subscribe(listener: ConnectionListener): () => void {
    const remove = this.#listeners.add((tell) => tell(listener))
    this.subscribed.add(listener)
    if (this.#isClosed) listener.closed()
    else if (this.isConnected) listener.connected(this.#connected)
    else if (this.#refusal !== undefined) listener.refused?.(this.#refusal)
    return () => {
      remove()
      this.subscribed.delete(listener)
    }
  }

  /** How far each component was read. */
  get places(): ReadonlyArray<ResumePoint> {
    return Array.from(this.subscribed).flatMap((listener) => listener.place() ?? [])
  }

  /** The instances whose tokens are in the StateCache. */
  get kept(): ReadonlyArray<ComponentId> {
    return Array.from(this.subscribed).flatMap((listener) => listener.kept?.() ?? [])
  }

  /** How far each room was read. */
  get roomPlaces(): ReadonlyArray<RoomResumePoint> {
    return this.#memberships.places
  }

  /** Whether a mount is under way. */
  get isMounting(): boolean {
    return this.#mounting > 0
  }

  /** The connection is established. */
  connected(connected: Connected = fresh): void {
    this.isConnected = true
    this.#connected = connected
    this.#refusal = undefined
    if (connected.components.size === 0) this.#memberships.clear()
    else this.#memberships.keep((componentId) => connected.components.has(componentId))
    this.#listeners.tell((listener) => listener.connected(connected))
  }

  /** The connection is lost. */
  disconnected(): void {
    this.isConnected = false
    this.#early = []
    this.#listeners.tell((listener) => listener.disconnected())
  }

  /** There is no connection, and time alone does not mend that. */
  refused(error: LiveError): void {
    this.#refusal = error
    this.#listeners.tell((listener) => listener.refused?.(error))
  }

  /** Somebody may have mended it. */
  retried(): void {
    this.#refusal = undefined
  }

  /** There will be no more connections. */
  close(): void {
    this.#isClosed = true
    this.#listeners.tell((listener) => listener.closed())
  }

  /** Sets the collector, which is asked first about events without a receiver. */
  collect(collector: EventCollector): void {
    this.#collector = collector
  }

  route(componentId: string, receiver: Receiver): () => void {
    const receivers = this.#routes.get(componentId) ?? new Set()
    this.#routes.set(componentId, receivers.add(receiver))
    receiver.inRooms?.(this.#memberships.of(componentId))
    for (const [id, event] of this.#early) if (id === componentId) receiver.event(event)
    return () => {
      receivers.delete(receiver)
      if (receivers.size > 0 || this.#routes.get(componentId) !== receivers) return
      this.#routes.delete(componentId)
      this.#memberships.forget(componentId)
    }
  }

  expectMount(): () => void {
    this.#mounting++
    return () => {
      this.#mounting--
      // Components that were mounted are routed by now, and got what was kept for them.
      this.#isKeeping = true
    }
  }

  event(event: RoutedEvent): void {
    if (this.#isKeeping && this.#mounting === 0) this.#keepNothing()
    if (event._tag === "Joined" || event._tag === "Left") {
      if (this.#mounting === 0 && !this.#routes.has(event.componentId)) return
      this.#memberships.moved(event)
      this.#moved.add(event.componentId)
      return
    }
    // Leaving one room and joining another in one batch is told as one change.
    this.settle()
    if ("room" in event && event.room !== undefined) {
      for (const [componentId, heard] of this.#memberships.heard(event as Heard)) this.#deliver(componentId, heard)
    } else if (event.componentId !== undefined) this.#deliver(event.componentId, event)
  }

  /** All events of a batch were routed. */
  settle(): void {
    if (this.#moved.size === 0) return
    const moved = Array.from(this.#moved)
    this.#moved.clear()
    for (const componentId of moved) {
      const rooms = this.#memberships.of(componentId)
      for (const receiver of Array.from(this.#routes.get(componentId) ?? [])) receiver.inRooms?.(rooms)
    }
  }

  #deliver(componentId: string, event: ComponentEvent): void {
    const receivers = this.#routes.get(componentId)
    if (receivers !== undefined) for (const receiver of Array.from(receivers)) receiver.event(event)
    else if (this.#collector(componentId, event)) return
    else if (this.#mounting > 0 && this.#early.length < maxEarlyEvents) this.#early.push([componentId, event])
  }

  #keepNothing(): void {
    this.#isKeeping = false
    this.#early = []
    this.#memberships.keep((componentId) => this.#routes.has(componentId))
  }
}
