/**
 * Sits between one client and its sockets: keeps what goes over them, and simulates a bad network. Messages are kept as the client has
 * them: one that leaves before it is delayed, one that arrives after that.
 */
import type { ConnectionFailure } from "../ConnectionFailure.ts"
import type { ReplicaSource } from "../client/ReplicaOpener.ts"
import * as ReplicaOpener from "../client/ReplicaOpener.ts"
import { Replica } from "../client/Replica.ts"
import type { SocketFrame, SocketTap } from "../client/SocketTap.ts"
import type * as Component from "../Component.ts"
import { isList, type Json, type Obj, read } from "../Json.ts"
import { MessageJoiner } from "../MessageParts.ts"
import { CallLog } from "./CallLog.ts"
import { MessageLog } from "./MessageLog.ts"
import { Secrecy } from "./Secrecy.ts"
import { type Disturbance, Simulator, type TimeAndChance } from "./Simulator.ts"
import { isCalm } from "./SimulatorSettings.ts"
import { brief, event, objectOf, type OpenRequest, outcomeOf, request, type ShownMessage } from "./WireMessage.ts"

/** How many requests without an answer are known. */
const maxOpen = 5000

/** What is seen of one client. */
export class Inspector implements SocketTap {
  readonly messages = new MessageLog()
  readonly calls = new CallLog()
  readonly simulator: Simulator
  readonly connection: ReplicaOpener.ConnectionAccess
  readonly secrecy: Secrecy
  readonly #surroundings: TimeAndChance
  readonly #changed: () => void
  readonly #open = new Map<string, OpenRequest>()
  #joiner = new MessageJoiner()
  /** How often it was tried to connect since there was a connection. */
  attempts = 0
  #isRecording = false

  /** Sits down. `changed` is called when there may be something else to see. */
  constructor(client: ReplicaSource, surroundings: TimeAndChance, changed: () => void) {
    this.connection = ReplicaOpener.connectionOf(client)
    this.simulator = new Simulator(surroundings)
    this.secrecy = new Secrecy(() => this.replicas)
    this.#surroundings = surroundings
    this.#changed = changed
  }

  /** Whether there are sockets to sit at: those of tests are none. */
  get isPossible(): boolean {
    return this.connection.slot !== undefined
  }

  get isRecording(): boolean {
    return this.#isRecording
  }

  /** From now on messages and calls are kept. */
  record(): void {
    this.#isRecording = true
    this.#sit()
  }

  /** From now on the network is like this. */
  disturb(settings: Disturbance): void {
    this.simulator.set(settings)
    this.#sit()
    this.#changed()
  }

  /** Leaves: all that is under way arrives. */
  leave(): void {
    const { slot } = this.connection
    if (slot?.tap === this) slot.tap = undefined
    this.simulator.end()
  }

  /** The components on the page. */
  get replicas(): ReadonlyArray<Replica<Component.Typed>> {
    return Array.from(this.connection.listeners).filter((listener) => listener instanceof Replica)
  }

  connects(url: string): ConnectionFailure | undefined {
    this.attempts++
    this.#joiner = new MessageJoiner()
    this.#open.clear()
    this.#changed()
    return this.simulator.connects() ? undefined : { kind: "unreachable", url }
  }

  leaves(frame: SocketFrame, pass: () => void, cut: () => void): void {
    this.#see(() => this.#sent(frame))
    this.simulator.leaves(pass, cut)
  }

  arrives(frame: SocketFrame | undefined, pass: () => void, cut: () => void): void {
    if (frame === undefined) return this.simulator.closes(pass)
    this.simulator.arrives(() => {
      this.attempts = 0
      this.#see(() => this.#received(frame))
      pass()
    }, cut)
  }

