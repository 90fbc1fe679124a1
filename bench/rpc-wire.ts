/** A client's end of the RPC wire of fibra. */
import { NumberedFrame } from "./frame.ts"
import { find, type Key, key, numberAfter, numberAt, startsWith } from "./scan.ts"
import { type Mounting, propsOf, type Reader, type Said, type Wire } from "./wire.ts"

/** As often as fibra's own client does, which acknowledges tokens at once. */
const batchesPerAcknowledgement = 4

/** Requests have ids, as those of fibra's own client do: the mount has this one, the calls those that follow. */
const mountId = 0

/** What a message, an event and an exit begin with: a text of somebody's cannot have it in it, for its quotes are escaped. */
const tag = key(`"_tag":"`)
const revision = key(`"revision":`)
const count = key(`"count":`)
const patchedCount = key(`["count"],`)
const said = key(`"payload":{"id":`)

const names = [
  "Event",
  "Patched",
  "Exit",
  "Success",
  "Chunk",
  "Snapshot",
  "Sealed",
  "ConnectionEstablished",
  "Pong",
  "Joined",
  "Left",
  "Status"
] as const
const tags = names.map((name) => [name, key(`${name}"`)] as const)

const tagAt = (bytes: Buffer, at: number, end: number): (typeof names)[number] | undefined => {
  for (const [name, text] of tags) {
    if (startsWith(bytes, text, at, end)) return name
  }
  return undefined
}

type Parsed = { readonly requestId?: string | number; readonly exit?: { readonly value?: Mounted } }
type Mounted = { readonly componentId: string; readonly revision: number }

const acknowledgement = new NumberedFrame(
  `{"_tag":"Request","id":"r","tag":"Received","payload":{"batch":`,
  0,
  `,"settled":`,
  1,
  `},"headers":[],"isNotification":true}`
)

/** One client of the RPC wire. */
export class RpcWire implements Wire {
  readonly #reader: Reader
  #componentId: string | undefined
  #counts = false
  #batches = 0
  /** All requests of a lower id have been answered. */
  #settled = mountId
  #increment = new NumberedFrame()

  constructor(reader: Reader) {
    this.#reader = reader
  }

  mount(mounting: Mounting): void {
    this.#counts = mounting.component === "Counter"
    this.#request("events", "Connect", {})
    this.#request("mount", "Mount", { ...mounting, props: propsOf(mounting), callId: mountId })
  }

  increment(id: number): void {
    this.#reader.send(this.#increment.with(mountId + 1 + id, this.#settled))
  }

  write(id: number, text: string): void {
    this.#call(id, "Write", { text })
  }

  say(id: number, said: Said): void {
    this.#call(id, "Say", said)
  }

  /** What a client that closes does, so that the server does not keep its session; the pong says that it has arrived. */
  leave(): boolean {
    this.#reader.send(JSON.stringify([{ _tag: "Eof" }, { _tag: "Ping" }]))
    return true
  }

  read(bytes: Buffer, start: number, end: number): void {
    let isAwaited = false
    const before = this.#batches
    for (let at = start; ;) {
      const found = find(bytes, tag, at, end)
      if (found < 0) break
      at = found + tag.length
      switch (tagAt(bytes, at, end)) {
        case "Event":
          this.#reader.heard(numberAfter(bytes, said, at, end))
          break
        case "Patched":
          this.#changed(bytes, at, end, patchedCount)
          break
        case "Snapshot":
          this.#changed(bytes, at, end, count)
          break
        case "Chunk":
          this.#batches++
          break
        case "Success":
          this.#answered(bytes, start, end)
          break
        case "Sealed":
        case "ConnectionEstablished":
          isAwaited = true
          break
        case "Pong":
          this.#reader.left()
          break
        // A defect, a failure, events that were dropped.
        case undefined:
          return this.#reader.failed(bytes.toString("utf8", start, end))
      }
    }
    const every = batchesPerAcknowledgement
    if (isAwaited || Math.floor(this.#batches / every) !== Math.floor(before / every)) {
      this.#reader.send(acknowledgement.with(this.#batches, this.#settled))
    }
  }

  #changed(bytes: Buffer, at: number, end: number, beforeCount: Key): void {
    const place = find(bytes, revision, at, end)
    this.#reader.changed(
      numberAt(bytes, place + revision.length),
      this.#counts ? numberAfter(bytes, beforeCount, place, end) : undefined
    )
  }

  /** The first answer is to the mount. */
  #answered(bytes: Buffer, start: number, end: number): void {
    this.#settled++
    if (this.#componentId !== undefined) return this.#reader.answered()
    const messages = JSON.parse(bytes.toString("utf8", start, end)) as ReadonlyArray<Parsed>
    const mounted = messages.find(({ requestId }) => requestId === "mount")?.exit?.value
    if (mounted === undefined) return this.#reader.failed("what was mounted has no id")
    this.#componentId = mounted.componentId
    const call = `"tag":"Call","payload":{"componentId":"${mounted.componentId}","action":"Increment","payload":{"by":1},"callId":`
    this.#increment = new NumberedFrame(
      `{"_tag":"Request","id":`,
      0,
      `,${call}`,
      0,
      `,"settled":`,
      1,
      `},"headers":[]}`
    )
    this.#reader.mounted(mounted.revision)
  }

  #call(id: number, action: string, payload: unknown): void {
    const callId = mountId + 1 + id
    const call = { componentId: this.#componentId, action, payload, callId, settled: this.#settled }
    this.#request(callId, "Call", call)
  }

  #request(id: string | number, tag: string, payload: unknown): void {
    this.#reader.send(JSON.stringify({ _tag: "Request", id, tag, payload, headers: [] }))
  }
}
