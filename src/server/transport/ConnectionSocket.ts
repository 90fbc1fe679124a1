// Relies on the insides of `ws`: test/server/transport/ConnectionSocket.test.ts fails when an upgrade changes them.
/**
 * A WebSocket of `ws` that calls one connection directly, and reads what nearly all clients send by itself: messages in one
 * frame, and pongs. With the first frame of another kind, and to close, `ws` takes over: its streams and listeners would
 * be 700 bytes of an idle connection.
 */
import type { Socket } from "node:net"
import { WebSocket } from "ws"
import { ArrivingFrame } from "./ArrivingFrame.ts"
import type { Slot } from "./ConnectionLimits.ts"
import type { Connection } from "./Connection.ts"
import * as FrameMeter from "./FrameMeter.ts"
import * as SharedReads from "./SharedReads.ts"
import * as WholeMessages from "./WholeMessages.ts"

/** The part of `ws` that reads; `writable` until it has read an error or the last frame. */
interface Receiver {
  readonly writable: boolean
  readonly write: (chunk: Buffer) => boolean
}

/** What `ws` reads with; of it, this file needs the bytes of the largest frame. */
interface ReadOptions {
  readonly maxPayload?: number | undefined
}

/** Attaches `ws` to a TCP socket. */
type SetSocket = (this: WebSocket, tcp: Socket, head: Buffer, options: object) => void

const { setSocket } = WebSocket.prototype as unknown as { readonly setSocket: SetSocket }

const socketOf = Symbol("fibra/server/webSocket")

type Linked = Socket & { [socketOf]?: ConnectionSocket }

const nothing = Buffer.alloc(0)

const noExtensions: Readonly<Record<string, unknown>> = Object.freeze({})

/** A ping without data. */
const ping = Buffer.from([0x89, 0])

/** A WebSocket of one connection. */
export class ConnectionSocket extends WebSocket {
  /** The extension that `ws` asks to decompress a message, by its name. */
  declare _extensions: Readonly<Record<string, unknown>>
  /** Its listeners: of all that it emits, none has any. */
  declare _events: object | undefined
  /** Called with each pong that `ws` has sent by itself. */
  declare _autoPongComplete: (() => void) | undefined
  declare _pendingAutoPongs: number
  declare _socket: Linked
  declare _readyState: number
  declare _paused: boolean
  /** What reads for `ws`; null until it has taken over. */
  declare readonly _receiver: Receiver | null
  /** What `ws` reads with, its own bounds among them: the same object for all sockets of an endpoint. */
  options: ReadOptions | undefined = undefined
  /** Undefined before the wire is attached. */
  connection: Connection | undefined = undefined
  /** Its place in the limits, until it is closed. */
  slot: Slot | undefined = undefined
  /** Where the last read ended; undefined between two messages. */
  position: FrameMeter.FramePosition | undefined = undefined
  /** The frame that has begun in an earlier read, unless `ws` reads it. */
  arriving: ArrivingFrame | undefined = undefined

  /** Called by `ws` after the handshake. */
  setSocket(tcp: Linked, head: Buffer): void {
    // What `ws` has made for each socket, and nearly none needs, would be 350 bytes of an idle connection.
    this._extensions = noExtensions
    this._events = undefined
    this._autoPongComplete = undefined
    this._socket = tcp
    this._readyState = this.OPEN
    tcp[socketOf] = this
    tcp.setTimeout(0)
    tcp.setNoDelay()
    if (head.length > 0) tcp.unshift(head)
    tcp.on("close", onClose)
    // Node's own listener has nothing to do where the other half stays open, and two of them would be a list of 104 bytes.
    if (tcp.allowHalfOpen) for (const listener of tcp.listeners("end")) tcp.off("end", listener as () => void)
    tcp.on("end", onEnd)
    tcp.on("error", onError)
    tcp.on("drain", onDrain)
    SharedReads.attach(tcp, onData)
  }

  /** Bytes of the largest frame. */
  get maxPayload(): number {
    return this.options?.maxPayload ?? Infinity
  }

  /** Reads what follows of a frame. Returns how much of the chunk is read then. */
  arrive(arriving: ArrivingFrame, chunk: Buffer): number {
    const taken = arriving.add(chunk)
    this.#meter(chunk.subarray(0, taken), false)
    // It may have been closed for it.
    if (this.arriving === undefined || !arriving.isComplete) return taken
    this.arriving = undefined
    const { bytes } = arriving
    const { connection } = this
    const frame = connection?.isOpen === true ? WholeMessages.next(bytes, 0, this.maxPayload) : undefined
    if (connection === undefined || frame === undefined) this.#give(bytes)
    // It was counted with its first piece.
    else if (frame.kind === "pong") connection.heard()
    else this.handle(connection, bytes, frame)
    arriving.release()
    if (frame !== undefined || taken === chunk.length) return taken
    // After what it does not like, `ws` reads nothing.
    const rest = chunk.subarray(taken)
    this.#meter(rest, true)
    this.#give(rest)
    return chunk.length
  }

