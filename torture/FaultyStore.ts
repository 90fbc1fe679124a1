/** A store that hangs, is late, fails, and does what it said it had failed at, as the script wants it. */
import { Deferred, Effect } from "effect"
import { SnapshotStore } from "fibra/server"

/** How one kind of operation behaves: `late` is done at once and answered late, `doneAndFailed` is done and said to have failed. */
export type Fault = "none" | "hangs" | "hangsHard" | "late" | "fails" | "doneAndFailed" | "defects"

/** The faults a script may choose from. */
export const faults: ReadonlyArray<Fault> = ["none", "hangs", "hangsHard", "late", "fails", "doneAndFailed", "defects"]

type Store = SnapshotStore.SnapshotStore["Service"]

/** The operations that may misbehave. */
export type Operation = keyof Store

/** The operations that may misbehave. */
export const operations: ReadonlyArray<Operation> = ["read", "write", "spend", "retire"]

/** How late `late` is. */
const delay = "15 seconds"

/** A store that does not always work. */
export class FaultyStore {
  readonly #faults = new Map<Operation, Fault>()
  #healed = Deferred.makeUnsafe<void>()
  readonly service: Store

  constructor(store: Store) {
    const faulty =
      <Arguments extends ReadonlyArray<unknown>, A>(
        operation: Operation,
        act: (...args: Arguments) => Effect.Effect<A, SnapshotStore.SnapshotStoreError>
      ): ((...args: Arguments) => Effect.Effect<A, SnapshotStore.SnapshotStoreError>) =>
      (...args) =>
        Effect.suspend(() => {
          const done = act(...args)
          const failure = Effect.fail(
            new SnapshotStore.SnapshotStoreError({
              operation,
              address: "torture",
              cause: new Error("as the script has it")
            })
          )
          switch (this.#faults.get(operation) ?? "none") {
            case "none":
              return done
            case "hangs":
              return Effect.andThen(Deferred.await(this.#healed), failure)
            case "hangsHard":
              // What a driver does that waits for a socket: nobody can interrupt it, and in the end it is done all the same.
              return Effect.uninterruptible(Effect.andThen(Deferred.await(this.#healed), done))
            case "late":
              return Effect.uninterruptible(Effect.tap(done, () => Effect.sleep(delay)))
            case "fails":
              return failure
            case "doneAndFailed":
              return Effect.andThen(done, failure)
            case "defects":
              return Effect.die(new Error("a defect of the store"))
          }
        })
    this.service = SnapshotStore.SnapshotStore.of({
      read: faulty("read", store.read),
      write: faulty("write", store.write),
      remove: faulty("remove", store.remove),
      spend: faulty("spend", store.spend),
      retire: faulty("retire", store.retire)
    })
  }

  set(operation: Operation, fault: Fault): void {
    this.#faults.set(operation, fault)
  }

  /** Works again; what hung goes on. */
  heal(): void {
    this.#faults.clear()
    Deferred.doneUnsafe(this.#healed, Effect.void)
    this.#healed = Deferred.makeUnsafe()
  }
}
