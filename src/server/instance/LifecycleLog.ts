/**
 * What the log says of what happens to instances: one line for each event. Clients can make as many events as they
 * like, by mounting and unmounting; so of each kind and component a burst is written in full, then some lines a second,
 * which say how many were left out. Metrics and monitors are told all of them.
 */
import type * as Effect from "effect/Effect"
import * as Log from "../../Log.ts"
import { type FullAt, TokenBucket } from "../transport/TokenBucket.ts"
import type { Instance } from "./Instance.ts"
import { type Happening, lines } from "./Lifecycle.ts"

/** Lines of one kind and component that are written at once, and then per second. */
const bucket = new TokenBucket({ burst: 20, rate: 2 })

/** One kind of line of one component. */
interface Written {
  allowance: FullAt
  /** How many were left out since the last line. */
  omitted: number
}

/** The log of one server. */
export class LifecycleLog {
  readonly #run: (line: Effect.Effect<void>) => void
  readonly #now: () => number
  readonly #written = new Map<string, Written>()

  /** `now` is a clock in milliseconds that never goes back. */
  constructor(run: (line: Effect.Effect<void>) => void, now: () => number) {
    this.#run = run
    this.#now = now
  }

  /** Writes a line, unless there were too many of its kind. */
  write(happening: Happening, instance: Instance, detail: string | undefined): void {
    const line = lines[happening]
    if (line === undefined) return
    const kind = `${happening} ${instance.address}`
    let written = this.#written.get(kind)
    if (written === undefined) this.#written.set(kind, (written = { allowance: 0, omitted: 0 }))
    const now = this.#now()
    if (bucket.wait(written.allowance, now) > 0) {
      written.omitted++
      return
    }
    written.allowance = bucket.take(written.allowance, now)
    const omitted = written.omitted === 0 ? undefined : written.omitted
    written.omitted = 0
    const [level, text] = line
    this.#run((level === "info" ? Log.info : Log.warning)(text, { ...instance.labels, detail, omitted }))
  }
}
