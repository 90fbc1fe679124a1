/** One connection, whatever it speaks and whatever it is written to: what comes in, what may come in, and signs of life. */
import * as Duration from "effect/Duration"
import type { Principal } from "../../Principal.ts"
import type { FrameWriter } from "./FrameWriter.ts"
import type * as LiveConfig from "../LiveConfig.ts"
import type { FullAt, TokenBucket } from "./TokenBucket.ts"

/** One end of a wire protocol. */
export interface ProtocolHandler {
  /** A message came in. */
  readonly receive: (text: string) => void
  /** The connection is open, so there may be something to say. */
  readonly opened?: () => void
  /** The client is asked for a sign of life, or has given it: what was sent before the question has arrived. */
  readonly pinged?: () => void
  readonly ponged?: () => void
  /** What there is to send may be sent now. */
  readonly flush: () => void
  /** The server is going to end; clients come back within so many milliseconds. */
  readonly draining: (within: number) => void
  /** Whether the client knows that the server is going to end, and asks for nothing more; true when it was not told. */
  readonly knows: () => boolean
  /** The connection is gone. */
  readonly closed: () => void
}

/** A wire protocol: for each connection its end of it. */
export interface WireProtocol {
  readonly open: (connection: Connection) => ProtocolHandler
}

/** What a connection needs of those there are. */
export interface Connections {
  readonly config: LiveConfig.Settings
  readonly allowances: TokenBucket
  readonly patience: TokenBucket
  /** The time at which what is just handled came in, by `Monotonic`; asked for once per frame. */
  readonly now: number
  /** The same, since there are connections: small for a month, and so kept without memory of its own. */
  readonly age: number
  readonly tick: () => void
  /** This one is to be flushed at the end of this turn. */
  readonly schedule: (connection: Connection) => void
  /** This one has said something. */
  readonly spoke: (connection: Connection) => void
  /** Something was heard, or somebody left. */
  readonly happened: () => void
  /** What goes wrong with one connection must not reach the others. */
  readonly failed: (connection: Connection, defect: unknown) => void
  readonly remove: (connection: Connection) => void
}

/** What is to be known of a connection from outside. */
export interface ConnectionInfo {
  readonly id: number
  /** The id of its principal; undefined for an anonymous client. */
  readonly principal: string | undefined
  /** When it came, and when its last sign of life did: milliseconds since the epoch. */
  readonly since: number
  readonly heardAt: number
  /** Bytes that were written and have not left. */
  readonly buffered: number
  /** Whether nothing more is read of it before they have. */
  readonly isPaused: boolean
  /** Characters of what it has asked, and has no answer yet. */
  readonly asked: number
}

/** Milliseconds after which a client may ask again that waits for too much at once. */
const retryTooMuch = 1000

/** One connection. */
export class Connection {
  readonly id: number
  readonly writer: FrameWriter
  readonly principal: Principal | undefined
  readonly #transport: Connections
  #handler: ProtocolHandler | undefined
  #scheduled = false
  #paused = false
  /** The age of the server when it came, and when its last sign of life did. */
  readonly #begun: number
  #heardAt: number
  /** Whether it was asked for one since. */
  #isAsked = false
  /** What it may send. */
  #allowance: FullAt = 0
  /** What it may send beyond that, in vain. */
  #patience: FullAt = 0
  /** Characters of what it has asked, and has no answer yet. */
  #asked = 0

  constructor(id: number, writer: FrameWriter, principal: Principal | undefined, transport: Connections) {
    this.id = id
    this.writer = writer
    this.principal = principal
    this.#transport = transport
    this.#begun = this.#heardAt = transport.age
  }

  /** By a clock that began at `epoch`. */
  info(epoch: number): ConnectionInfo {
    const { age, now } = this.#transport
    return {
      id: this.id,
      principal: this.principal?.id,
      since: epoch + now - age + this.#begun,
      heardAt: epoch + now - age + this.#heardAt,
      buffered: this.writer.bufferedUnsafe(),
      isPaused: this.#paused,
      asked: this.#asked
    }
  }

  /** The front takes over. */
  start(protocol: WireProtocol): void {
    try {
      this.#handler = protocol.open(this)
      this.#handler.opened?.()
    } catch (defect) {
      this.#transport.failed(this, defect)
    }
  }