  #sit(): void {
    const { slot } = this.connection
    if (slot !== undefined && (this.#isRecording || !isCalm(this.simulator.settings))) slot.tap = this
  }

  /** Whatever is wrong with a message or with this is no reason to stop it. */
  #see(look: () => void): void {
    if (!this.#isRecording) return
    try {
      look()
    } catch (defect) {
      this.#add("in", 0, { kind: "Unreadable", component: "", summary: String(defect), body: null })
    }
    this.#changed()
  }

  #sent(frame: SocketFrame): void {
    if (typeof frame !== "string") {
      const summary = "a part of a file"
      return this.#add("out", frame.length, { kind: "Bytes", component: "", summary, body: null })
    }
    this.#each(frame, (message, size) => this.#client(message, size))
  }

  #received(frame: SocketFrame): void {
    const text = typeof frame === "string" ? this.#joiner.add(frame) : new TextDecoder().decode(frame)
    if (text !== undefined) this.#each(text, (message, size) => this.#server(message, size))
  }

  /** Each message of a frame, with its size. */
  #each(text: string, see: (message: Obj, size: number) => void): void {
    const parsed = JSON.parse(text) as Json
    const messages = isList(parsed) ? parsed : [parsed]
    for (const message of messages) {
      const size = messages.length === 1 ? text.length : JSON.stringify(message).length
      see(objectOf(message), size)
    }
  }

  #client(message: Obj, size: number): void {
    const tag = String(read(message, "_tag"))
    const now = this.#surroundings.now()
    if (tag !== "Request") {
      const open = this.#open.get(String(read(message, "requestId")))
      if (tag === "Interrupt" && open?.callId !== undefined) {
        this.calls.ended(open.callId, { kind: "interrupted", error: "interrupted", value: null }, now)
      }
      return this.#add("out", size, plain(message))
    }
    const { open, ...shown } = request(message, this.secrecy)
    if (read(message, "isNotification") !== true && this.#open.size < maxOpen) {
      this.#open.set(String(read(message, "id")), open)
    }
    const payload = objectOf(shown.body)
    const settled = read(payload, "settled")
    if (open.callId !== undefined && open.tag === "Call" && !this.messages.isPaused) {
      const { component } = shown
      this.calls.sent(
        { callId: open.callId, component, action: open.action, payload: read(payload, "payload") ?? null },
        now
      )
    }
    if (typeof settled === "number") this.calls.settled(settled, now)
    this.#add("out", size, shown)
  }

  #server(message: Obj, size: number): void {
    const tag = read(message, "_tag")
    if (tag === "Chunk") {
      const values = read(message, "values")
      const events = isList(values) ? values : []
      for (const value of events) {
        const length = events.length === 1 ? size : JSON.stringify(value).length
        this.#add("in", length, event(objectOf(value), this.secrecy))
      }
      return
    }
    if (tag !== "Exit") return this.#add("in", size, plain(message))
    const id = String(read(message, "requestId"))
    const open = this.#open.get(id) ?? { tag: id, of: "", action: "", callId: undefined }
    this.#open.delete(id)
    const outcome = outcomeOf(objectOf(read(message, "exit")), open, this.secrecy)
    if (open.callId !== undefined && open.tag === "Call") {
      this.calls.ended(open.callId, outcome, this.#surroundings.now())
    }
    const component = open.of === "" ? "" : this.secrecy.nameOf(open.of)
    const what = open.tag === "Call" ? open.action : open.tag
    const result = outcome.kind === "succeeded" ? brief(outcome.value) : outcome.error
    this.#add("in", size, { kind: "Answer", component, summary: `${what}: ${result}`, body: outcome.value })
  }

  #add(direction: "out" | "in", size: number, shown: ShownMessage): void {
    this.messages.add({ ...shown, at: this.#surroundings.now(), direction, size })
  }
}

/** A message of the protocol itself. */
const plain = (message: Obj): ShownMessage => {
  const { _tag, ...others } = message
  return {
    kind: String(_tag),
    component: "",
    summary: Object.keys(others).length === 0 ? "" : brief(others),
    body: message
  }
}
