/**
 * Runs effects one at a time for each key. A lock exists only while it is held or waited for. Keys are compared as
 * strings, so nobody can choose keys that have to wait for each other.
 */
import * as Effect from "effect/Effect"
import * as Semaphore from "effect/Semaphore"

interface Lock {
  readonly turn: Semaphore.Semaphore
  /** Those that hold it or wait for it. */
  users: number
}

/** The locks of keys. */
export class KeyLocks {
  readonly #locks = new Map<string, Lock>()

  /** Runs the effect alone among all that are given the same key. */
  alone<A, E, R>(key: string, effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> {
    return Effect.uninterruptibleMask((restore) => {
      let lock = this.#locks.get(key)
      if (lock === undefined) this.#locks.set(key, (lock = { turn: Semaphore.makeUnsafe(1), users: 0 }))
      const { turn } = lock
      lock.users++
      return Effect.ensuring(
        restore(turn.withPermit(effect)),
        Effect.sync(() => this.#leave(key, lock))
      )
    })
  }

  /** Whether the lock of this key is held or waited for. */
  has(key: string): boolean {
    return this.#locks.has(key)
  }

  /** The number of keys that are locked. */
  get size(): number {
    return this.#locks.size
  }

  #leave(key: string, lock: Lock): void {
    lock.users--
    if (lock.users === 0) this.#locks.delete(key)
  }
}
