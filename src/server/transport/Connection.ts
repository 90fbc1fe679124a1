/**
 * One connection, whatever its wire and its socket: what comes in and how much may come in, heartbeats, and when to
 * write.
 */
import * as Duration from "effect/Duration"
import type { ComponentId } from "../../LiveId.ts"
import type { Principal } from "../../Principal.ts"
import * as BinaryFrame from "./BinaryFrame.ts"
import type { ConnectionInfo } from "./ConnectionInfo.ts"
import type { ConnectionPool } from "./ConnectionPools.ts"
import type { FrameWriter } from "./FrameWriter.ts"
import type * as LiveConfig from "../LiveConfig.ts"
import type { FullAt, TokenBucket } from "./TokenBucket.ts"

/**
 * Bytes a second that must come in or leave for a connection to be alive by that alone: a peer that sends a message byte by
 * byte, or reads so, is not waited for. The largest message takes no longer than its size allows at this rate.
 */
const leastRate = 1024

/** Milliseconds between two signs that a long message is arriving. Shorter than the patience of any client with its server. */
const signInterval = 2000

/** What a client has on the server, as its connection knows it. */
export interface ClientSession {
  /** The id of the client that it was told, and that other clients may see. */
  readonly connectionId: string
  /** What it has mounted. */
  readonly components: ReadonlyArray<ComponentId>
}

/** The wire's end of one connection. */
export interface ProtocolHandler {
  /** A message came in. */
  readonly receive: (text: string) => void
  /** A part of a file came in, with a header as JSON. The bytes are used for something else afterwards. */
  readonly receivePart?: (header: unknown, bytes: Buffer) => void
  /** A long text of ASCII characters came in. Whether it was handled: if not, it is received as a string. */
  readonly receiveLong?: (text: Buffer) => boolean
  /** A message came in that is larger than messages may be, but for those with a part of a file. */
  readonly receiveLarge?: (text: string) => void
  /** The connection is open, so messages may be sent. */
  readonly opened?: () => void
  /** Characters of its client's requests that have no answer yet. */
  readonly asked?: number
  /** What its client has; undefined before its first request. */
  readonly session?: ClientSession | undefined
  /** A ping was sent, or answered: everything sent before that ping has arrived. */
  readonly pinged?: () => void
  readonly ponged?: () => void
  /** A long message is arriving: the client may be told so, since what it asked behind it cannot be answered yet. */
  readonly arriving?: () => void
  /** Writes what there is to send. */
  readonly flush: () => void
  /** The server is about to end: clients are to come back within so many milliseconds. */
  readonly draining: (within: number) => void
  /**
   * Whether the client knows that the server is about to end, and sends no more requests; true when it was not told.
   */
  readonly knows: () => boolean
  /** The connection is gone. */
  readonly closed: () => void
}

/** A wire: makes its end of each connection. */
export interface WireProtocol {
  readonly open: (connection: Connection) => ProtocolHandler
}

/** What a connection needs of its transport. */
export interface Connections {
  readonly config: LiveConfig.Settings
  readonly allowances: TokenBucket
  readonly mountAllowances: TokenBucket
  readonly patience: TokenBucket
  /** When the frame that is being handled came in, by `Monotonic`. Read once per frame. */
  readonly now: number
  /** The same, counted from the start of the transport: small enough to be stored without an object of its own. */
  readonly age: number
  readonly tick: () => void
  /** Flushes this connection at the end of this turn. */
  readonly schedule: (connection: Connection) => void
  /** This connection has sent a message. */
  readonly spoke: (connection: Connection) => void
  /** A message came in, or a connection is gone. */
  readonly happened: () => void
  /** A failure of one connection must not reach the others. */
  readonly failed: (connection: Connection, defect: unknown) => void
  readonly remove: (connection: Connection) => void
}

/** What a message counts towards: mounts have an allowance of their own. */
export type AllowanceKind = "message" | "mount"

/** Who is at the other end, and with whom it is counted. */
export interface Peer {
  readonly principal: Principal | undefined
  readonly address: string | undefined
  readonly pool: ConnectionPool
}

