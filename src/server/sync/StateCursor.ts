/**
 * The place of one client in one state: of an instance, or of a presence list. A cursor holds no queue. What it has to
 * send is computed when there is room to write it: from the log, or, when it fell behind, as one change from the last
 * state it has read. While its client is away it stays where it is, and then goes on from where the client says it was.
 */
import { textLength } from "../../Json.ts"
import type { InstanceStatus, ResumePoint } from "../../LiveProtocol.ts"
import type { Encoded } from "../../StateCodec.ts"
import { Batch } from "./Batch.ts"
import type { ChangeLog, Seal } from "./ChangeLog.ts"
import type { ChangeLogs } from "./ChangeLogs.ts"
import type { ClientInfo } from "./ClientInfo.ts"
import type { WireEncoder, StateVersion } from "./WireEncoder.ts"

/** A state that can be read: of an instance, or of a presence list. */
export interface Source extends StateVersion {
  /** The order within a batch; lower ranks come first. */
  readonly rank: number
  readonly logs: ChangeLogs
  /** Undefined for a state without a status. */
  readonly clientStatus: InstanceStatus | undefined
  /** How many changes are sent one by one in a single batch. */
  readonly conflateAfter: number
  /** The client has confirmed the token of this number; `isAcknowledged` if it did so itself, and not only its socket. */
  readonly confirm: (serial: number, isAcknowledged: boolean) => void
  /** Called before it is read: puts changes that are not in the log yet into it. */
  readonly refresh: () => void
}

/** The client that reads. */
export interface CursorSink {
  readonly client: ClientInfo
  /** The encoder of its wire. */
  readonly encoder: WireEncoder
  /** Called once when there is something to read, and again after it was read. */
  readonly cursorWoke: (cursor: StateCursor) => void
}

/** How to read next: with the other cursors at this place, from the log, or the whole state. */
type Mode = "follow" | "replay" | "whole"

/** The cursor of one client. */
export class StateCursor<Sink extends CursorSink = CursorSink> {
  /** Whether there is something to read. */
  behind = false
  readonly sink: Sink
  /** The state it reads. */
  readonly source: Source
  readonly #log: ChangeLog
  #sequence!: number
  /** The state of `#revision`, if it is known. */
  #seen: Encoded | undefined
  #revision!: number
  #status: InstanceStatus | undefined
  #serial = 0
  #mode: Mode = "follow"
  /** Nothing is sent before the client knows of the mount. */
  #isAnnounced = false
  #away = false

  constructor(source: Source, sink: Sink) {
    this.source = source
    this.sink = sink
    this.#log = source.logs.open(sink.encoder)
    this.#catchUp()
  }

