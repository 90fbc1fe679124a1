/**
 * The lists of who is there that one client knows. The server sends a list for as long as some component of the client belongs to it,
 * and begins with all of it only once, perhaps before it tells the component; so one that nobody shows is kept a while, for whoever
 * comes next may be why it is sent.
 */
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { PresenceCodec } from "../ComponentCodec.ts"
import type { ComponentId } from "../LiveId.ts"
import { isPresenceId, type ResumePoint } from "../LiveProtocol.ts"
import { type People, PresenceList } from "./PresenceList.ts"
import type { Router } from "./Router.ts"

/** A list somebody shows. */
export interface Watched {
  readonly id: ComponentId
  readonly release: () => void
}

/** How long a list nobody shows is kept, and longer while something is being mounted. */
const patience = Duration.seconds(5)

/** What the lists of a client need of it. */
export interface PresenceListsOptions {
  readonly router: Router
  readonly run: (effect: Effect.Effect<unknown>) => void
  /** Asks for a list, whole. */
  readonly resync: (id: ComponentId) => Effect.Effect<unknown, unknown>
}

interface Entry {
  readonly list: PresenceList
  readonly unroute: () => void
}

/** The lists of one client. */
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

  /** How far they were read. */
  get places(): ReadonlyArray<ResumePoint> {
    return Array.from(this.#entries.values()).flatMap(({ list }) => list.place ?? [])
  }

  /** Calls the listener with the list, if it is known, and after each change. */
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

  /** The session is gone, and nothing that was known in it is told further. */
  clear(): void {
    for (const entry of this.#entries.values()) entry.unroute()
    this.#entries.clear()
  }

  #open(id: ComponentId): Entry {
    const { resync, router, run } = this.#options
    const list = new PresenceList(id, {
      resync: (id) => run(Effect.ignore(resync(id))),
      report: (defect) =>
        run(Effect.logError("Who is there is not known: the server's list was not understood", Cause.die(defect)))
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