/** One connection. */
export class Connection {
  readonly id: number
  readonly writer: FrameWriter
  readonly principal: Principal | undefined
  /** Where it comes from; undefined where there are no addresses. */
  readonly address: string | undefined
  readonly pool: ConnectionPool
  /** Messages, which the wires count. */
  messagesReceived = 0
  messagesSent = 0
  readonly #transport: Connections
  #handler: ProtocolHandler | undefined
  #scheduled = false
  #paused = false
  /** The age of the transport when it was opened, and when its last sign of life came. */
  readonly #begun: number
  #heardAt: number
  #activeAt: number
  /** The age at the first ping that has no answer yet; below 0 when all are answered. */
  #pingedAt = -1
  /** How long the last answer took; below 0 before the first. */
  #latency = -1
  /** Bytes that had moved at the last heartbeat. */
  #moved = 0
  /** When its client was last told that its message is arriving. */
  #signedAt: number
  /** Whether it was pinged since. */
  #isAsked = false
  #pongsDue = 0
  /** The bucket of messages that are handled. */
  #allowance: FullAt = 0
  /** The bucket of mounts that are handled. */
  #mountAllowance: FullAt = 0
  /** The bucket of messages beyond that, which are refused. */
  #patience: FullAt = 0

  constructor(id: number, writer: FrameWriter, peer: Peer, transport: Connections) {
    this.id = id
    this.writer = writer
    this.principal = peer.principal
    this.address = peer.address
    this.pool = peer.pool
    this.#transport = transport
    this.#begun = this.#heardAt = this.#activeAt = this.#signedAt = transport.age
  }

  /** By a clock that began at `epoch`. */
  info(epoch: number): ConnectionInfo {
    const { age, now } = this.#transport
    const began = epoch + now - age
    const session = this.#handler?.session
    return {
      id: this.id,
      principal: this.principal?.id,
      since: began + this.#begun,
      heardAt: began + this.#heardAt,
      activeAt: began + this.#activeAt,
      address: this.address,
      client: session?.connectionId,
      components: session?.components ?? [],
      pool: this.pool.id,
      messagesReceived: this.messagesReceived,
      messagesSent: this.messagesSent,
      bytesReceived: this.writer.bytesRead,
      bytesSent: this.writer.bytesWritten,
      latency: this.#latency < 0 ? undefined : this.#latency,
      buffered: this.writer.bufferedUnsafe(),
      isPaused: this.#paused,
      asked: this.#handler?.asked ?? 0
    }
  }

  /** Gives the connection to a wire. */
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

