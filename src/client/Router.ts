/** Brings the events of a connection to the components they are about, and the news of the connection to all. */
import type { LiveEvent, Place } from "../LiveProtocol.ts"

/** An event that is about a component. */
export type ComponentEvent = Extract<LiveEvent, { readonly componentId: string }>

/** A connection that is there. */
export interface Connected {
  /** The components the session still has; none when it is a new one. */
  readonly components: ReadonlySet<string>
}

/** Who wants the events of a component, and to know whether there is a connection. */
export interface Subscriber {
  readonly event: (event: ComponentEvent) => void
  readonly connected: (connected: Connected) => void
  readonly disconnected: () => void
  /** There will be no connection any more. */
  readonly closed: () => void
  /** How far it has read its component, if it has one. */
  readonly place: () => Place | undefined
}

/** Events to keep for a component whose mount has not been answered yet. */
const maxEarlyEvents = 1000

const fresh: Connected = { components: new Set() }

/** Who gets which event. */
export class Router {
  isConnected = false
  #isClosed = false
  readonly #subscribers = new Set<Subscriber>()
  readonly #routes = new Map<string, Set<Subscriber>>()
  #mounting = 0
  #early: Array<ComponentEvent> = []

  subscribe(subscriber: Subscriber): () => void {
    this.#subscribers.add(subscriber)
    if (this.#isClosed) subscriber.closed()
    else if (this.isConnected) subscriber.connected(fresh)
    return () => void this.#subscribers.delete(subscriber)
  }

  /** How far everything has been read. */
  get places(): ReadonlyArray<Place> {
    return Array.from(this.#subscribers).flatMap((subscriber) => subscriber.place() ?? [])
  }

  /** The connection is there. */
  connected(connected: Connected = fresh): void {
    this.isConnected = true
    for (const subscriber of Array.from(this.#subscribers)) subscriber.connected(connected)
  }

  /** The connection is lost. */
  disconnected(): void {
    this.isConnected = false
    this.#early = []
    for (const subscriber of Array.from(this.#subscribers)) subscriber.disconnected()
  }

  /** There will be no connection any more. */
  close(): void {
    this.#isClosed = true
    for (const subscriber of Array.from(this.#subscribers)) subscriber.closed()
  }

  route(componentId: string, subscriber: Subscriber): () => void {
    const subscribers = this.#routes.get(componentId) ?? new Set()
    this.#routes.set(componentId, subscribers.add(subscriber))
    for (const event of this.#early) if (event.componentId === componentId) subscriber.event(event)
    return () => {
      subscribers.delete(subscriber)
      if (subscribers.size === 0 && this.#routes.get(componentId) === subscribers) this.#routes.delete(componentId)
    }
  }

  expectMount(): () => void {
    this.#mounting++
    return () => {
      this.#mounting--
      if (this.#mounting === 0) this.#early = []
    }
  }

  event(event: ComponentEvent): void {
    const subscribers = this.#routes.get(event.componentId)
    if (subscribers !== undefined) for (const subscriber of Array.from(subscribers)) subscriber.event(event)
    else if (this.#mounting > 0 && this.#early.length < maxEarlyEvents) this.#early.push(event)
  }
}
