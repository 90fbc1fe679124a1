/**
 * The recordings of one server: a tape for each instance that is recorded, and what was on the tape at the last crash of
 * each. All together are bounded in bytes; the largest go first.
 */
import type { Recording } from "./Recording.ts"
import type { Tape } from "./Tape.ts"

/** How much is kept. */
export interface RecordingsLimits {
  /** Bytes of everything, in characters of JSON. */
  readonly maxTotalBytes: number
  /** Instances of which the last crash is kept, the latest ones. */
  readonly crashes: number
  /** How long it is kept, in milliseconds. */
  readonly keepFor: number
}

/** What an instance had recorded when it crashed. */
interface Crash {
  readonly recording: Recording
  readonly bytes: number
  /** Milliseconds since 1970. */
  readonly at: number
  /** When it was kept, on the clock of the recordings. */
  readonly since: number
}

/** Part of the limit that is in use after the largest have gone, so that they are not looked for at each message. */
const afterwards = 0.9

/** The recordings of one server. */
export class Recordings {
  readonly #limits: RecordingsLimits
  readonly #now: () => number
  readonly #tapes = new Map<string, Tape>()
  /** By the id of the instance, the oldest first. */
  readonly #crashes = new Map<string, Crash>()
  #bytes = 0

  /** `now` gives milliseconds on a clock that only goes on. */
  constructor(limits: RecordingsLimits, now: () => number) {
    this.#limits = limits
    this.#now = now
  }

  /** Bytes of everything. */
  get bytes(): number {
    return this.#bytes
  }

  get tapes(): ReadonlyMap<string, Tape> {
    return this.#tapes
  }

  /** Adds an empty tape. */
  begin(id: string, tape: Tape): void {
    this.end(id)
    this.#tapes.set(id, tape)
  }

  /** Removes a tape. */
  end(id: string): void {
    this.#bytes -= this.#tapes.get(id)?.bytes ?? 0
    this.#tapes.delete(id)
  }

  /** A tape had `before` bytes until now. */
  changed(tape: Tape, before: number): void {
    this.#bytes += tape.bytes - before
    this.#shrink()
  }

  /** Keeps a recording of an instance that has crashed. */
  crashed(recording: Recording, bytes: number, at: number): void {
    this.#forget(recording.id)
    this.#crashes.set(recording.id, { recording, bytes, at, since: this.#now() })
    this.#bytes += bytes
    for (const [id] of this.#crashes) {
      if (this.#crashes.size <= this.#limits.crashes) break
      this.#forget(id)
    }
    this.#shrink()
  }

  /** The recordings of the last crashes that are not too old. */
  get crashes(): ReadonlyMap<string, Pick<Crash, "recording" | "at">> {
    const oldest = this.#now() - this.#limits.keepFor
    for (const [id, { since }] of this.#crashes) if (since < oldest) this.#forget(id)
    return this.#crashes
  }

  #forget(id: string): void {
    this.#bytes -= this.#crashes.get(id)?.bytes ?? 0
    this.#crashes.delete(id)
  }

  #shrink(): void {
    const { maxTotalBytes } = this.#limits
    if (this.#bytes <= maxTotalBytes) return
    const all = [
      ...Array.from(this.#tapes.values(), (tape) => ({ bytes: tape.bytes, drop: () => this.#clear(tape) })),
      ...Array.from(this.#crashes, ([id, { bytes }]) => ({ bytes, drop: () => this.#forget(id) }))
    ].sort((a, b) => b.bytes - a.bytes)
    for (const { drop } of all) {
      if (this.#bytes <= maxTotalBytes * afterwards) return
      drop()
    }
  }

  #clear(tape: Tape): void {
    this.#bytes -= tape.bytes
    tape.clear()
  }
}
