/**
 * What outlives one life of an instance: the revision that the SnapshotStore has, and the tokens that were made,
 * confirmed and used. It decides what remains to be written; the Checkpointer writes it.
 */
import type { Position } from "../store/SnapshotStore.ts"

/** What the store has: the state up to a revision, nothing, or all it is ever going to have. */
type Stored = number | "nothing" | "final"

/** The checkpoint of one life. */
export class Checkpoint {
  /** The number of this life, from 1. */
  readonly epoch: number
  #stored: Stored
  #sealed = 0
  #confirmed = 0
  #spent: Position | undefined

  /**
   * The store needs nothing of a first life that never changes. A later life is stored even without a change, so that
   * the store knows it.
   */
  constructor(epoch: number, life: "first" | "later") {
    this.epoch = epoch
    this.#stored = life === "first" ? 0 : "nothing"
  }

  /** The number of the next token. */
  get nextSerial(): number {
    return this.#sealed + 1
  }

  /** Counts a token that was made, and returns its number. */
  sealed(): number {
    return ++this.#sealed
  }

  /** The client has the token of this number: earlier ones are not needed any more. */
  confirm(serial: number): void {
    this.#confirmed = Math.max(this.#confirmed, serial)
  }

  /** Why a token is refused while the instance runs; undefined when it is accepted. */
  refusalOf({ epoch, serial }: Position): "spent" | "stale" | undefined {
    if (epoch === this.epoch && serial >= this.#confirmed) return undefined
    return this.#spent?.epoch === epoch && this.#spent.serial === serial ? "spent" : "stale"
  }

  /** Records that the token of this position was used. */
  spend({ epoch, serial }: Position): void {
    this.#spent = { epoch, serial }
  }

  /** The first token that stays valid once the instance has stopped; undefined when all do. */
  get firstGood(): Position | undefined {
    return this.#confirmed > 1 ? { epoch: this.epoch, serial: this.#confirmed } : undefined
  }

  /** Whether the state of this revision has to be stored. */
  isDue(revision: number): boolean {
    return this.#stored !== "final" && (this.#stored === "nothing" || this.#stored < revision)
  }

  /** The store has the state of this revision. */
  stored(revision: number): void {
    if (this.#stored === "final") return
    this.#stored = this.#stored === "nothing" ? revision : Math.max(this.#stored, revision)
  }

  /** Nothing more of this life is stored: another life counts. */
  discard(): void {
    this.#stored = "final"
  }
}
