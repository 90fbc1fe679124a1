/**
 * What outlives one life of an instance: the revision that the SnapshotStore has, and the tokens that were made,
 * confirmed and used. It decides what remains to be written; the Checkpointer writes it.
 */
import type { Json } from "../../Patch.ts"
import type { Position } from "../store/SnapshotStore.ts"

/** What the store has: the state up to a revision, nothing, or all it is ever going to have. */
type Stored = number | "nothing" | "final"

/** The checkpoint of one life. */
export class Checkpoint {
  /** The number of this life, from 1. */
  readonly epoch: number
  #presence: Json | undefined
  #stored: Stored
  #sealed = 0
  /** The last token that the client is known to have, and the last that it acknowledged itself; 0 for none. */
  #confirmed = 0
  #acknowledged = 0
  /** The last token of this life that is in use: it was presented, or the client acknowledged it itself; 0 for none. */
  #used = 0
  /** The last token that was presented, and whether the store knows that a later one is in use. */
  #spent: Position | undefined
  #isSettled = true
  /** The first token that is valid, as far as the store knows; 0 for all. */
  #retired = 0

  /**
   * The store needs nothing of a first life that never changes. A later life is stored even without a change, so that
   * the store knows it.
   */
  constructor(epoch: number, life: "first" | "later", presence?: Json) {
    this.epoch = epoch
    this.#presence = presence
    this.#stored = life === "first" ? 0 : "nothing"
  }

  /** Of a private instance: the presence metadata that was tracked of its clients, encoded. */
  get presence(): Json | undefined {
    return this.#presence
  }

  /** Presence metadata was tracked. */
  tracked(presence: Json): void {
    this.#presence = presence
  }

  /** The number of the next token. */
  get nextSerial(): number {
    return this.#sealed + 1
  }

  /** Counts a token that was made, and returns its number. */
  sealed(): number {
    return ++this.#sealed
  }

  /**
   * The client has the token of this number: earlier ones are not needed any more. A token that the client acknowledged
   * itself is in use; that its socket answered a later ping does not say so.
   */
  confirm(serial: number, isAcknowledged: boolean): void {
    this.#confirmed = Math.max(this.#confirmed, serial)
    if (!isAcknowledged) return
    this.#acknowledged = Math.max(this.#acknowledged, serial)
    this.#used = Math.max(this.#used, serial)
  }

  /**
   * Why a token is refused while the instance runs; undefined when it is accepted. One of this life is, unless a later
   * one is in use: the client may not have kept what came, and what runs is no older state.
   */
  refusalOf({ epoch, serial }: Position): "spent" | "stale" | undefined {
    if (epoch === this.epoch && serial >= this.#used) return undefined
    // Until a token of this life is in use, the one that was presented is accepted again, and so are later ones of its life.
    if (this.#spent?.epoch !== epoch || serial < this.#spent.serial) return "stale"
    if (this.#isRepeatable) return undefined
    return serial === this.#spent.serial ? "spent" : "stale"
  }

  /**
   * As which token the store is told that this one was spent: as the last that has arrived, if it is older. It joins what
   * runs, and must not bring back its own state when that has stopped.
   */
  positionOf({ epoch, serial }: Position): Position {
    const isAgain = this.#spent?.epoch === epoch && serial >= this.#spent.serial && this.#isRepeatable
    return epoch !== this.epoch || isAgain ? { epoch, serial } : { epoch, serial: Math.max(serial, this.#confirmed) }
  }

  /** Whether this life began with an earlier token of the life before, and is not known to be in use. */
  isReplacedBy({ epoch, serial }: Position): boolean {
    if (this.#spent === undefined || epoch === this.epoch || !this.#isRepeatable) return false
    return epoch === this.#spent.epoch && serial > this.#spent.serial
  }

  /**
   * Records that this token was presented, and spent as the one of the position. It can be presented again until a later
   * one is in use.
   */
  spend(token: Position, { epoch, serial }: Position = token): void {
    if (token.epoch === this.epoch) this.#used = Math.max(this.#used, token.serial)
    this.#spent = { epoch, serial }
    this.#isSettled = false
  }

  /** The first token that stays valid, and is in use; undefined when the store knows. */
  retirement(life: "running" | "stopped"): Position | undefined {
    if (this.#isRepeatable) return undefined
    const { epoch } = this
    if (life === "running") return this.#isSettled ? undefined : { epoch, serial: this.#acknowledged }
    const isKnown = this.#isSettled && this.#confirmed <= Math.max(1, this.#retired)
    return isKnown ? undefined : { epoch, serial: this.#confirmed }
  }

  /** The store knows that tokens before this number are refused. */
  retired(serial: number): void {
    this.#retired = Math.max(this.#retired, serial)
    if (serial >= this.#firstAfter) this.#isSettled = true
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

  /** Whether the token that was presented is accepted again: the client may not have got the answer. */
  get #isRepeatable(): boolean {
    return this.#spent !== undefined && this.#acknowledged < this.#firstAfter
  }

  /** The first token of this life after the one that was presented. */
  get #firstAfter(): number {
    return this.#spent?.epoch === this.epoch ? this.#spent.serial + 1 : 1
  }
}
