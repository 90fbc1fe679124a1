/** A client's end of the RPC wire of fibra. */
import { ComponentWire, propsOf } from "./component-wire.ts"
import { idIn } from "./event-id.ts"
import type { Mounting, Reader, Said } from "./wire.ts"

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

/** One client of the RPC wire. */
export class RpcWire extends ComponentWire {
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
