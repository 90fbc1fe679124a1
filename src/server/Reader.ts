/**
 * One client's place in one state: of an instance, or of who is there. It holds no queue: what it has to read is computed when there is room to write it, from
 * the log or, when it fell behind, as one change from the state it saw last to the state of now. While its client is away it
 * stays where it is, and goes on from where the client says it was.
 */
import type { ComponentId } from "../LiveId.ts"
import type { Place, Status } from "../LiveProtocol.ts"
import * as Patch from "../Patch.ts"
import type { Encoded } from "../StateCodec.ts"
import { Batch, type ChangeLog } from "./ChangeLog.ts"
import type { Client } from "./Client.ts"

/** What can be read: an instance, or who is there, as far as it is a reader's business. */
export interface Source {
  readonly id: ComponentId
  /** What is read first in a batch; a lower one comes before. */
  readonly rank: number
  readonly log: ChangeLog
  readonly encoded: Encoded
  readonly epoch: number
  readonly revision: number
  /** Undefined for what has no life of its own. */
  readonly clientStatus: Status | undefined
  /** Changes a reader gets one by one in a single batch. */
  readonly conflateAfter: number
  /** The last token its client is known to have. */
  confirmed: number
  /** It is going to be read: what has changed is to be in the log. */
  readonly refresh: () => void
}

/** Who reads. */
export interface ReaderSink {
  readonly client: Client
  /** There is something to read; said once until it is read. */
  readonly readerWoke: (reader: Reader) => void
}

/** How it reads what comes next: as others at its place do, all that is in the log, or the state, whole. */
type Mode = "follow" | "replay" | "whole"

/** A cursor. */
export class Reader<Sink extends ReaderSink = ReaderSink> {
  /** True from the moment there is something to read until it has been read. */
  behind = false
  readonly sink: Sink
  /** What it reads. */
  readonly source: Source
  #sequence!: number
  /** The state of `#revision`, if it is known. */
  #seen: Encoded | undefined
  #revision!: number
  #status: Status | undefined
  #serial = 0
  #mode: Mode = "follow"
  /** Nothing is said before the client knows of the mount. */
  #held = true
  #away = false

  constructor(source: Source, sink: Sink) {
    this.source = source
    this.sink = sink
    this.#catchUp()
  }

