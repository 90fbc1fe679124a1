/**
 * What is known outside of one life of an instance about its state: how far the SnapshotStore has it, and which tokens of it were
 * made, were confirmed, and were brought back. It decides what is still to be done; the Checkpointer does it.
 */
import type { Position } from "../store/SnapshotStore.ts"

/** How far the store has the state: up to a revision, not at all, or as far as it is ever going to have it. */
type Stored = number | "nothing" | "final"

/** What is kept of one life. */
export class Checkpoint {
  /** Counts the lives of the instance, from 1. */
  readonly epoch: number
  #stored: Stored
  #sealed = 0
  #confirmed = 0
  #spent: Position | undefined

  /** A first life begins as the store has it: not at all. A later one has to be known as such, though nothing happens in it. */
  constructor(epoch: number, life: "first" | "later") {
    this.epoch = epoch
    this.#stored = life === "first" ? 0 : "nothing"
  }

  /** The number of the next token. */
  get nextSerial(): number {
    return this.#sealed + 1
  }

  /** The token of the next number was made; gives that number. */
  sealed(): number {
    return ++this.#sealed
  }

  /** Its client is known to have the token of this number, and so needs none before it. */
  confirm(serial: number): void {
    this.#confirmed = Math.max(this.#confirmed, serial)
  }

  /** Why a token of this number brings nothing back that still runs; undefined when it does. */
  refusalOf({ epoch, serial }: Position): "spent" | "stale" | undefined {
    if (epoch === this.epoch && serial >= this.#confirmed) return undefined
    return this.#spent?.epoch === epoch && this.#spent.serial === serial ? "spent" : "stale"
  }

  /** Somebody has come back with the token of this number. */
  spend({ epoch, serial }: Position): void {
    this.#spent = { epoch, serial }
  }

  /** The first token that is still worth something once the instance has stopped; undefined when that is all of them. */
  get firstGood(): Position | undefined {
    return this.#confirmed > 1 ? { epoch: this.epoch, serial: this.#confirmed } : undefined
  }

  /** Whether the store should have the state of this revision, and has not. */
  isDue(revision: number): boolean {
    return this.#stored !== "final" && (this.#stored === "nothing" || this.#stored < revision)
  }

  /** The store has the state of this revision. */
  stored(revision: number): void {
    if (this.#stored === "final") return
    this.#stored = this.#stored === "nothing" ? revision : Math.max(this.#stored, revision)
  }

  /** Nothing more of this life is to be stored: another one counts. */
  discard(): void {
    this.#stored = "final"
  }
}
