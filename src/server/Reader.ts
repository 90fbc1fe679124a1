/**
 * One client's place in one instance. It holds no queue: what it has to read is computed when there is room to write it, from
 * the log or, when it fell behind, as one change from the state it saw last to the state of now.
 */
import type { ComponentId } from "../LiveId.ts"
import type { Status } from "../LiveProtocol.ts"
import * as Patch from "../Patch.ts"
import type { Encoded } from "../StateCodec.ts"
import { Batch, type ChangeLog } from "./ChangeLog.ts"

/** What can be read: an instance, as far as it is a reader's business. */
export interface Source {
  readonly id: ComponentId
  readonly log: ChangeLog
  readonly encoded: Encoded
  readonly revision: number
  readonly clientStatus: Status
}

/** Who reads. */
export interface ReaderSink {
  /** There is something to read; said once until it is read. */
  readonly readerWoke: (reader: Reader) => void
}

/** A cursor. */
export class Reader {
  /** True from the moment there is something to read until it has been read. */
  behind = false
  readonly #source: Source
  readonly #sink: ReaderSink
  #sequence: number
  #seen: Encoded
  #status: Status
  #whole = false
  /** Nothing is said before the client knows of the mount. */
  #held = true

  constructor(source: Source, sink: ReaderSink) {
    this.#source = source
    this.#sink = sink
    this.#sequence = source.log.sequence
    this.#seen = source.encoded
    this.#status = source.clientStatus
  }

  /** There is something to read; said once until it is read. */
  wake(): void {
    if (this.behind) return
    this.behind = true
    this.#source.log.fellBehind()
    if (!this.#held) this.#sink.readerWoke(this)
  }

  /** The client has been told of the mount, so it may be told what follows. */
  announce(): void {
    if (!this.#held) return
    this.#held = false
    if (this.behind) this.#sink.readerWoke(this)
  }

  /** What is read next is the state, whole, whatever was read before. */
  startOver(): void {
    this.#whole = true
    this.wake()
  }

  /** Everything up to now; undefined when it comes to nothing. */
  take(): Batch | undefined {
    const { clientStatus: status, encoded, log } = this.#source
    const batch = this.#whole
      ? this.#render()
      : log.shared(this.#sequence, `${this.#status} ${status}`, () => this.#render())
    this.#whole = false
    this.#sequence = log.sequence
    this.#seen = encoded
    this.#status = status
    this.behind = false
    log.caughtUp()
    return batch
  }

  #render(): Batch | undefined {
    const { clientStatus: status, encoded, id, log, revision } = this.#source
    const texts: Array<string> = []
    const oneByOne = this.#whole ? undefined : log.since(this.#sequence)
    if (oneByOne !== undefined) {
      if (oneByOne !== "") texts.push(oneByOne)
    } else {
      const merged = this.#merged(id, revision, encoded)
      if (merged !== undefined) texts.push(merged)
      texts.push(...log.eventsSince(this.#sequence))
    }
    if (this.#whole || status !== this.#status)
      texts.push(`{"_tag":"Status","componentId":"${id}","status":"${status}"}`)
    return texts.length === 0 ? undefined : new Batch(texts.join(","))
  }

  #merged(id: string, revision: number, now: Encoded): string | undefined {
    const patch = this.#whole ? undefined : Patch.diff(this.#seen, now)
    if (patch?.length === 0) return undefined
    const changes = patch === undefined ? undefined : JSON.stringify(patch)
    const whole = JSON.stringify(now)
    return changes !== undefined && changes.length < whole.length
      ? `{"_tag":"Patched","componentId":"${id}","revision":${revision},"patch":${changes}}`
      : `{"_tag":"Snapshot","componentId":"${id}","revision":${revision},"state":${whole}}`
  }
}
