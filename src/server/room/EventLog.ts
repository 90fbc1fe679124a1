/**
 * The latest events of one room or instance, as text, in order. It keeps some for clients that lost their connection,
 * more while a connected client has not read them, and never more than its limits. A client that was too slow is told
 * how many events it lost.
 */
import { Batch } from "../sync/Batch.ts"
import type { ClientInfo } from "../sync/ClientInfo.ts"
import type { WireEncoder, Event, EventScope } from "../sync/WireEncoder.ts"
import type * as LiveConfig from "../LiveConfig.ts"

/** An event in the log. */
export class LoggedEvent implements Event {
  readonly index: number
  readonly name: string
  readonly payload: string
  readonly time: number
  /** Whether a client is sent the event; undefined: all are. */
  readonly isFor: ((client: ClientInfo) => boolean) | undefined
  #encoded: { readonly encoder: WireEncoder; readonly text: string } | undefined

  constructor(event: Event, isFor: LoggedEvent["isFor"]) {
    this.index = event.index
    this.name = event.name
    this.payload = event.payload
    this.time = event.time
    this.isFor = isFor
  }

  /** The text of the event on one wire. */
  textFor(encoder: WireEncoder, scope: EventScope): string {
    if (this.#encoded?.encoder !== encoder) this.#encoded = { encoder, text: encoder.event(scope, this) }
    return this.#encoded.text
  }

  /** About how many characters are sent. */
  get size(): number {
    return this.payload.length + this.name.length + 128
  }
}

/** Where the events are broadcast: in a room, or to those who have mounted one instance. */
export type Audience = { readonly room: string } | { readonly componentId: string }

/** All events after one index and up to another, which are for all clients, as one batch on one wire. */
export interface SharedEvents {
  readonly after: number
  readonly upTo: number
  readonly batch: Batch
  /** The names of the events. */
  readonly names: ReadonlyArray<string>
}

/** Called for each event that leaves the log and was not for all clients. */
export type OnForget = (index: number, isFor: NonNullable<LoggedEvent["isFor"]>) => void

/** A log of events with limits. */
export class EventLog implements EventScope {
  readonly name: string | undefined
  readonly at: string
  readonly #config: LiveConfig.Settings
  readonly #onForget: OnForget
  /** The index of the last event. */
  #index: number
  #entries: Array<LoggedEvent> = []
  /** Removed events at the beginning of the array. */
  #forgotten = 0
  #bytes = 0
  /** Cursors that have not read everything, and those of them whose clients are connected. */
  #unread = 0
  #behind = 0
  readonly #shared = new Map<WireEncoder, SharedEvents>()

  /** The first event gets the index after `index`. */
  constructor(config: LiveConfig.Settings, audience: Audience, index: number, onForget: OnForget) {
    this.#config = config
    this.#onForget = onForget
    this.#index = index
    this.name = "room" in audience ? audience.room : undefined
    this.at =
      "room" in audience
        ? `"room":${JSON.stringify(audience.room)}`
        : `"componentId":${JSON.stringify(audience.componentId)}`
  }

  get index(): number {
    return this.#index
  }

  /** About how many bytes the events in the log take. */
  get bytes(): number {
    return this.#bytes
  }

  /** The number of cursors that have not read everything, including those of clients that are not connected. */
  get unread(): number {
    return this.#unread
  }

  /** The index of the oldest event in the log. */
  get first(): number {
    return this.#index + 1 - (this.#entries.length - this.#forgotten)
  }

  /** Adds an event. */
  append(event: LoggedEvent): void {
    this.#index++
    this.#entries.push(event)
    this.#bytes += event.size
    this.#trim()
  }

  /** A cursor has something to read (1), or has read everything (-1). */
  counted(unread: 1 | -1): void {
    this.#unread += unread
    if (this.#unread === 0) this.#shared.clear()
  }

  /** The cursor of a connected client has something to read. */
  fellBehind(): void {
    this.#behind++
  }

  /** It has read everything, or its client has disconnected. */
  caughtUp(): void {
    this.#behind--
    if (this.#behind === 0) this.#trim()
  }

  /** The events in the log after this index. */
  after(index: number): ReadonlyArray<LoggedEvent> {
    return this.#entries.slice(Math.max(this.#forgotten, this.#entries.length - (this.#index - index)))
  }

  /** All events after an index, as another cursor has read them; undefined when none has. */
  sharedAfter(encoder: WireEncoder, after: number): SharedEvents | undefined {
    const known = this.#shared.get(encoder)
    return known?.after === after && known.upTo === this.#index ? known : undefined
  }

  /** A batch of all events after an index, which are for all clients: built once for all cursors that are there. */
  shared(encoder: WireEncoder, after: number, events: ReadonlyArray<LoggedEvent>): Batch {
    const known = this.sharedAfter(encoder, after)
    if (known !== undefined) return known.batch
    const batch = new Batch(
      events.map((event) => event.textFor(encoder, this)),
      true
    )
    const names = Array.from(new Set(events.map(({ name }) => name)))
    this.#shared.set(encoder, { after, upTo: this.#index, batch, names })
    return batch
  }

  /** Removes events above the limits. A single event may exceed them. */
  #trim(): void {
    const { maxEvents, roomLog, roomLogBytes } = this.#config
    const limit = this.#behind > 0 ? Math.max(maxEvents, roomLog) : roomLog
    for (;;) {
      const size = this.#entries.length - this.#forgotten
      const oldest = this.#entries[this.#forgotten]
      if (oldest === undefined || (size <= limit && (this.#bytes <= roomLogBytes || size === 1))) break
      // Only clients that the event was for have lost it.
      if (oldest.isFor !== undefined) this.#onForget(this.first, oldest.isFor)
      this.#bytes -= oldest.size
      this.#forgotten++
    }
    // Many at once: shifting an array by one costs more than the event itself.
    if (this.#forgotten <= 64 || this.#forgotten * 2 < this.#entries.length) return
    this.#entries = this.#entries.slice(this.#forgotten)
    this.#forgotten = 0
  }
}