  /** There is something to read. */
  wake(): void {
    if (this.behind) return
    this.behind = true
    this.#log.fellBehind()
    if (this.#isAnnounced) this.sink.cursorWoke(this)
  }

  /** The client knows of the mount, so changes may be sent. */
  announce(): void {
    if (this.#isAnnounced) return
    this.#isAnnounced = true
    if (this.behind) this.sink.cursorWoke(this)
  }

  /** The mount is going to be answered again: the answer before may not have arrived. */
  unannounce(): void {
    this.#isAnnounced = false
    this.back()
    if (this.behind) this.#log.caughtUp()
    this.#catchUp()
  }

  /** The whole state is sent next. */
  startOver(): void {
    this.#mode = "whole"
    this.wake()
  }

  /** The client may not have heard the state and the token that it was sent last: they are sent again. */
  repeat(): void {
    if (this.#log.seal === undefined) return this.startOver()
    this.#serial = 0
    this.wake()
  }

  /** The client is away. */
  leave(): void {
    if (this.#away) return
    this.#away = true
    this.#log.away++
  }

  /** The client is back, or will not come back. */
  back(): void {
    if (!this.#away) return
    this.#away = false
    this.#log.away--
  }

  /** The client is back and has read this far; undefined when everything has to be sent. */
  resume(point: ResumePoint | undefined): void {
    this.back()
    this.source.refresh()
    const { encoded, epoch, revision } = this.source
    const sequence = point?.epoch === epoch ? this.#log.placeOf(point.revision, revision) : undefined
    this.#isAnnounced = true
    // The last status and token may not have arrived.
    this.#status = undefined
    this.#serial = 0
    if (point === undefined || sequence === undefined) {
      this.#mode = "whole"
    } else {
      if (point.revision !== this.#revision) this.#seen = point.revision === revision ? encoded : undefined
      this.#mode = "replay"
      this.#sequence = sequence
      this.#revision = point.revision
    }
    if (this.behind) this.sink.cursorWoke(this)
    else this.wake()
  }

  /** How many changes it has not read. */
  get lag(): number {
    return this.source.revision - this.#revision
  }

  /** The order within a batch. */
  get rank(): number {
    return this.source.rank
  }

  /** Whether the last batch has to be confirmed for other reasons than a token. */
  get isEnding(): boolean {
    return false
  }

  /** Whether its client is away. */
  get isAway(): boolean {
    return this.#away
  }

  /** The cursor is closed. */
  end(): void {
    this.back()
    if (this.behind) this.#log.caughtUp()
    this.source.logs.close(this.#log)
  }

  /** Whether the client knows of the mount. */
  get isAnnounced(): boolean {
    return this.#isAnnounced
  }

  /** The client has confirmed this token. */
  confirm(serial: number): void {
    this.source.confirm(serial, this.#log.encoder.isAcknowledged)
  }

  /** Takes the newest token by itself; undefined when it was read already, or there is none. */
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

  /** Adds everything up to now. */
  take(into: Array<Batch>): void {
    if (!this.behind) return
    this.source.refresh()
    const { clientStatus: status } = this.source
    const log = this.#log
    const batch =
      this.#mode === "follow" && log.cursors > 1
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

  /**
   * On wires whose tokens come with the state, the token takes the place of the change that led to its state; newer
   * changes follow it.
   */
  #withToken(changes: ReadonlyArray<string>, { told, token }: Seal): ReadonlyArray<string> {
    const { encoder } = this.#log
    if (!encoder.sealsState) return [...changes, encoder.sealed(told, token)]
    const newer = this.source.revision - told.revision
    if (newer === 0) return [...changes.slice(0, -1), encoder.sealed(told, token)]
    // A client that has resumed reads again what another page has not read yet, and knows a newer state already. There
    // will be a token of that state, too.
    if (told.revision < this.#revision) return changes
    const older = Math.max(0, changes.length - newer)
    return [...changes.slice(0, Math.max(0, older - 1)), encoder.sealed(told, token), ...changes.slice(older)]
  }

  /** One by one when there are few changes and they are no longer than the state, or else merged into one. */
  #changes(): ReadonlyArray<string> {
    const { conflateAfter, revision } = this.source
    const log = this.#log
    if (this.#mode !== "whole") {
      const oneByOne = log.since(this.#sequence, this.#mode === "replay" ? Infinity : conflateAfter)
      if (oneByOne !== undefined && !this.#isLonger(oneByOne)) return oneByOne
      if (this.#seen !== undefined && this.#revision === revision) return []
    }
    const seen = this.#mode === "whole" ? undefined : { state: this.#seen, revision: this.#revision }
    const merged = log.encoder.merged(this.source, seen, log.callsSince(this.#sequence))
    log.told(merged)
    return [merged]
  }

  /** Whether these changes together are so long that the whole state is shorter. */
  #isLonger(texts: ReadonlyArray<string>): boolean {
    if (texts.length < 2) return false
    let length = 0
    for (const text of texts) length += text.length
    return length > large && length > textLength(this.source.encoded, length)
  }
}

/** Characters of changes that are sent one by one however short the state is. */
const large = 32 * 1024