  /** Asks for a flush at the end of this turn. */
  schedule(): void {
    if (this.#scheduled || this.#handler === undefined) return
    this.#scheduled = true
    this.#transport.schedule(this)
  }

  /** Whether state may be written; what is not state is written anyway. */
  get hasRoom(): boolean {
    return this.writer.bufferedUnsafe() < Math.max(this.#transport.config.highWaterMark, this.writer.drainsAbove)
  }

  /** Writes what the front has. */
  flush(): void {
    this.#scheduled = false
    try {
      this.#handler?.flush()
    } catch (defect) {
      this.#transport.failed(this, defect)
    }
    const buffered = this.writer.bufferedUnsafe()
    const { maxBuffered, pauseMark } = this.#transport.config
    if (buffered > maxBuffered) return this.end(1013, "The client does not read what it asks for")
    if (buffered > pauseMark && !this.#paused) {
      this.#paused = true
      this.writer.pause()
    }
  }

  get config(): LiveConfig.Settings {
    return this.#transport.config
  }

  /** Whether it is still heard. */
  get isOpen(): boolean {
    return this.#handler !== undefined
  }

  /** A message came in. */
  receive(text: string): void {
    if (this.#handler === undefined) return
    this.#lives()
    this.spoke()
    try {
      this.#handler.receive(text)
    } catch (defect) {
      this.#transport.failed(this, defect)
    }
    this.#transport.happened()
  }

  /** It has said something, if only with its request. */
  spoke(): void {
    this.#transport.spoke(this)
  }

  /**
   * Counts one message of those that came in; a front does so for each message of a frame, before it looks at it. 0: it may be done.
   * Otherwise it may not, and may be sent again after so many milliseconds. Whoever goes on in spite of that is cut off.
   */
  spend(): number {
    const { allowances, now, patience } = this.#transport
    const wait = allowances.wait(this.#allowance, now)
    if (wait === 0) {
      this.#allowance = allowances.take(this.#allowance, now)
      return 0
    }
    if (patience.wait(this.#patience, now) > 0) {
      // What was done, and what was refused, is told.
      this.flush()
      this.end(1008, "More was sent than may be")
      return Infinity
    }
    // Those that were refused before it come first.
    const after = Math.ceil(wait + patience.missing(this.#patience, now))
    this.#patience = patience.take(this.#patience, now)
    return after
  }

  /**
   * Something of so many characters is asked, and kept until it is answered. 0: it may be. Otherwise that would be too much at once,
   * and it may be asked again after so many milliseconds.
   */
  hold(size: number): number {
    if (this.#asked > 0 && this.#asked + size > this.#transport.config.maxBuffered) return retryTooMuch
    this.#asked += size
    return 0
  }

  /** What was held is answered. */
  release(size: number): void {
    this.#asked -= size
  }

  #lives(): void {
    this.#transport.tick()
    this.#heardAt = this.#transport.age
    this.#isAsked = false
  }

  /** A sign of life that is no message. */
  heard(): void {
    this.#lives()
    this.#handler?.ponged?.()
  }

  /** What was written has left. */
  drained(): void {
    if (this.#paused) {
      this.#paused = false
      this.writer.resume()
    }
    this.schedule()
  }

  /** Called once per heartbeat. At one that comes late nobody is judged: the event loop stood still, and what came in was not heard. */
  beat(isLate: boolean): void {
    const { age, config } = this.#transport
    if (!isLate && this.#isAsked && age - this.#heardAt >= Duration.toMillis(config.idleTimeout)) {
      return this.end(1001, "Nothing was heard for too long")
    }
    this.ping()
  }

  /** Asks for a sign of life. */
  ping(): void {
    this.#isAsked = true
    this.#handler?.pinged?.()
    this.writer.ping()
  }

  /** The server is going to end. */
  draining(): void {
    this.#handler?.draining(Duration.toMillis(this.#transport.config.reconnectWithin))
  }

  /** Whether the client knows that the server is going to end. */
  get knows(): boolean {
    return this.#handler?.knows() ?? true
  }

  /** Ends it: nothing more is heard or said, whatever the peer makes of that. */
  end(code: number, reason: string): void {
    this.writer.close(code, reason)
    this.closed()
  }

  /** The link is gone. */
  closed(): void {
    const handler = this.#handler
    this.#handler = undefined
    this.#transport.remove(this)
    handler?.closed()
  }
}
