/** The state of an instance as it was after one change, and which of two snapshots is newer. */
import * as Schema from "effect/Schema"
import type { Encoded } from "../../StateCodec.ts"

/** The state of one instance as it was after one change. */
export interface Snapshot {
  readonly component: string
  /** The version of the contract that wrote it. */
  readonly version: number
  /** Counts the lives of the instance: goes up with each activation from a store or a token. */
  readonly epoch: number
  /** Counts the changes of the instance. */
  readonly revision: number
  /** Encoded by the contract. */
  readonly state: Encoded
}

/** Decodes a snapshot from a store. */
export const Snapshot: Schema.Codec<Snapshot> = Schema.Struct({
  component: Schema.String,
  version: Schema.Int,
  epoch: Schema.Natural,
  revision: Schema.Natural,
  state: Schema.JsonObject
})

/** Whether `a` is newer than `b`: by epoch, then by revision. */
export const isAfter = (a: Snapshot, b: Snapshot): boolean =>
  a.epoch > b.epoch || (a.epoch === b.epoch && a.revision > b.revision)
