/** One instance: how it is, what it holds, and what can be done with it. Its state is shown without its values. */
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import * as Component from "../Component.ts"

/**
 * The instance does not run any more.
 *
 * Goes to whoever wants something done with it in the dashboard.
 */
export class InstanceGone extends Schema.TaggedError<InstanceGone>()("InstanceGone", { id: Schema.String }) {
  override get message(): string {
    return "This instance does not run any more."
  }

  get hint(): string {
    return "It may have stopped, or may have been passivated. The table of instances has those that run now."
  }
}

/** Times in milliseconds: the average, and percentiles. */
const TimesRow = Schema.Struct({
  average: Schema.Finite,
  p50: Schema.Finite,
  p95: Schema.Finite,
  p99: Schema.Finite,
  max: Schema.Finite
})

const report = Schema.Struct({
  component: Schema.String,
  version: Schema.Int,
  placement: Schema.String,
  key: Schema.NullOr(Schema.String),
  principal: Schema.NullOr(Schema.String),
  rooms: Schema.Array(Schema.String),
  status: Schema.String,
  health: Schema.String,
  reasons: Schema.Array(Schema.String),
  /** Messages that wait, the milliseconds that the oldest has waited, and the message that is being handled. */
  mailbox: Schema.Int,
  oldest: Schema.Finite,
  running: Schema.NullOr(Schema.Struct({ tag: Schema.String, millis: Schema.Finite })),
  readers: Schema.Int,
  away: Schema.Int,
  behind: Schema.Int,
  actions: Schema.Int,
  failures: Schema.Int,
  crashes: Schema.Int,
  timeouts: Schema.Int,
  restarts: Schema.Int,
  updates: Schema.Int,
  renders: Schema.Int,
  run: TimesRow,
  wait: TimesRow,
  publish: TimesRow,
  created: Schema.Finite,
  accessed: Schema.Finite,
  epoch: Schema.Int,
  revision: Schema.Int,
  bytes: Schema.Finite
})

/** How an instance is. */
export interface InstanceDetailReport extends Schema.Schema.Type<typeof report> {}

/** One field of a state: its name, and the type and size of its value. */
const StateField = Schema.Struct({ name: Schema.String, shape: Schema.String })

/** What the flight recorder has of it. */
const RecordingRow = Schema.Struct({
  isRecording: Schema.Boolean,
  /** Messages that are kept. */
  messages: Schema.Int,
  /** When it crashed last while it was recorded; null when that is not kept. */
  crashedAt: Schema.NullOr(Schema.Finite)
})

const done = { error: InstanceGone }

/** One instance. */
export class InstanceDetail extends Component.Service<InstanceDetail>()("InstanceDetail", {
  props: { id: Schema.String.check(Schema.isMaxLength(512)) },
  state: {
    /** False before the first look. */
    isKnown: Schema.Boolean,
    /** Null when it does not run. */
    report: Schema.NullOr(report),
    shape: Schema.Array(StateField),
    /** Null when there is none. */
    recording: Schema.NullOr(RecordingRow)
  },
  initial: () => ({ isKnown: false, report: null, shape: [], recording: null }),
  actions: [
    Rpc.make("Restart", done),
    Rpc.make("Stop", done),
    Rpc.make("StartRecording", done),
    Rpc.make("StopRecording", done),
    /** The state with its values, as JSON. That somebody asked for it is logged. */
    Rpc.make("Reveal", {
      success: Schema.Struct({ text: Schema.String, revision: Schema.Int, isCut: Schema.Boolean }),
      error: InstanceGone
    })
  ]
}) {}
