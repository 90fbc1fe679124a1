/** The open wire of fibra: a client in no language in particular, one object per frame. */
import { ComponentWire, propsOf } from "./component-wire.ts"
import { idIn } from "./event-id.ts"
import type { Mounting, Reader } from "./wire.ts"

type Message =
  | { readonly type: "COMPONENT_MOUNTED"; readonly success: boolean; readonly result: Mounted }
  | { readonly type: "STATE_UPDATE"; readonly revision: number; readonly payload: { readonly state: State } }
  | { readonly type: "COMPONENT_UPDATE"; readonly revision: number; readonly state: State }
  | { readonly type: "ACTION_RESPONSE"; readonly success: boolean }
  | { readonly type: "CONNECTION_ESTABLISHED" | "COMPONENT_STATUS" | "COMPONENT_UNMOUNTED" }
  | { readonly type: "ERROR" }
type Mounted = { readonly componentId: string; readonly revision: number }
type State = { readonly count?: number }

const broadcast = `{"type":"BROADCAST"`
/** A client's end of the open wire. */
export class JsonWire extends ComponentWire {
  readonly #reader: Reader
  #componentId = ""
  #revision = 0

  constructor(reader: Reader) {
    super()
    this.#reader = reader
  }

  mount(mounting: Mounting): void {
    this.#send({ type: "COMPONENT_MOUNT", payload: { ...mounting, props: propsOf(mounting) }, requestId: 0 })
  }

  /** With nothing mounted the server does not keep its session. */
  leave(): boolean {
    this.#send({ type: "COMPONENT_UNMOUNT", componentId: this.#componentId })
    return true
  }

  read(text: string): void {
    // A thousand clients that parse a million events in one process would be all there is to measure.
    if (text.startsWith(broadcast)) return this.#reader.heard(idIn(text))
    const message = JSON.parse(text) as Message
    switch (message.type) {
      case "STATE_UPDATE":
        return this.#changed(message.revision, message.payload.state)
      case "COMPONENT_UPDATE":
        return this.#changed(message.revision, message.state)
      case "ACTION_RESPONSE":
        return message.success ? this.#reader.answered() : this.#reader.failed(text)
      case "COMPONENT_MOUNTED":
        if (!message.success) return this.#reader.failed(text)
        this.#componentId = message.result.componentId
        this.#revision = message.result.revision
        return this.#reader.mounted(this.#componentId, this.#revision)
      case "COMPONENT_UNMOUNTED":
        return this.#reader.left()
      case "ERROR":
        return this.#reader.failed(text)
    }
  }

  /** A state that comes again, with its token, is no change. */
  #changed(revision: number, { count }: State): void {
    if (revision === this.#revision) return
    this.#revision = revision
    this.#reader.changed(revision, count)
  }

  protected call(componentId: string, requestId: number, action: string, payload: unknown): void {
    this.#send({ type: "CALL_ACTION", componentId, action, payload, requestId, expectResponse: true })
  }

  #send(message: object): void {
    this.#reader.send(JSON.stringify(message))
  }
}
