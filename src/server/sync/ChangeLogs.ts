/** The logs of one state: one for each wire that somebody reads it over. */
import type { Told } from "./Change.ts"
import { ChangeLog, type Seal } from "./ChangeLog.ts"
import type { WireEncoder, StateVersion } from "./WireEncoder.ts"
import { SmallMap } from "../SmallMap.ts"
import type * as LiveConfig from "../LiveConfig.ts"

/** The logs of one state. */
export class ChangeLogs extends SmallMap<WireEncoder, ChangeLog> {
  readonly #config: LiveConfig.Settings
  /** Cursors on wires that tell each change by itself. */
  #tellingEach = 0

  constructor(config: LiveConfig.Settings) {
    super()
    this.#config = config
  }

  /** The log for one more cursor. */
  open(encoder: WireEncoder): ChangeLog {
    let log = this.get(encoder)
    if (log === undefined) this.set(encoder, (log = new ChangeLog(encoder, this.#config)))
    log.cursors++
    if (encoder.tellsWhole) this.#tellingEach++
    return log
  }

  /** A cursor is gone; a log without cursors is dropped. */
  close(log: ChangeLog): void {
    if (log.encoder.tellsWhole) this.#tellingEach--
    if (--log.cursors === 0) this.delete(log.encoder)
  }

  /** Whether each change is told by itself on one of the wires. */
  get tellEach(): boolean {
    return this.#tellingEach > 0
  }

  /** Characters of all changes in the logs. */
  get bytes(): number {
    let bytes = 0
    for (const log of this) bytes += log.bytes
    return bytes
  }

  /** Adds a change, which led to this state. */
  append(told: StateVersion, change: Told, by?: string): void {
    this.forEach((log) => {
      log.append(told.revision, log.tellsLast ? "" : log.encoder.changed(log.headOf(told), told, change, by), by)
    })
  }

  /** Adds a new token of the state. */
  seal(seal: Seal): void {
    for (const log of this) log.seal = seal
  }
}
