/**
 * Every message that was dropped instead of handled: a bounded list of the latest and a count per reason. It keeps the
 * shape of a payload, never its values, so that reading it gives nobody's data away. It does not redeliver.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

/** Why a message ended here. */
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
  /** Milliseconds since the epoch. */
  readonly at: number
}

/** What a message leaves behind when it is dropped. */
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

/** The shape of a value: keys and type names, three levels deep, at most sixteen keys a level. */
const shapeOf = (value: unknown, depth = 0): unknown => {
  if (value === null) return "null"
  if (typeof value !== "object") return typeof value
  try {
    if (Array.isArray(value)) return `array(${value.length})`
    if (depth === maxDepth) return "object"
    const keys = Object.keys(value).slice(0, maxKeys)
    return Object.fromEntries(keys.map((key) => [key.slice(0, maxKey), shapeOf(dataOf(value, key), depth + 1)]))
  } catch {
    // A proxy that does not say what it is.
    return "unreadable"
  }
}

/** Getters are code of somebody else: they are not run. */
const dataOf = (value: object, key: string): unknown => Object.getOwnPropertyDescriptor(value, key)?.value

/** A bounded store of dead letters. */
export interface Service {
  /** Records a dropped message; the oldest goes when the store is full. */
  readonly recordUnsafe: (dropped: Dropped) => void
  /** The latest, oldest first. */
  readonly recent: Effect.Effect<ReadonlyArray<DeadLetter>>
  /** How many there were since the start, of one reason or of all; not limited by the capacity. */
  readonly count: (reason?: Reason) => Effect.Effect<number>
}

/** Creates a store for the latest `capacity` dead letters (default 256). */
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

/** The dead letters of the actors spawned in this context; by default one store for the process. */
export const DeadLetters: Context.Reference<Service> = Context.Reference<Service>("fibra/actor/DeadLetters", {
  defaultValue: () => makeUnsafe()
})

/** A store of its own for everything below this layer. */
export const layer = (options?: { readonly capacity?: number }): Layer.Layer<never> =>
  Layer.effect(
    DeadLetters,
    Effect.sync(() => makeUnsafe(options))
  )
