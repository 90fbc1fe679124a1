/**
 * A copy of a state that the server keeps: a snapshot, and the patches after it. When one of them is missing, the copy stays what it
 * is and the state is asked for, whole, once.
 */
import type { LiveEvent } from "../LiveProtocol.ts"
import * as Patch from "../Patch.ts"
import type { Encoded, StateCodec } from "../StateCodec.ts"

/** A change of a state. */
export type PatchedEvent = Extract<LiveEvent, { readonly _tag: "Patched" }>
/** A state, whole. */
export type SnapshotEvent = Extract<LiveEvent, { readonly _tag: "Snapshot" }>

/** Which state of how many. */
export interface Version {
  readonly epoch: number
  readonly revision: number
}

/** What came of a change: the copy is another one, it had been changed before, or something is missing and was asked for. */
export type Taken = "new" | "known" | "missing"

/** A copy of a state; reading into it throws the schema's error when the contract does not understand it. */
export class StateCopy<State> {
  readonly #codec: StateCodec<State>
  readonly #resync: () => void
  #encoded: Encoded | undefined
  #state: State | undefined
  #epoch = 0
  #revision = 0
  #resyncing = false

  /** `resync` asks for a snapshot. */
  constructor(codec: StateCodec<State>, resync: () => void) {
    this.#codec = codec
    this.#resync = resync
  }

  /** Undefined until there was a snapshot. */
  get state(): State | undefined {
    return this.#state
  }

  get encoded(): Encoded | undefined {
    return this.#encoded
  }

  /** Of a state that is not to be trusted no revision is named, so that all of it is sent. */
  get version(): Version {
    return { epoch: this.#epoch, revision: this.#resyncing ? -1 : this.#revision }
  }

  /** Begins anew, whatever was there before. */
  start(version: Version, encoded: Encoded): void {
    this.#encoded = undefined
    this.#resyncing = false
    this.#replace(version, encoded)
  }

  /** Takes a snapshot, unless what is here is newer. */
  snapshot(event: SnapshotEvent): Taken {
    if (event.epoch === this.#epoch && event.revision < this.#revision) return "known"
    this.#resyncing = false
    this.#replace(event, event.state as Encoded)
    return "new"
  }

  /** Takes a change. */
  patched({ epoch, from, patch, revision }: PatchedEvent): Taken {
    if (this.#resyncing) return "missing"
    if (this.#encoded === undefined) return this.#missing()
    if (epoch === this.#epoch && revision <= this.#revision) return "known"
    if (epoch !== this.#epoch || (from ?? revision - 1) !== this.#revision) return this.#missing()
    let encoded: Encoded
    try {
      encoded = Patch.apply(this.#encoded, patch) as Encoded
    } catch {
      // Not the state the patch was made for: what is here is worth nothing.
      return this.#missing()
    }
    this.#replace({ epoch, revision }, encoded)
    return "new"
  }

  #missing(): Taken {
    this.#resyncing = true
    this.#resync()
    return "missing"
  }

  #replace({ epoch, revision }: Version, encoded: Encoded): void {
    const previous =
      this.#encoded === undefined || this.#state === undefined ? undefined : { from: this.#encoded, to: this.#state }
    this.#state = this.#codec.decode(encoded, previous)
    this.#encoded = encoded
    this.#epoch = epoch
    this.#revision = revision
  }
}
