/**
 * The latest events that were said in one place, as text, in order. It keeps a few for whoever lost the connection, more while
 * somebody who is there has not read them, and never more than its bounds; who was too slow is told how many it missed.
 */
import type { ClientInfo } from "../sync/ClientInfo.ts"
import type { WireEncoder, Event, EventScope } from "../sync/WireEncoder.ts"
import type * as LiveConfig from "../LiveConfig.ts"

/** An event that was said. */
export class LoggedEvent implements Event {
  readonly index: number
  readonly name: string
  readonly payload: string
  readonly time: number
  /** Undefined: for everyone. */
  readonly isFor: ((client: ClientInfo) => boolean) | undefined
  #words: { readonly encoder: WireEncoder; readonly text: string } | undefined

  constructor(event: Event, isFor: LoggedEvent["isFor"]) {
    this.index = event.index
    this.name = event.name
    this.payload = event.payload
    this.time = event.time
    this.isFor = isFor
  }

  /** In the words of a wire. */
  in(encoder: WireEncoder, place: EventScope): string {
    if (this.#words?.encoder !== encoder) this.#words = { encoder, text: encoder.said(place, this) }
    return this.#words.text
  }

  /** Characters, roughly as they are sent. */
  get size(): number {
    return this.payload.length + this.name.length + 128
  }
}

/** A bounded log of events. */
export class EventLog {
  /** The number of the last event. */
  index: number
  readonly #config: LiveConfig.Settings
  #entries: Array<LoggedEvent> = []
  /** Entries at the beginning that are forgotten already. */
  #forgotten = 0
  #bytes = 0
  /** Readers that are there and have not read everything. */
  #behind = 0

  /** Events are counted from `index` on. */
  constructor(config: LiveConfig.Settings, index: number) {
    this.#config = config
    this.index = index
  }

  /** The number of the first event that is still here. */
  get first(): number {
    return this.index + 1 - (this.#entries.length - this.#forgotten)
  }

  /** Adds an event; `forgetting` is told of each that has to make room. */
  append(said: LoggedEvent, forgetting: (index: number, said: LoggedEvent) => void): void {
    this.index++
    this.#entries.push(said)
    this.#bytes += said.size
    this.#trim(forgetting)
  }

  /** A reader that is there has something to read. */
  fellBehind(): void {
    this.#behind++
  }

  /** It has read everything, or is not there any more. */
  caughtUp(forgetting: (index: number, said: LoggedEvent) => void): void {
    this.#behind--
    this.#trim(forgetting)
  }

  /** The events after this one that are still here. */
  after(index: number): ReadonlyArray<LoggedEvent> {
    return this.#entries.slice(Math.max(this.#forgotten, this.#entries.length - (this.index - index)))
  }

  /** As many as it may hold now. A single event may be larger than the bounds. */
  #trim(forgetting: (index: number, said: LoggedEvent) => void): void {
    const { maxEvents, roomLog, roomLogBytes } = this.#config
    const limit = this.#behind > 0 ? Math.max(maxEvents, roomLog) : roomLog
    for (;;) {
      const size = this.#entries.length - this.#forgotten
      const oldest = this.#entries[this.#forgotten]
      if (oldest === undefined || (size <= limit && (this.#bytes <= roomLogBytes || size === 1))) break
      forgetting(this.first, oldest)
      this.#bytes -= oldest.size
      this.#forgotten++
    }
    // In bulk: shifting an array by one for every event would cost more than the event.
    if (this.#forgotten <= 64 || this.#forgotten * 2 < this.#entries.length) return
    this.#entries = this.#entries.slice(this.#forgotten)
    this.#forgotten = 0
  }
}
