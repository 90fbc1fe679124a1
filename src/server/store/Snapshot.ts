/** The state of a component instance as it was after one change, and which of two came later. It is not stored here. */
import * as Schema from "effect/Schema"
import type { Encoded } from "../../StateCodec.ts"

/** The state of one instance as it was after one change. */
export interface Snapshot {
  readonly component: string
  /** Version of the contract it was written with. */
  readonly version: number
  /** Life of the instance: goes up with each activation from a store or a token. */
  readonly epoch: number
  /** Counts the changes within a life. */
  readonly revision: number
  /** Encoded by the contract. */
  readonly state: Encoded
}

/** Decodes a snapshot that was stored. */
export const Snapshot: Schema.Codec<Snapshot> = Schema.Struct({
  component: Schema.String,
  version: Schema.Int,
  epoch: Schema.Natural,
  revision: Schema.Natural,
  state: Schema.JsonObject
})

/** Whether `a` is the state after `b`: by life, then by revision. */
export const isAfter = (a: Snapshot, b: Snapshot): boolean =>
  a.epoch > b.epoch || (a.epoch === b.epoch && a.revision > b.revision)