  /** Whether changes may be written. Answers are written in any case. */
  get hasRoom(): boolean {
    return this.writer.bufferedUnsafe() < Math.max(this.#transport.config.highWaterMark, this.writer.drainsAbove)
  }

  /** Writes what the wire has to send. */
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

  /** Whether messages are still handled. */
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

  /** A binary frame came in. What is no part of a file is text. The bytes may be used for something else afterwards. */
  receiveBytes(bytes: Buffer): void {
    const part = BinaryFrame.read(bytes)
    if (part !== undefined) this.#handle((handler) => handler.receivePart?.(part.header, part.bytes))
    else if (bytes.length > this.config.maxPayload) this.#tooLarge()
    else this.receive(bytes.toString())
  }

  /** A long text of ASCII characters came in. The bytes may be used for something else afterwards. */
  receiveLong(text: Buffer): void {
    let isHandled = false
    if (this.#handler?.receiveLong !== undefined) {
      this.#handle((handler) => (isHandled = handler.receiveLong?.(text) === true))
    }
    if (isHandled) return
    if (text.length > this.config.maxPayload) this.receiveLarge(text.toString("latin1"))
    else this.receive(text.toString("latin1"))
  }

  /** A text came in that is larger than a message may be. */
  receiveLarge(text: string): void {
    if (this.#handler?.receiveLarge === undefined) this.#tooLarge()
    else this.#handle((handler) => handler.receiveLarge?.(text))
  }

  #handle(handle: (handler: ProtocolHandler) => void): void {
    if (this.#handler === undefined) return
    this.#lives()
    this.spoke()
    try {
      handle(this.#handler)
    } catch (defect) {
      this.#transport.failed(this, defect)
    }
    this.#transport.happened()
  }

  #tooLarge(): void {
    this.end(1009, "A message is too large")
  }

  /** It has sent a message or a valid session token with its request, or has answered the first ping of its wire. */
  spoke(): void {
    this.#transport.spoke(this)
  }

  /**
   * Counts one message; a wire calls it for each message of a frame before it looks at it. 0: the message may be
   * handled. Otherwise it is refused, and may be sent again after so many milliseconds. A client that goes on is
   * disconnected.
   */
  spend(kind: AllowanceKind = "message"): number {
    const { allowances, mountAllowances, now, patience } = this.#transport
    let wait: number
    if (kind === "mount") {
      wait = mountAllowances.wait(this.#mountAllowance, now)
      if (wait === 0) this.#mountAllowance = mountAllowances.take(this.#mountAllowance, now)
    } else {
      wait = allowances.wait(this.#allowance, now)
      if (wait === 0) this.#allowance = allowances.take(this.#allowance, now)
    }
    if (wait === 0) return 0
    if (patience.wait(this.#patience, now) > 0) {
      // What was done and what was refused is answered.
      this.flush()
      this.end(1008, "More was sent than may be")
      return Infinity
    }
    // The messages that were refused before it come first.
    const after = Math.ceil(wait + patience.missing(this.#patience, now))
    this.#patience = patience.take(this.#patience, now)
    return after
  }

  /** Something came in that is no message, and that nobody asked for. It counts as one, and is done in any case. */
  pay(): void {
    if (this.#handler === undefined) return
    this.#transport.tick()
    this.spend()
  }

  /** Whether a pong is due that has come now. */
  takePong(): boolean {
    if (this.#pongsDue === 0) return false
    this.#pongsDue--
    return true
  }

  /** A part of a message came in, and more of it is to come. */
  advances(): void {
    if (this.#handler?.arriving === undefined) return
    this.#transport.tick()
    const { age } = this.#transport
    if (age - Math.max(this.#heardAt, this.#signedAt) < signInterval) return
    this.#signedAt = age
    this.#handler.arriving()
  }

  /** Whether enough has come in to be waited for, if its first message was due so many milliseconds after it was opened. */
  isArriving(since: number): boolean {
    return this.writer.bytesRead >= enough(since)
  }

  #lives(): void {
    this.#transport.tick()
    this.#heardAt = this.#transport.age
    this.#isAsked = false
  }

  /** It asks for something, or is sent a change. */
  acts(): void {
    this.#activeAt = this.#transport.age
  }

  /** Whether it has asked for something or was sent a change within so many milliseconds. */
  isActive(within: number): boolean {
    return this.#transport.age - this.#activeAt <= within
  }

  /** Whether its requests have been answered, and the answers have left. */
  get isServed(): boolean {
    return (this.#handler?.asked ?? 0) === 0 && this.writer.bufferedUnsafe() === 0
  }

  /** A pong came in. */
  ponged(): void {
    if (!this.takePong()) this.pay()
    this.heard()
  }

  /** A sign of life that is no message. */
  heard(): void {
    if (this.#handler === undefined) return
    this.#lives()
    if (this.#pingedAt >= 0) this.#latency = this.#transport.age - this.#pingedAt
    this.#pingedAt = -1
    this.#handler?.ponged?.()
  }

  /** Everything that was written has left. */
  drained(): void {
    if (this.#paused) {
      this.#paused = false
      this.writer.resume()
    }
    this.schedule()
  }

  /**
   * Called once per heartbeat, so many milliseconds after the last one. A late heartbeat closes no connection: the event
   * loop stood still, and what came in was not read. What moves is alive: a message may take longer than any heartbeat.
   */
  beat(isLate: boolean, since: number): void {
    const { age, config } = this.#transport
    const moved = this.writer.bytesMoved
    if (moved - this.#moved >= enough(since)) this.#lives()
    this.#moved = moved
    if (!isLate && this.#isAsked && age - this.#heardAt >= Duration.toMillis(config.idleTimeout)) {
      return this.end(1001, "Nothing was heard for too long")
    }
    this.ping()
  }

  /** Asks for a sign of life, unless it was asked and has not answered. */
  askOnce(): void {
    if (this.#pingedAt < 0) this.ping()
  }

  /** Asks for a sign of life. */
  ping(): void {
    this.#isAsked = true
    this.#pongsDue++
    if (this.#pingedAt < 0) this.#pingedAt = this.#transport.age
    this.#handler?.pinged?.()
    this.writer.ping()
  }

  /** The server is about to end. */
  draining(): void {
    this.#handler?.draining(Duration.toMillis(this.#transport.config.reconnectWithin))
  }

  /** Whether the client knows that the server is about to end. */
  get knows(): boolean {
    return this.#handler?.knows() ?? true
  }

  /** Closes it: nothing more is read or sent, whatever the peer does. */
  end(code: number, reason: string): void {
    this.writer.close(code, reason)
    this.closed()
  }

  /** The socket is gone. */
  closed(): void {
    const handler = this.#handler
    this.#handler = undefined
    this.#transport.remove(this)
    handler?.closed()
  }
}

/** Bytes that have to move within so many milliseconds. */
const enough = (milliseconds: number): number => (leastRate * milliseconds) / 1000
