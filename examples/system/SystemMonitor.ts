// #region contract
import { Schema } from "effect"
import { Component } from "fibra"

/** What was measured at one time. */
const Sample = Schema.Struct({
  /** Milliseconds since 1970. */
  at: Schema.Finite,
  /** The part of one core that the process has used, in percent: more than 100 when it uses several. */
  cpu: Schema.Finite,
  /** Bytes that the process has in memory. */
  memory: Schema.Finite,
  /** Milliseconds for which the event loop has stood still at the longest. */
  lag: Schema.Finite
})

/** The last half minute of the server itself. */
export class SystemMonitor extends Component.Service<SystemMonitor>()("SystemMonitor", {
  state: { samples: Schema.Array(Sample) },
  initial: () => ({ samples: [] }),
  placement: "shared" // one measures, however many watch
}) {}
// #endregion contract
