/**
 * The messages that were dropped instead of handled: the latest of them, and a count per reason. A dead letter has the
 * shape of its payload and none of its values, so that it reveals no data. Nothing is delivered again.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

/** Why a message was dropped. */
export type Reason =
  | "MailboxFull"
  | "Coalesced"
  | "Expired"
  | "Crashed"
  | "Faulted"
  | "Stopped"
  | "TimedOut"
  | "Unknown"

/** One dropped message. */
export interface DeadLetter {
  readonly actor: string
  readonly tag: string
  readonly reason: Reason
  /** The payload with every leaf replaced by the name of its type. */
  readonly shape: unknown
  /** Milliseconds since 1970. */
  readonly at: number
}

/** A dropped message, with its payload. */
export interface Dropped {
  readonly actor: string
  readonly tag: string
  readonly reason: Reason
  readonly payload: unknown
  readonly at: number
}

const maxDepth = 3
const maxKeys = 16
/** Characters of a key. */
const maxKey = 128

/** The shape of a value: keys and names of types, three levels deep, with at most sixteen keys per level. */
const shapeOf = (value: unknown, depth = 0): unknown => {
  if (value === null) return "null"
  if (typeof value !== "object") return typeof value
  try {
    if (Array.isArray(value)) return `array(${value.length})`
    if (depth === maxDepth) return "object"
    const keys = Object.keys(value).slice(0, maxKeys)
    return Object.fromEntries(keys.map((key) => [key.slice(0, maxKey), shapeOf(dataOf(value, key), depth + 1)]))
  } catch {
    // A revoked proxy, for example.
    return "unreadable"
  }
}

/** Does not run getters, which are code of others. */
const dataOf = (value: object, key: string): unknown => Object.getOwnPropertyDescriptor(value, key)?.value

/** A store of dead letters with a limit. */
export interface Service {
  /** Records a dropped message. When the store is full, the oldest is removed. */
  readonly recordUnsafe: (dropped: Dropped) => void
  /** The latest, oldest first. */
  readonly recent: Effect.Effect<ReadonlyArray<DeadLetter>>
  /** How many there were since the start, for one reason or in total, independent of the capacity. */
  readonly count: (reason?: Reason) => Effect.Effect<number>
}

/** A store for the latest `capacity` dead letters (default 256). */
export const makeUnsafe = (options?: { readonly capacity?: number }): Service => {
  const capacity = Math.max(1, options?.capacity ?? 256)
  const ring: Array<DeadLetter> = []
  const counts = new Map<Reason, number>()
  let next = 0
  let total = 0
  return {
    recordUnsafe: ({ payload, ...dropped }) => {
      const letter: DeadLetter = { ...dropped, shape: shapeOf(payload) }
      ring[next] = letter
      next = (next + 1) % capacity
      total++
      counts.set(dropped.reason, (counts.get(dropped.reason) ?? 0) + 1)
    },
    recent: Effect.sync(() => [...ring.slice(next), ...ring.slice(0, next)]),
    count: (reason) => Effect.sync(() => (reason === undefined ? total : (counts.get(reason) ?? 0)))
  }
}

/** The store for actors that are spawned in this context; by default one for the process. */
export const DeadLetters: Context.Reference<Service> = Context.Reference<Service>("fibra/actor/DeadLetters", {
  defaultValue: () => makeUnsafe()
})

/** A separate store for everything below this layer. */
export const layer = (options?: { readonly capacity?: number }): Layer.Layer<never> =>
  Layer.effect(
    DeadLetters,
    Effect.sync(() => makeUnsafe(options))
  )
