/** What a replay is told, and what it finds. */
import type { SuppliedSecrets } from "./RecordedInputs.ts"

/** The options of a replay. */
export interface ReplayOptions {
  /** Values for the secrets that were taken out, as JSON, by the names that `ReplayLacksSecrets` gives. */
  readonly secrets?: SuppliedSecrets
  /** Whether a message that crashed then may crash now (false). One that did not crash must not. */
  readonly allowCrashes?: boolean
}

/** A message of a recording. */
export interface ReplayedMessage {
  /** Its number in the recording, from 1. */
  readonly number: number
  /** Its action, property or event. */
  readonly action: string
}

/** What a replay found. */
export interface Replay<State> {
  /** Messages that were handled again. */
  readonly replayed: number
  /** Messages that crashed then, and do not now, with the state after them. */
  readonly mended: ReadonlyArray<ReplayedMessage & { readonly state: State }>
  /** Messages that crash as they did then, with `allowCrashes`. */
  readonly crashes: ReadonlyArray<ReplayedMessage & { readonly cause: string }>
  /** Messages that cannot be run again: refused by Authorization, ended by a restart, and crashes outside of handlers. */
  readonly skipped: ReadonlyArray<ReplayedMessage>
  /** The state after the last message. */
  readonly state: State
}