  /** There is something to read; said once until it is read. */
  wake(): void {
    if (this.behind) return
    this.behind = true
    this.source.log.fellBehind()
    if (!this.#held) this.sink.readerWoke(this)
  }

  /** The client has been told of the mount, so it may be told what follows. */
  announce(): void {
    if (!this.#held) return
    this.#held = false
    if (this.behind) this.sink.readerWoke(this)
  }

  /** The client is going to be told of the mount again: what it was told before may not have arrived. */
  hold(): void {
    this.#held = true
    this.back()
    if (this.behind) this.source.log.caughtUp()
    this.#catchUp()
  }

  /** What is read next is the state, whole, whatever was read before. */
  startOver(): void {
    this.#mode = "whole"
    this.wake()
  }

  /** The client is away. */
  leave(): void {
    if (this.#away) return
    this.#away = true
    this.source.log.away++
  }

  /** The client is there, or will not come back. */
  back(): void {
    if (!this.#away) return
    this.#away = false
    this.source.log.away--
  }

  /** The client is there, and was told this much. */
  resume(place: Place): void {
    this.back()
    this.source.refresh()
    const { encoded, epoch, log, revision } = this.source
    const sequence = place.epoch === epoch ? log.placeOf(place.revision, revision) : undefined
    this.#held = false
    // What was said of these may not have arrived.
    this.#status = undefined
    this.#serial = 0
    if (sequence === undefined) {
      this.#mode = "whole"
    } else {
      if (place.revision !== this.#revision) this.#seen = place.revision === revision ? encoded : undefined
      this.#mode = "replay"
      this.#sequence = sequence
      this.#revision = place.revision
    }
    if (this.behind) this.sink.readerWoke(this)
    else this.wake()
  }

  /** What it is read before, or after, in a batch. */
  get rank(): number {
    return this.source.rank
  }

  /** Whether what it has said last has to be confirmed though it is no token. */
  get isEnding(): boolean {
    return false
  }

  /** Whether its client is away. */
  get isAway(): boolean {
    return this.#away
  }

  /** It is read no more. */
  end(): void {
    this.back()
    if (this.behind) this.source.log.caughtUp()
  }

  /** Whether the client does not know of the mount yet. */
  get isHeld(): boolean {
    return this.#held
  }

  /** The client has this token. */
  confirm(serial: number): void {
    this.source.confirmed = Math.max(this.source.confirmed, serial)
  }

  /** The last token that was read; 0 for none. */
  get serial(): number {
    return this.#serial
  }

  /** Everything up to now. */
  take(into: Array<Batch>): void {
    if (!this.behind) return
    this.source.refresh()
    const { clientStatus: status, log } = this.source
    const batch =
      this.#mode === "follow"
        ? log.shared(this.#sequence, `${this.#status} ${status} ${this.#serial}`, () => this.#render())
        : this.#render()
    this.#mode = "follow"
    if (log.seal !== undefined) this.#serial = log.seal.serial
    this.#catchUp()
    log.caughtUp()
    if (batch !== undefined) into.push(batch)
  }

  #catchUp(): void {
    const { clientStatus, encoded, log, revision } = this.source
    this.#sequence = log.sequence
    this.#seen = encoded
    this.#revision = revision
    this.#status = clientStatus
    this.behind = false
  }

  #render(): Batch | undefined {
    const { clientStatus: status, conflateAfter, id, log } = this.source
    const texts: Array<string> = []
    const oneByOne =
      this.#mode === "whole" ? undefined : log.since(this.#sequence, this.#mode === "replay" ? Infinity : conflateAfter)
    if (oneByOne !== undefined) {
      if (oneByOne !== "") texts.push(oneByOne)
    } else {
      const merged = this.#merged()
      if (merged !== undefined) texts.push(merged)
    }
    if (status !== undefined && (this.#mode === "whole" || status !== this.#status)) {
      texts.push(`{"_tag":"Status","componentId":"${id}","status":"${status}"}`)
    }
    if (log.seal !== undefined && log.seal.serial > this.#serial) texts.push(log.seal.text)
    return texts.length === 0 ? undefined : new Batch(texts.join(","))
  }

  #merged(): string | undefined {
    const { encoded: now, epoch, id, log, revision } = this.source
    const seen = this.#mode === "whole" ? undefined : this.#seen
    if (seen !== undefined && this.#revision === revision) return undefined
    const changes = seen === undefined ? undefined : JSON.stringify(Patch.diff(seen, now))
    const whole = JSON.stringify(now)
    const head = `"componentId":${JSON.stringify(id)},"epoch":${epoch},"revision":${revision}`
    const by = log.callsSince(this.#sequence)
    return changes !== undefined && (by.length > 0 || changes.length < whole.length)
      ? `{"_tag":"Patched",${head},"from":${this.#revision},"patch":${changes}${byText(by)}}`
      : `{"_tag":"Snapshot",${head},"state":${whole}}`
  }
}

/** The text of one change. */
export const patchedText = (
  { epoch, id, revision }: Pick<Source, "epoch" | "id" | "revision">,
  patch: Patch.Patch,
  by: string | undefined
): string => {
  const head = `"componentId":${JSON.stringify(id)},"epoch":${epoch},"revision":${revision}`
  return `{"_tag":"Patched",${head},"patch":${JSON.stringify(patch)}${byText(by === undefined ? [] : [by])}}`
}

/** Which calls a change comes from. */
const byText = (calls: ReadonlyArray<string>): string => (calls.length === 0 ? "" : `,"by":[${calls.join(",")}]`)
