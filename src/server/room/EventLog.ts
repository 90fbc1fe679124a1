/**
 * The latest events that were said in one place, as text, in order. It keeps a few for whoever lost the connection, more while
 * somebody who is there has not read them, and never more than its bounds; who was too slow is told how many it missed.
 */
import { Batch } from "../sync/Batch.ts"
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
  in(encoder: WireEncoder, scope: EventScope): string {
    if (this.#words?.encoder !== encoder) this.#words = { encoder, text: encoder.said(scope, this) }
    return this.#words.text
  }

  /** Characters, roughly as they are sent. */
  get size(): number {
    return this.payload.length + this.name.length + 128
  }
}

/** Who is to hear its events: those in a room, or those who have mounted one instance. */
export type Audience = { readonly room: string } | { readonly componentId: string }

/** Told of each event for some that has to make room. */
export type OnForget = (index: number, isFor: NonNullable<LoggedEvent["isFor"]>) => void

/** A bounded log of events. */
export class EventLog implements EventScope {
  readonly name: string | undefined
  readonly at: string
  readonly #config: LiveConfig.Settings
  readonly #onForget: OnForget
  /** The number of the last event. */
  #index: number
  #entries: Array<LoggedEvent> = []
  /** Entries at the beginning that are forgotten already. */
  #forgotten = 0
  #bytes = 0
  /** Cursors that have not read everything, and those among them whose clients are there. */
  #unread = 0
  #behind = 0
  readonly #shared = new Map<WireEncoder, { readonly after: number; readonly upTo: number; readonly batch: Batch }>()

  /** Events are counted from `index` on. */
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

  /** Cursors that have not read everything, whether their clients are there or not. */
  get unread(): number {
    return this.#unread
  }

  /** The number of the first event that is still here. */
  get first(): number {
    return this.#index + 1 - (this.#entries.length - this.#forgotten)
  }

  /** Adds an event. */
  append(said: LoggedEvent): void {
    this.#index++
    this.#entries.push(said)
    this.#bytes += said.size
    this.#trim()
  }

  /** A cursor has something to read, or has nothing any more. */
  counted(unread: 1 | -1): void {
    this.#unread += unread
    if (this.#unread === 0) this.#shared.clear()
  }

  /** A cursor whose client is there has something to read. */
  fellBehind(): void {
    this.#behind++
  }

  /** It has read everything, or its client is not there any more. */
  caughtUp(): void {
    this.#behind--
    this.#trim()
  }

  /** The events after this one that are still here. */
  after(index: number): ReadonlyArray<LoggedEvent> {
    return this.#entries.slice(Math.max(this.#forgotten, this.#entries.length - (this.#index - index)))
  }

  /** The words for what was said after one event, made once for all who have read up to there. */
  shared(encoder: WireEncoder, after: number, said: ReadonlyArray<LoggedEvent>): Batch {
    const upTo = this.#index
    const known = this.#shared.get(encoder)
    if (known?.after === after && known.upTo === upTo) return known.batch
    const batch = new Batch(
      said.map((event) => event.in(encoder, this)),
      true
    )
    this.#shared.set(encoder, { after, upTo, batch })
    return batch
  }

  /** As many as it may hold now. A single event may be larger than the bounds. */
  #trim(): void {
    const { maxEvents, roomLog, roomLogBytes } = this.#config
    const limit = this.#behind > 0 ? Math.max(maxEvents, roomLog) : roomLog
    for (;;) {
      const size = this.#entries.length - this.#forgotten
      const oldest = this.#entries[this.#forgotten]
      if (oldest === undefined || (size <= limit && (this.#bytes <= roomLogBytes || size === 1))) break
      // What was not for everyone is not missed by everyone.
      if (oldest.isFor !== undefined) this.#onForget(this.first, oldest.isFor)
      this.#bytes -= oldest.size
      this.#forgotten++
    }
    // In bulk: shifting an array by one for every event would cost more than the event.
    if (this.#forgotten <= 64 || this.#forgotten * 2 < this.#entries.length) return
    this.#entries = this.#entries.slice(this.#forgotten)
    this.#forgotten = 0
  }
}
