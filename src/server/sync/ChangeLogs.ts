/** The latest changes of one state, in the words of each wire that somebody reads it over. */
import type * as Patch from "../../Patch.ts"
import { ChangeLog, type Seal } from "./ChangeLog.ts"
import type { Dialect, Told } from "./Dialect.ts"
import { FewMap } from "../FewMap.ts"
import type * as LiveConfig from "../LiveConfig.ts"

/** The logs of one state. */
export class ChangeLogs extends FewMap<Dialect, ChangeLog> {
  readonly #config: LiveConfig.Service

  constructor(config: LiveConfig.Service) {
    super()
    this.#config = config
  }

  /** The log for one more reader. */
  open(dialect: Dialect): ChangeLog {
    let log = this.get(dialect)
    if (log === undefined) this.set(dialect, (log = new ChangeLog(dialect, this.#config)))
    log.readers++
    return log
  }

  /** One reader less; what nobody reads is not kept. */
  close(log: ChangeLog): void {
    if (--log.readers === 0) this.delete(log.dialect)
  }

  /** Characters of the changes that are remembered. */
  get bytes(): number {
    let bytes = 0
    for (const log of this) bytes += log.bytes
    return bytes
  }

  /** A change, which has led to the state. */
  append(told: Told, patch: Patch.Patch, by?: string): void {
    for (const log of this) {
      log.append(told.revision, log.tellsLast ? "" : log.dialect.changed(told, patch, by), by)
    }
  }

  /** There is a new token of the state. */
  seal(seal: Seal): void {
    for (const log of this) log.seal = seal
  }
}
