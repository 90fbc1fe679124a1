/** A client of the open wire, as somebody writes one in an afternoon: it mounts the shared component, calls it, and comes back. */
import type { Connection, WireProtocol } from "../src/server/transport/Connection.ts"
import type { FrameWriter } from "../src/server/transport/FrameWriter.ts"
import type { Transport } from "../src/server/transport/Transport.ts"
import { holds } from "./Violation.ts"

/** Where it connects to. */
export interface OpenWire {
  readonly transport: Transport["Service"]
  readonly protocol: (query: URLSearchParams) => WireProtocol
}

interface Message {
  readonly [field: string]: unknown
}

/** What came of a call: undefined as long as nothing is known. */
export type Answer = { readonly success: boolean; readonly code: string | undefined } | "lost" | undefined

/** One such client. */
export class OpenClient {
  state: unknown
  readonly answers = new Map<string, Answer>()
  readonly #reach: () => OpenWire | undefined
  readonly #name: string
  readonly #calls = new Map<string, Message>()
  #connection: Connection | undefined
  #stalled: Array<string> | undefined
  #sessionToken: string | undefined
  #componentId: string | undefined
  #revision = -1
  #isMounting = false
  #made = 0

  constructor(name: string, reach: () => OpenWire | undefined) {
    this.#name = name
    this.#reach = reach
  }

  get isMounted(): boolean {
    return this.#componentId !== undefined
  }

  /** Comes back, or asks again for what was refused. */
  connect(): void {
    const wire = this.#reach()
    if (wire === undefined || wire.transport.isDraining()) return
    if (this.#connection === undefined) {
      const query = new URLSearchParams(this.#sessionToken === undefined ? {} : { sessionToken: this.#sessionToken })
      this.#connection = wire.transport.attachUnsafe(wire.protocol(query), this.#writer(), undefined)
    } else if (this.#componentId === undefined && !this.#isMounting) this.#mount()
  }

  cut(): void {
    const connection = this.#connection
    this.#connection = undefined
    this.#stalled = undefined
    this.#isMounting = false
    connection?.closed()
  }

  stall(): void {
    if (this.#connection !== undefined) this.#stalled ??= []
  }

  unstall(): void {
    const texts = this.#stalled ?? []
    this.#stalled = undefined
    for (const text of texts) this.#read(text)
    this.#connection?.drained()
  }

  call(action: string): void {
    if (this.#connection === undefined || this.#componentId === undefined) return
    const mark = `${this.#name} ${this.#made++}`
    const call = { type: "CALL_ACTION", action, payload: { mark }, requestId: mark, callId: mark, expectResponse: true }
    this.answers.set(mark, undefined)
    this.#calls.set(mark, call)
    this.#send({ ...call, componentId: this.#componentId })
  }

  leave(): void {
    if (this.#componentId === undefined) return
    this.#send({ type: "COMPONENT_UNMOUNT", componentId: this.#componentId })
    this.#componentId = undefined
  }

  #mount(): void {
    this.#isMounting = true
    this.#send({
      type: "COMPONENT_MOUNT",
      requestId: "mount",
      payload: { component: "Subject", props: { who: this.#name }, key: "shared" }
    })
  }

  #send(message: Message): void {
    this.#connection?.receive(JSON.stringify(message))
  }

  #read(text: string): void {
    const parsed = JSON.parse(text) as Message | ReadonlyArray<Message>
    for (const message of Array.isArray(parsed) ? (parsed as ReadonlyArray<Message>) : [parsed as Message]) {
      this.#take(message)
    }
  }

  #take(message: Message): void {
    switch (message["type"]) {
      case "CONNECTION_ESTABLISHED":
        return this.#established(message)
      case "COMPONENT_MOUNTED": {
        this.#isMounting = false
        if (message["success"] === false) return
        const { componentId, initialState, revision } = message["result"] as Message
        this.#componentId = String(componentId)
        this.#revision = Number(revision)
        this.state = initialState
        return
      }
      case "COMPONENT_UPDATE":
      case "STATE_UPDATE": {
        if (message["componentId"] !== this.#componentId) return
        const revision = Number(message["revision"])
        holds(
          revision >= this.#revision,
          () => `${this.#name} is told revision ${revision} after it was told ${this.#revision}`
        )
        this.#revision = revision
        this.state = message["state"] ?? (message["payload"] as Message)["state"]
        return
      }
      case "ACTION_RESPONSE": {
        const mark = String(message["requestId"])
        if (!this.#calls.delete(mark)) return
        this.answers.set(mark, {
          success: message["success"] === true,
          code: message["code"] === undefined ? undefined : String(message["code"])
        })
      }
    }
  }

  #established({ components, resumed, sessionToken }: Message): void {
    this.#sessionToken = String(sessionToken)
    const isThere = (components as ReadonlyArray<string>).includes(this.#componentId ?? "")
    if (resumed !== true || !isThere) {
      // The session that would know what became of them is gone.
      for (const mark of this.#calls.keys()) this.answers.set(mark, "lost")
      this.#calls.clear()
      this.#componentId = undefined
      return this.#mount()
    }
    for (const call of this.#calls.values()) this.#send({ ...call, componentId: this.#componentId })
  }

  #writer(): FrameWriter {
    let isOpen = true
    const end = () => {
      if (isOpen) this.cut()
      isOpen = false
    }
    const write = (text: string) => {
      if (this.#stalled === undefined) queueMicrotask(() => this.#read(text))
      else this.#stalled.push(text)
    }
    return {
      kind: "open",
      drainsAbove: 0,
      isCompressing: false,
      get isOpen() {
        return isOpen
      },
      frame: (text) => text,
      frames: (texts) => `[${texts.join(",")}]`,
      shared: (texts) => `[${texts.join(",")}]`,
      write: (frame) => write(String(frame)),
      writeTo: (hearer, { texts }) => write(`[${texts.map((text) => hearer + text).join(",")}]`),
      bytesRead: 0,
      bytesWritten: 0,
      bytesMoved: 0,
      bufferedUnsafe: () => (this.#stalled ?? []).reduce((bytes, text) => bytes + text.length, 0),
      ping: () => {
        if (this.#stalled === undefined) this.#connection?.heard()
      },
      pause: () => {},
      resume: () => {},
      close: end,
      terminate: end
    }
  }
}
