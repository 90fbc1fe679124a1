/** Where one mounted component is: its rooms, and who is there. */
import type * as Component from "../Component.ts"
import { presenceId } from "../LiveProtocol.ts"
import type { Person } from "../Presence.ts"
import type { Watched, Wire } from "./Wire.ts"

/** What has changed. */
export interface Change {
  readonly rooms?: ReadonlyArray<string>
  readonly presence?: ReadonlyArray<Person>
}

/** Where one component is. */
export class Whereabouts {
  readonly #component: Component.Any
  readonly #wire: Wire
  readonly #changed: (change: Change) => void
  #componentId: string | undefined
  #rooms: ReadonlyArray<string> = []
  #presenceId: string | undefined
  #watched: Watched | undefined

  constructor(component: Component.Any, wire: Wire, changed: (change: Change) => void) {
    this.#component = component
    this.#wire = wire
    this.#changed = changed
  }

  /** It is mounted. */
  begin(componentId: string): void {
    this.#componentId = componentId
    this.update()
  }

  /** It has joined a room, or left one. */
  update(): void {
    const componentId = this.#componentId
    if (componentId === undefined) return
    const rooms = this.#wire.roomsOf(componentId)
    if (rooms.join(" ") !== this.#rooms.join(" ")) {
      this.#rooms = rooms
      this.#changed({ rooms })
    }
    this.#watch(componentId)
  }

  /** It is not mounted any more. */
  end(): void {
    this.#componentId = undefined
    this.#rooms = []
    this.#watched?.close()
    this.#watched = undefined
    this.#presenceId = undefined
  }

  #watch(componentId: string): void {
    const { codec, componentName } = this.#component
    if (codec.presence === undefined) return
    const [room] = this.#rooms
    const id = presenceId(componentName, room === undefined ? { componentId } : { room })
    if (this.#presenceId === id) return
    this.#watched?.close()
    this.#presenceId = id
    this.#watched = this.#wire.watch(id, codec.presence, () => this.#tell())
    this.#tell()
  }

  #tell(): void {
    if (this.#watched !== undefined) this.#changed({ presence: this.#watched.list.people })
  }
}
