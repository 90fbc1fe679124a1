/** The log of what keeps a client from its server: each kind of failure once, until there was a connection. */
import type * as Effect from "effect/Effect"
import { type ConnectionFailure, describe, fingerprint, hint } from "../ConnectionFailure.ts"
import * as Log from "../Log.ts"

/** What happens to every connection, as with a deploy, and needs nobody's attention. */
const isOrdinary = ({ kind, code }: ConnectionFailure): boolean =>
  kind === "silent" || kind === "handshake" || (kind === "closed" && code !== 1008 && code !== 1013)

/** The failures of one client. */
export class FailureLog {
  readonly #run: (log: Effect.Effect<void>) => unknown
  readonly #logged = new Set<string>()

  constructor(run: (log: Effect.Effect<void>) => unknown) {
    this.#run = run
  }

  connected(): void {
    this.#logged.clear()
  }

  failed(failure: ConnectionFailure): void {
    const kind = fingerprint(failure)
    if (this.#logged.has(kind)) return
    this.#logged.add(kind)
    const { code, status, url } = failure
    const log = isOrdinary(failure) ? Log.debug : Log.warning
    this.#run(
      log(`There is no connection to the server: ${describe(failure)}`, { url, status, code, hint: hint(failure) })
    )
  }
}
