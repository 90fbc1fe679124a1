/**
 * One client's place in one state: of an instance, or of who is there. It holds no queue: what it has to read is computed when there is room to write it, from
 * the log or, when it fell behind, as one change from the state it saw last to the state of now. While its client is away it
 * stays where it is, and goes on from where the client says it was.
 */
import type { InstanceStatus, ResumePoint } from "../../LiveProtocol.ts"
import type { Encoded } from "../../StateCodec.ts"
import { Batch } from "./Batch.ts"
import type { ChangeLog, Seal } from "./ChangeLog.ts"
import type { ChangeLogs } from "./ChangeLogs.ts"
import type { ClientInfo } from "./ClientInfo.ts"
import type { WireEncoder, StateVersion } from "./WireEncoder.ts"

/** What can be read: an instance, or who is there, as far as it is a reader's business. */
export interface Source extends StateVersion {
  /** What is read first in a batch; a lower one comes before. */
  readonly rank: number
  readonly logs: ChangeLogs
  /** Undefined for what has no life of its own. */
  readonly clientStatus: InstanceStatus | undefined
  /** Changes a reader gets one by one in a single batch. */
  readonly conflateAfter: number
  /** Its client is known to have the token of this number. */
  readonly confirm: (serial: number) => void
  /** It is going to be read: what has changed is to be in the log. */
  readonly refresh: () => void
}

/** Who reads. */
export interface CursorSink {
  readonly client: ClientInfo
  /** In which words it is to be told. */
  readonly encoder: WireEncoder
  /** There is something to read; said once until it is read. */
  readonly cursorWoke: (cursor: StateCursor) => void
}

/** How it reads what comes next: as others at its place do, all that is in the log, or the state, whole. */
type Mode = "follow" | "replay" | "whole"

/** A cursor. */
export class StateCursor<Sink extends CursorSink = CursorSink> {
  /** True from the moment there is something to read until it has been read. */
  behind = false
  readonly sink: Sink
  /** What it reads. */
  readonly source: Source
  readonly #log: ChangeLog
  #sequence!: number
  /** The state of `#revision`, if it is known. */
  #seen: Encoded | undefined
  #revision!: number
  #status: InstanceStatus | undefined
  #serial = 0
  #mode: Mode = "follow"
  /** Nothing is said before the client knows of the mount. */
  #held = true
  #away = false

  constructor(source: Source, sink: Sink) {
    this.source = source
    this.sink = sink
    this.#log = source.logs.open(sink.encoder)
    this.#catchUp()
  }

  /** There is something to read; said once until it is read. */
  wake(): void {
    if (this.behind) return
    this.behind = true
    this.#log.fellBehind()
    if (!this.#held) this.sink.cursorWoke(this)
  }

  /** The client has been told of the mount, so it may be told what follows. */
  announce(): void {
    if (!this.#held) return
    this.#held = false
    if (this.behind) this.sink.cursorWoke(this)
  }

  /** The client is going to be told of the mount again: what it was told before may not have arrived. */
  hold(): void {
    this.#held = true
    this.back()
    if (this.behind) this.#log.caughtUp()
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
    this.#log.away++
  }

  /** The client is there, or will not come back. */
  back(): void {
    if (!this.#away) return
    this.#away = false
    this.#log.away--
  }

  /** The client is there, and was told this much; undefined: it is to be told everything. */
  resume(place: ResumePoint | undefined): void {
    this.back()
    this.source.refresh()
    const { encoded, epoch, revision } = this.source
    const sequence = place?.epoch === epoch ? this.#log.placeOf(place.revision, revision) : undefined
    this.#held = false
    // What was said of these may not have arrived.
    this.#status = undefined
    this.#serial = 0
    if (place === undefined || sequence === undefined) {
      this.#mode = "whole"
    } else {
      if (place.revision !== this.#revision) this.#seen = place.revision === revision ? encoded : undefined
      this.#mode = "replay"
      this.#sequence = sequence
      this.#revision = place.revision
    }
    if (this.behind) this.sink.cursorWoke(this)
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
    if (this.behind) this.#log.caughtUp()
    this.source.logs.close(this.#log)
  }

  /** Whether the client does not know of the mount yet. */
  get isHeld(): boolean {
    return this.#held
  }

  /** The client has this token. */
  confirm(serial: number): void {
    this.source.confirm(serial)
  }

  /** Reads the newest token on its own; undefined when there is none that was not read. */
  takeToken(): string | undefined {
    const { seal } = this.#log
    if (seal === undefined || seal.serial <= this.#serial) return undefined
    this.#serial = seal.serial
    return seal.token
  }

  /** The last token that was read; 0 for none. */
  get serial(): number {
    return this.#serial
  }

  /** Everything up to now. */
  take(into: Array<Batch>): void {
    if (!this.behind) return
    this.source.refresh()
    const { clientStatus: status } = this.source
    const log = this.#log
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
    const { clientStatus, encoded, revision } = this.source
    this.#sequence = this.#log.sequence
    this.#seen = encoded
    this.#revision = revision
    this.#status = clientStatus
    this.behind = false
  }

  #render(): Batch | undefined {
    const { source } = this
    const { clientStatus: status } = source
    const { encoder, seal } = this.#log
    let texts = this.#changes()
    if (seal !== undefined && seal.serial > this.#serial) texts = this.#withToken(texts, seal)
    if (status !== undefined && (this.#mode === "whole" || status !== this.#status)) {
      texts = [...texts, encoder.status(source, status)]
    }
    return texts.length === 0 ? undefined : new Batch(texts, this.#log.cursors > 1)
  }

  /** A token that comes with the state comes with the one it is of, in place of that change; what is newer follows. */
  #withToken(changes: ReadonlyArray<string>, { told, token }: Seal): ReadonlyArray<string> {
    const { encoder } = this.#log
    if (!encoder.sealsState) return [...changes, encoder.sealed(told, token)]
    const newer = this.source.revision - told.revision
    if (newer === 0) return [...changes.slice(0, -1), encoder.sealed(told, token)]
    // Who came back finds again what another page has not read, and knows more already: of that there will be a token, too.
    if (told.revision < this.#revision) return changes
    const older = Math.max(0, changes.length - newer)
    return [...changes.slice(0, Math.max(0, older - 1)), encoder.sealed(told, token), ...changes.slice(older)]
  }

  /** One by one, as long as they are not too many, or else as one. */
  #changes(): ReadonlyArray<string> {
    const { conflateAfter, revision } = this.source
    const log = this.#log
    if (this.#mode !== "whole") {
      const oneByOne = log.since(this.#sequence, this.#mode === "replay" ? Infinity : conflateAfter)
      if (oneByOne !== undefined) return oneByOne
    }
    const state = this.#mode === "whole" ? undefined : this.#seen
    if (state !== undefined && this.#revision === revision) return []
    const seen = state === undefined ? undefined : { state, revision: this.#revision }
    const merged = log.encoder.merged(this.source, seen, log.callsSince(this.#sequence))
    log.told(merged)
    return [merged]
  }
}
