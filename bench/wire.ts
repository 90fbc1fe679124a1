/** The two wires: how a client of each server asks for the same things, and what it reads out of the answers. */

import { ComponentWire, propsOf } from "./component-wire.ts"
import { idIn } from "./event-id.ts"
import { JsonWire } from "./json-wire.ts"

/** What a wire tells a client. */
export interface Reader {
  readonly mounted: (componentId: string, revision: number) => void
  /** The state of revision `revision` is in; `count` is what a counter says. */
  readonly changed: (revision: number, count: number | undefined) => void
  /** The event of this id was said in the room. */
  readonly heard: (id: number) => void
  readonly answered: () => void
  readonly failed: (why: string) => void
  /** The good-bye has arrived. */
  readonly left: () => void
  readonly send: (text: string) => void
}

/** What is to be mounted. */
export interface Mounting {
  readonly component: "Counter" | "Board" | "Talk"
  /** The same for all makes it one shared instance. */
  readonly key?: string
  /** Where it speaks. */
  readonly room?: string
}

/** One client's end of a wire. */
export interface Wire {
  readonly mount: (mounting: Mounting) => void
  readonly increment: (componentId: string, id: number) => void
  readonly write: (componentId: string, id: number, text: string) => void
  readonly say: (componentId: string, id: number, said: Said) => void
  /** Says good-bye, if that is a thing to say; false when it is not. */
  readonly leave: () => boolean
  readonly read: (text: string) => void
}

/** What is said in a room; the id is no other's. */
export interface Said {
  readonly id: number
  readonly text: string
}

/** Which server. */
export type Side = "raw" | "fibra"

/** Which of its wires fibra is spoken to over: the one of its own client, or the open one. */
export type Front = "rpc" | "json"

/** Where a server listens for sockets. */
export const pathOf = (side: Side, front: Front): string =>
  side === "raw" ? "/" : front === "rpc" ? "/api/live/rpc" : "/api/live/ws"

/** A client's end of the wire of a server. */
export const make = (side: Side, front: Front, reader: Reader): Wire =>
  side === "raw" ? new RawWire(reader) : front === "rpc" ? new FibraWire(reader) : new JsonWire(reader)

type RawMessage =
  | { readonly type: "mounted"; readonly revision: number }
  | { readonly type: "state"; readonly revision: number; readonly state: { readonly count?: number } }
  | { readonly type: "reply"; readonly id: number; readonly value: unknown }

const rawEvent = `{"type":"event"`
class RawWire implements Wire {
  readonly #reader: Reader

  constructor(reader: Reader) {
    this.#reader = reader
  }

  mount(mounting: Mounting): void {
    this.#reader.send(JSON.stringify({ type: "mount", id: 0, start: 0, ...mounting }))
  }

  increment(_: string, id: number): void {
    this.#reader.send(JSON.stringify({ type: "increment", id, by: 1 }))
  }

  write(_: string, id: number, text: string): void {
    this.#reader.send(JSON.stringify({ type: "write", id, text }))
  }

  say(_: string, id: number, said: Said): void {
    this.#reader.send(JSON.stringify({ type: "say", id, said }))
  }

  leave(): boolean {
    return false
  }

  read(text: string): void {
    // A thousand clients that parse a million events in one process would be all there is to measure.
    if (text.startsWith(rawEvent)) return this.#reader.heard(idIn(text))
    const message = JSON.parse(text) as RawMessage
    switch (message.type) {
      case "state":
        return this.#reader.changed(message.revision, message.state.count)
      case "reply":
        return this.#reader.answered()
      case "mounted":
        return this.#reader.mounted("", message.revision)
    }
  }
}

type FibraMessage =
  | { readonly _tag: "Chunk"; readonly values: ReadonlyArray<FibraEvent> }
  | { readonly _tag: "Exit"; readonly requestId: string | number; readonly exit: FibraExit }
  | { readonly _tag: "Defect"; readonly defect: unknown }
  | { readonly _tag: "Pong" }
type FibraEvent =
  | { readonly _tag: "Event"; readonly payload: Said }
  | { readonly _tag: "EventsDropped"; readonly count: number }
  | { readonly _tag: "Patched"; readonly revision: number; readonly patch: ReadonlyArray<ReadonlyArray<unknown>> }
  | { readonly _tag: "Snapshot"; readonly revision: number; readonly state: { readonly count?: number } }
  | { readonly _tag: "ConnectionEstablished" | "Joined" | "Left" | "Status" | "Sealed" }
