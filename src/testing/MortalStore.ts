/** A store as one process sees it: once the process is dead, nothing that it still does reaches the store. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { SnapshotStore } from "../server/store/SnapshotStore.ts"

/** A store that can be cut off. */
export class MortalStore {
  readonly service: SnapshotStore["Service"]
  #dead = false

  constructor(store: SnapshotStore["Service"]) {
    const alive =
      <Arguments extends ReadonlyArray<unknown>, A, E>(
        act: (...args: Arguments) => Effect.Effect<A, E>,
        otherwise: A
      ): ((...args: Arguments) => Effect.Effect<A, E>) =>
      (...args) =>
        Effect.suspend(() => (this.#dead ? Effect.succeed(otherwise) : act(...args)))
    this.service = SnapshotStore.of({
      read: alive(store.read, Option.none()),
      write: alive(store.write, true),
      remove: alive(store.remove, undefined),
      spend: alive(store.spend, "stale"),
      retire: alive(store.retire, undefined)
    })
  }

  die(): void {
    this.#dead = true
  }
}
