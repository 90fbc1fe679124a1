/**
 * Which fields of a state the bytes of its changes belong to, and whether they are new values as a whole. A few changes
 * in each half minute are looked at and stand for the others, so that a change costs one subtraction.
 */
import type * as Patch from "../../Patch.ts"

/** The last minute is this half and the one before. */
const halfMinute = 30_000

/** How many changes are looked at in half a minute, about. When there are more, every second one of them is. */
const samples = 16

/** Fields that are told apart; what other fields take counts for none. */
const maxFields = 64

/** What the changes of one field took. Estimates. */
export interface FieldTraffic {
  /** Bytes of its changes. */
  readonly bytes: number
  /** Those of lists, objects and long texts that came as a whole. */
  readonly whole: number
}

class Half {
  readonly fields = new Map<string, { bytes: number; whole: number }>()
  /** Changes that were published, and their bytes. */
  count = 0
  bytes = 0
}

/** What the changes of a component took in the last half to whole minute. */
export interface Traffic {
  readonly changes: number
  readonly bytes: number
  readonly fields: ReadonlyMap<string, FieldTraffic>
}

/** The changes of all instances of one component that were sent to somebody. */
export class PatchTraffic {
  /** Changes until the next one that is looked at. */
  #until = 1
  #every = 1
  #left = samples
  #half = 0
  #now = new Half()
  #before = new Half()

  /** A change is published. */
  published(change: { readonly patch: Patch.Patch }): void {
    if (--this.#until === 0) this.#look(change.patch)
  }

  /** The last minute. `now` is the age of the server in milliseconds; the halves end when somebody asks. */
  recently(now: number): Traffic {
    this.#turn(now)
    const fields = new Map<string, FieldTraffic>()
    for (const half of [this.#before, this.#now]) {
      for (const [name, { bytes, whole }] of half.fields) {
        const other = fields.get(name)
        fields.set(name, { bytes: bytes + (other?.bytes ?? 0), whole: whole + (other?.whole ?? 0) })
      }
    }
    return { changes: this.#now.count + this.#before.count, bytes: this.#now.bytes + this.#before.bytes, fields }
  }

  #turn(now: number): void {
    const half = Math.floor(now / halfMinute)
    if (half === this.#half) return
    this.#before = half === this.#half + 1 ? this.#now : new Half()
    this.#now = new Half()
    this.#half = half
    this.#left = samples
    this.#every = Math.max(1, Math.round(this.#before.count / samples))
    this.#until = this.#every
  }

  #look(patch: Patch.Patch): void {
    const weight = this.#every
    const half = this.#now
    half.count += weight
    for (const op of patch) {
      const bytes = JSON.stringify(op).length * weight
      half.bytes += bytes
      this.#count(half, op, bytes)
    }
    if (--this.#left === 0) {
      this.#left = samples
      this.#every *= 2
    }
    this.#until = this.#every
  }

  #count({ fields }: Half, [kind, path, value]: Patch.Op, bytes: number): void {
    const name = String(path[0] ?? "")
    let field = fields.get(name)
    if (field === undefined) {
      if (fields.size === maxFields) return
      fields.set(name, (field = { bytes: 0, whole: 0 }))
    }
    field.bytes += bytes
    if (kind === "set" && path.length <= 1 && isLarge(value)) field.whole += bytes
  }
}

/** Characters from which a text counts as a value that could have been changed in part. */
const longText = 256

const isLarge = (value: unknown): boolean =>
  typeof value === "string" ? value.length > longText : typeof value === "object" && value !== null
