/** A client's end of the raw server's wire. */
import { idIn } from "./event-id.ts"
import type { Mounting, Reader, Said, Wire } from "./wire.ts"

type RawMessage =
  | { readonly type: "mounted"; readonly revision: number }
  | { readonly type: "state"; readonly revision: number; readonly state: { readonly count?: number } }
  | { readonly type: "reply"; readonly id: number; readonly value: unknown }

const rawEvent = `{"type":"event"`
/** One client of the raw server. */
export class RawWire implements Wire {
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
