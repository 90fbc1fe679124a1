/**
 * How many instances are restarted because they are unhealthy: so many of one instance, and so many of all, within a
 * time. What a restart does not mend is not restarted for ever, and a thousand that are ill at once are restarted one
 * after the other.
 */

/** Restarts that are granted within so many milliseconds. */
export interface Allowance {
  readonly times: number
  readonly within: number
}

/** Of one instance, and of all of a server. */
export interface Allowances {
  readonly each: Allowance
  readonly all: Allowance
}

/** What is granted unless somebody says otherwise. */
const defaults: Allowances = {
  each: { times: 3, within: 600_000 },
  all: { times: 100, within: 60_000 }
}

/** Grants restarts. Times are in milliseconds, on a clock that never goes back. */
export class RecoveryBudget {
  readonly #allowances: Allowances
  #all: Array<number> = []
  /** When the instances of these ids were restarted. */
  readonly #each = new Map<string, ReadonlyArray<number>>()

  constructor(allowances = defaults) {
    this.#allowances = allowances
  }

  /** Instances that are remembered. */
  get size(): number {
    return this.#each.size
  }

  /** Whether an instance may be restarted now; if so, it counts. */
  take(id: string, now: number): "granted" | "instance" | "server" {
    const { all, each } = this.#allowances
    const own = this.#recent(this.#each.get(id) ?? [], each, now)
    if (own.length >= each.times) return "instance"
    this.#all = this.#recent(this.#all, all, now)
    if (this.#all.length >= all.times) return "server"
    this.#all.push(now)
    this.#each.set(id, [...own, now])
    return "granted"
  }

  /** Forgets instances whose restarts are long ago. */
  tidy(now: number): void {
    for (const [id, times] of this.#each) {
      const recent = this.#recent(times, this.#allowances.each, now)
      if (recent.length === 0) this.#each.delete(id)
    }
  }

  #recent(times: ReadonlyArray<number>, { within }: Allowance, now: number): Array<number> {
    return times.filter((at) => now - at < within)
  }
}
