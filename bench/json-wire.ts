/** The open wire of fibra: a client in no language in particular, one object per frame. */
import { NumberedFrame } from "./frame.ts"
import { find, type Key, key, numberAfter, startsWith } from "./scan.ts"
import { type Mounting, propsOf, type Reader, type Said, type Wire } from "./wire.ts"

const revision = key(`"revision":`)
const count = key(`"count":`)
const said = key(`"payload":{"id":`)
const failure = key(`"success":false`)

/** Where the name of its type begins in a message. */
const typeAt = `{"type":"`.length

type Hot = "broadcast" | "state" | "answer"

/** The messages of which there are many; of others there are few. */
const hot: ReadonlyArray<readonly [Key, Hot]> = [
  [key("ACTION_RESPONSE"), "answer"],
  [key("STATE_UPDATE"), "state"],
  [key("COMPONENT_UPDATE"), "state"],
  [key("BROADCAST"), "broadcast"]
]

const typeOf = (bytes: Buffer, start: number, end: number): Hot | undefined => {
  for (const [name, type] of hot) {
    if (startsWith(bytes, name, start + typeAt, end)) return type
  }
  return undefined
}

type Message =
  | { readonly type: "COMPONENT_MOUNTED"; readonly success: boolean; readonly result: Mounted }
  | { readonly type: "CONNECTION_ESTABLISHED" | "COMPONENT_STATUS" | "COMPONENT_UNMOUNTED" | "ERROR" }
type Mounted = { readonly componentId: string; readonly revision: number }

/** A client's end of the open wire. */
export class JsonWire implements Wire {
  readonly #reader: Reader
  #componentId = ""
  #counts = false
  #revision = 0
  #increment = new NumberedFrame()

  constructor(reader: Reader) {
    this.#reader = reader
  }

  mount(mounting: Mounting): void {
    this.#counts = mounting.component === "Counter"
    this.#send({ type: "COMPONENT_MOUNT", payload: { ...mounting, props: propsOf(mounting) }, requestId: 0 })
  }

  increment(id: number): void {
    this.#reader.send(this.#increment.with(id))
  }

  write(id: number, text: string): void {
    this.#call(id, "Write", { text })
  }

  say(id: number, said: Said): void {
    this.#call(id, "Say", said)
  }

  /** With nothing mounted the server does not keep its session. */
  leave(): boolean {
    this.#send({ type: "COMPONENT_UNMOUNT", componentId: this.#componentId })
    return true
  }

  read(bytes: Buffer, start: number, end: number): void {
    switch (typeOf(bytes, start, end)) {
      case "answer":
        if (find(bytes, failure, start, end) < 0) return this.#reader.answered()
        return this.#reader.failed(bytes.toString("utf8", start, end))
      case "state":
        return this.#changed(bytes, start, end)
      case "broadcast":
        return this.#reader.heard(numberAfter(bytes, said, start, end))
    }
    const text = bytes.toString("utf8", start, end)
    const message = JSON.parse(text) as Message
    switch (message.type) {
      case "COMPONENT_MOUNTED":
        if (!message.success) return this.#reader.failed(text)
        return this.#mounted(message.result)
      case "COMPONENT_UNMOUNTED":
        return this.#reader.left()
      case "ERROR":
        return this.#reader.failed(text)
    }
  }

  #mounted({ componentId, revision }: Mounted): void {
    this.#componentId = componentId
    this.#revision = revision
    const call = `{"type":"CALL_ACTION","componentId":"${componentId}","action":"Increment","payload":{"by":1},"requestId":`
    this.#increment = new NumberedFrame(call, 0, `,"expectResponse":true}`)
    this.#reader.mounted(revision)
  }

  /** A state that comes again, with its token, is no change. */
  #changed(bytes: Buffer, start: number, end: number): void {
    const next = numberAfter(bytes, revision, start, end)
    if (next === this.#revision) return
    this.#revision = next
    this.#reader.changed(next, this.#counts ? numberAfter(bytes, count, start, end) : undefined)
  }

  #call(requestId: number, action: string, payload: unknown): void {
    const call = { type: "CALL_ACTION", componentId: this.#componentId, action, payload }
    this.#send({ ...call, requestId, expectResponse: true })
  }

  #send(message: object): void {
    this.#reader.send(JSON.stringify(message))
  }
}