  /** Keeps the beginning of a frame for the next read, and leaves everything else to `ws`. */
  leave(rest: Buffer, follows: boolean): void {
    const isBetween = this.position === undefined
    this.#meter(rest, follows)
    const { connection } = this
    if (isBetween && connection?.isOpen === true && !connection.writer.isCompressing) {
      const extent = WholeMessages.extentOf(rest, 0, this.maxPayload)
      if (extent !== undefined && extent.end > rest.length) {
        this.arriving = new ArrivingFrame(extent.end, rest)
        return
      }
    }
    this.#give(rest)
  }

  /** Has `ws` read a copy of these bytes: it may keep them for longer. */
  #give(bytes: Buffer): void {
    if (!this.#taken().write(Buffer.from(bytes))) this._socket.pause()
  }

  #meter(bytes: Buffer, follows: boolean): void {
    const { connection } = this
    if (connection?.isOpen !== true) return
    this.position = FrameMeter.read(this.position, bytes, connection, follows)
    if (this.position !== undefined) connection.advances()
  }

  /** Handles a frame that was read. */
  handle(connection: Connection, bytes: Buffer, { end, kind, payload, text }: WholeMessages.WholeFrame): void {
    if (text !== undefined) this.#receiveText(connection, text, end - payload)
    else if (kind === "pong") connection.ponged()
    else if (kind === "long") connection.receiveLong(bytes.subarray(payload, end))
    else connection.receiveBytes(bytes.subarray(payload, end))
  }

  /** `length`: bytes of the text. More than a message may have is allowed for uploads. */
  #receiveText(connection: Connection, text: string, length: number): void {
    if (length > connection.config.maxPayload) connection.receiveLarge(text)
    else connection.receive(text)
  }

  /** Lets `ws` take over, if it has not yet. */
  #taken(): Receiver {
    if (this._receiver === null) {
      const tcp = this._socket
      tcp.off("close", onClose)
      tcp.off("end", onEnd)
      tcp.off("error", onError)
      this._autoPongComplete = () => void this._pendingAutoPongs--
      setSocket.call(this, tcp, nothing, this.options ?? {})
      // It is given what is left for it.
      for (const listener of tcp.listeners("data")) if (listener !== onData) tcp.off("data", listener as () => void)
    }
    const { arriving } = this
    const receiver = this._receiver as Receiver
    if (arriving !== undefined) {
      this.arriving = undefined
      receiver.write(Buffer.from(arriving.bytes))
      arriving.release()
    }
    return receiver
  }

  override close(code?: number, reason?: string): void {
    if (this.readyState === this.OPEN) this.#taken()
    super.close(code, reason)
  }

  override ping(): void {
    this._socket.write(ping)
  }

  override resume(): void {
    if (this._receiver !== null) return super.resume()
    this._paused = false
    this._socket.resume()
  }

  /** `ws` closes it itself after an error (1009 for a frame too large, 1007 for broken UTF-8); "close" follows. */
  override emit(event: string | symbol, data?: unknown, isBinary?: unknown): boolean {
    switch (event) {
      case "message":
        if (this.connection?.isOpen === true) this.#emitted(this.connection, data as Buffer, isBinary === true)
        break
      case "pong":
        this.connection?.heard()
        break
      case "close":
        this.slot?.leave()
        this.connection?.closed()
    }
    return true
  }

  #emitted(connection: Connection, data: Buffer, isBinary: boolean): void {
    if (isBinary) connection.receiveBytes(data)
    else this.#receiveText(connection, data.toString(), data.length)
  }
}

// One function for all sockets: a closure for each would be memory held by an idle connection.
function onData(this: Linked, read: SharedReads.Read): void {
  const socket = this[socketOf]
  if (socket === undefined || socket._receiver?.writable === false) return
  const chunk = SharedReads.bytesOf(read)
  const { arriving, connection } = socket
  let offset = arriving === undefined ? 0 : socket.arrive(arriving, chunk)
  // A compressed message is read later, and those after it have to wait.
  if (connection !== undefined && socket.position === undefined && !connection.writer.isCompressing) {
    const { maxPayload } = connection.config
    while (connection.isOpen) {
      const frame = WholeMessages.next(chunk, offset, socket.maxPayload)
      if (frame === undefined) break
      offset = frame.end
      // Most are messages: no function stands between their frame and their connection.
      if (frame.text !== undefined && offset - frame.payload <= maxPayload) connection.receive(frame.text)
      else socket.handle(connection, chunk, frame)
    }
  }
  if (offset < chunk.length) socket.leave(offset === 0 ? chunk : chunk.subarray(offset), offset > 0)
}

function onDrain(this: Linked): void {
  this[socketOf]?.connection?.drained()
}

/** The peer sends nothing more, and has not said good-bye. */
function onEnd(this: Linked): void {
  leaving(this)
  this.end()
}

function onError(this: Linked): void {
  leaving(this)
  this.destroy()
}

function onClose(this: Linked): void {
  const socket = this[socketOf]
  if (socket === undefined) return
  socket._readyState = socket.CLOSED
  socket.arriving?.release()
  socket.arriving = undefined
  socket.emit("close")
}

const leaving = ({ [socketOf]: socket }: Linked): void => {
  if (socket !== undefined) socket._readyState = socket.CLOSING
}
