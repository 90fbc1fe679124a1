/**
 * A copy of a state that the server holds: a snapshot, and the patches that follow. When a patch is missing, the copy
 * stays as it is, and a snapshot is requested once.
 */
import type { LiveEvent } from "../LiveProtocol.ts"
import * as Patch from "../Patch.ts"
import type { Encoded, StateCodec } from "../StateCodec.ts"

/** A change of a state. */
export type PatchedEvent = Extract<LiveEvent, { readonly _tag: "Patched" }>
/** The whole state. */
export type SnapshotEvent = Extract<LiveEvent, { readonly _tag: "Snapshot" }>

/** Counts the lives of a state, and its changes. */
export interface Version {
  readonly epoch: number
  readonly revision: number
}

/**
 * The result of a change: the copy changed, it had the change already, or a change is missing and a snapshot was
 * requested.
 */
export type Taken = "new" | "known" | "missing"

/** A copy of a state. Its methods throw the schema's error when the contract cannot read the state. */
export class StateCopy<State> {
  readonly #codec: StateCodec<State>
  readonly #resync: () => void
  #encoded: Encoded | undefined
  #state: State | undefined
  #epoch = 0
  #revision = 0
  #resyncing = false

  /** `resync` requests a snapshot. */
  constructor(codec: StateCodec<State>, resync: () => void) {
    this.#codec = codec
    this.#resync = resync
  }

  /** Undefined before the first snapshot. */
  get state(): State | undefined {
    return this.#state
  }

  get encoded(): Encoded | undefined {
    return this.#encoded
  }

  /** A copy that waits for a snapshot reports no valid revision, so that the whole state is sent. */
  get version(): Version {
    return { epoch: this.#epoch, revision: this.#resyncing ? -1 : this.#revision }
  }

  /** Begins anew, whatever state was there before. */
  start(version: Version, encoded: Encoded): void {
    this.#encoded = undefined
    this.#resyncing = false
    this.#replace(version, encoded)
  }

  /** Takes a snapshot, unless the copy is newer. */
  snapshot(event: SnapshotEvent): Taken {
    if (event.epoch === this.#epoch && event.revision < this.#revision) return "known"
    this.#resyncing = false
    this.#replace(event, event.state as Encoded)
    return "new"
  }

  /** Takes a change. */
  patched(change: PatchedEvent): Taken {
    return this.patchedTogether([change])
  }

  /** Takes changes that came together, all in one step or none. */
  patchedTogether(changes: ReadonlyArray<PatchedEvent>): Taken {
    if (this.#resyncing) return "missing"
    const encoded = this.#encoded
    const news = changes.filter(({ epoch, revision }) => epoch !== this.#epoch || revision > this.#revision)
    const last = news.at(-1)
    if (encoded === undefined) return this.#missing()
    if (last === undefined) return "known"
    if (!this.#follow(news)) return this.#missing()
    let next: Encoded
    try {
      next = Patch.apply(encoded, news.length === 1 ? last.patch : news.flatMap(({ patch }) => patch)) as Encoded
    } catch {
      // The patch was made for another state than this one.
      return this.#missing()
    }
    this.#replace(last, next)
    return "new"
  }

  /** Whether each of these changes is one of the state that the one before has led to. */
  #follow(changes: ReadonlyArray<PatchedEvent>): boolean {
    let known = this.#revision
    return changes.every(({ epoch, from, revision }) => {
      const follows = epoch === this.#epoch && (from ?? revision - 1) === known
      known = revision
      return follows
    })
  }

  #missing(): Taken {
    this.#resyncing = true
    this.#resync()
    return "missing"
  }

  #replace({ epoch, revision }: Version, encoded: Encoded): void {
    const previous = this.#encoded === undefined ? undefined : { from: this.#encoded, to: this.#state as State }
    this.#state = this.#codec.decode(encoded, previous)
    this.#encoded = encoded
    this.#epoch = epoch
    this.#revision = revision
  }
}
