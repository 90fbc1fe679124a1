/**
 * The presence lists of one client. The server sends a list for as long as some component of the client belongs to it.
 * It sends the whole list once, perhaps before the component is known. So a list that nobody shows is kept for a while,
 * for the component it was sent for.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Log from "../Log.ts"
import type { PresenceCodec } from "../ComponentCodec.ts"
import type { ComponentId } from "../LiveId.ts"
import type { ResumePoint } from "../LiveProtocol.ts"
import { isPresenceId } from "../ServerMessages.ts"
import { type People, PresenceList } from "./PresenceList.ts"
import type { Router } from "./Router.ts"

/** A list that somebody shows. */
export interface Watched {
  readonly id: ComponentId
  readonly release: () => void
}

/** How long a list is kept that nobody shows; longer while something is being mounted. */
const patience = Duration.seconds(5)

/** What the lists need of their client. */
export interface PresenceListsOptions {
  readonly router: Router
  readonly run: (effect: Effect.Effect<unknown>) => void
  /** Asks the server for a whole list. */
  readonly resync: (id: ComponentId) => Effect.Effect<unknown, unknown>
}

interface Entry {
  readonly list: PresenceList
  readonly unroute: () => void
}

/** The presence lists of one client. */
export class PresenceLists {
  readonly #options: PresenceListsOptions
  readonly #entries = new Map<ComponentId, Entry>()

  constructor(options: PresenceListsOptions) {
    this.#options = options
    options.router.collect((id, event) => {
      if (!isPresenceId(id)) return false
      const entry = this.#open(id)
      entry.list.event(event)
      options.run(this.#closeSoon(entry))
      return true
    })
  }

  /** How far each list was read. */
  get places(): ReadonlyArray<ResumePoint> {
    return Array.from(this.#entries.values()).flatMap(({ list }) => list.place ?? [])
  }

  /** Shows a list: calls the listener with it, if it is known, and after each change. */
  watch(id: ComponentId, codec: PresenceCodec, listener: (people: People) => void): Watched {
    const entry = this.#entries.get(id) ?? this.#open(id)
    const stop = entry.list.listen(codec, listener)
    return {
      id,
      release: () => {
        stop()
        if (!entry.list.isShown && this.#entries.get(id) === entry) this.#options.run(this.#closeSoon(entry))
      }
    }
  }

  /** The session is gone; its lists are not continued. */
  clear(): void {
    for (const entry of this.#entries.values()) entry.unroute()
    this.#entries.clear()
  }

  #open(id: ComponentId): Entry {
    const { resync, router, run } = this.#options
    const list = new PresenceList(id, {
      resync: (id) => run(Effect.ignore(resync(id))),
      report: (defect) => run(Log.error("A presence list of the server could not be decoded", { cause: defect })),
      listenerFailed: (defect) => run(Log.error("A listener of a presence list failed", { cause: defect }))
    })
    const entry = { list, unroute: router.route(id, list) }
    this.#entries.set(id, entry)
    return entry
  }

  #closeSoon(entry: Entry): Effect.Effect<void> {
    return Effect.flatMap(Effect.sleep(patience), () => {
      const { id, isShown } = entry.list
      if (isShown || this.#entries.get(id) !== entry) return Effect.void
      if (this.#options.router.isMounting) return this.#closeSoon(entry)
      this.#entries.delete(id)
      entry.unroute()
      return Effect.void
    })
  }
}