type FibraExit = { readonly _tag: "Success"; readonly value: Mounted } | { readonly _tag: "Failure" }
type Mounted = { readonly componentId: string; readonly revision: number }

/** As often as fibra's own client does, which acknowledges tokens at once. */
const batchesPerAcknowledgement = 4

/** Requests have ids, as those of fibra's own client do: the mount has this one, the calls those that follow. */
const mountId = 0

/** How an event begins, and a frame of which an event is the first thing. */
const event = `{"_tag":"Event"`
const events = `[{"_tag":"Chunk","requestId":"events","values":[${event}`

class FibraWire extends ComponentWire {
  readonly #reader: Reader
  #batches = 0
  /** All requests of a lower id have been answered. */
  #settled = mountId

  constructor(reader: Reader) {
    super()
    this.#reader = reader
  }

  mount(mounting: Mounting): void {
    this.#request("events", "Connect", {})
    this.#request("mount", "Mount", { ...mounting, props: propsOf(mounting), callId: mountId })
  }

  /** What a client that closes does, so that the server does not keep its session; the pong says that it has arrived. */
  leave(): boolean {
    this.#reader.send(JSON.stringify([{ _tag: "Eof" }, { _tag: "Ping" }]))
    return true
  }

  read(text: string): void {
    for (const message of JSON.parse(this.#hear(text)) as ReadonlyArray<FibraMessage>) {
      if (message._tag === "Chunk") this.#chunk(message.values)
      else if (message._tag === "Pong") this.#reader.left()
      else if (message._tag === "Defect") this.#reader.failed(JSON.stringify(message.defect))
      else if (message.exit._tag === "Failure") this.#reader.failed(JSON.stringify(message.exit))
      else this.#answered(message.requestId, message.exit.value)
    }
  }

  /**
   * Tells of the events with which a frame begins, and gives the rest of it. A thousand clients that parse a million events in one
   * process would be all there is to measure.
   */
  #hear(text: string): string {
    if (!text.startsWith(events)) return text
    let at = events.length - event.length
    while (text.startsWith(event, at)) {
      this.#reader.heard(idIn(text, at))
      const end = text.indexOf("}}", at) + 2
      at = text[end] === "," ? end + 1 : end
    }
    return text.slice(0, events.length - event.length) + text.slice(at)
  }

  #chunk(events: ReadonlyArray<FibraEvent>): void {
    this.#batches++
    let isAwaited = false
    for (const event of events) {
      switch (event._tag) {
        case "Event":
          this.#reader.heard(event.payload.id)
          break
        case "Patched":
          this.#reader.changed(event.revision, countIn(event.patch))
          break
        case "Snapshot":
          this.#reader.changed(event.revision, event.state.count)
          break
        case "EventsDropped":
          this.#reader.failed(`${event.count} events were dropped`)
          break
        case "ConnectionEstablished":
        case "Sealed":
          isAwaited = true
      }
    }
    if (!isAwaited && this.#batches % batchesPerAcknowledgement !== 0) return
    const payload = { batch: this.#batches, settled: this.#settled }
    this.#reader.send(
      JSON.stringify({ _tag: "Request", id: "r", tag: "Received", payload, headers: [], isNotification: true })
    )
  }

  protected call(componentId: string, id: number, action: string, payload: unknown): void {
    this.#request(id, "Call", { componentId, action, payload, callId: mountId + 1 + id, settled: this.#settled })
  }

  /** The value is what was mounted only when the request was to mount. */
  #answered(id: string | number, value: Mounted): void {
    this.#settled++
    if (id === "mount") this.#reader.mounted(value.componentId, value.revision)
    else this.#reader.answered()
  }

  #request(id: string | number, tag: string, payload: unknown): void {
    this.#reader.send(JSON.stringify({ _tag: "Request", id, tag, payload, headers: [] }))
  }
}

/** What a patch makes of the count of a counter. */
const countIn = ([step]: ReadonlyArray<ReadonlyArray<unknown>>): number | undefined => {
  const value = step?.[2]
  return typeof value === "number" ? value : undefined
}
