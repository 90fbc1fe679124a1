/** What happened to all instances of a component, those that have stopped included. */
import { Happening } from "./Lifecycle.ts"
import { Tally } from "./Tally.ts"
import { type Counted, fine } from "./TimeBuckets.ts"
import type { TimeKind } from "./TimeRows.ts"

/** The numbers of one component. */
export class ComponentStats extends Tally {
  /** Instances that have started and stopped. */
  started = 0
  stopped = 0
  readonly happenings: { [What in Happening]: number } = Object.fromEntries(
    Happening.literals.map((happening) => [happening, 0])
  ) as never
  readonly #counts: { readonly [Kind in TimeKind]: Float64Array } = {
    run: new Float64Array(fine.size),
    publish: new Float64Array(fine.size),
    wait: new Float64Array(fine.size)
  }

  protected count(kind: TimeKind, micros: number, weight: number): void {
    const counts = this.#counts[kind]
    const bucket = fine.of(micros)
    counts[bucket] = (counts[bucket] as number) + weight
  }

  /** The times of a kind. */
  times(kind: TimeKind): Counted {
    return { buckets: fine, counts: this.#counts[kind], at: 0, max: this[`${kind}Max`] }
  }
}
