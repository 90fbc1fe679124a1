// Relies on the insides of `ws`: test/server/transport/ConnectionSocket.test.ts fails when an upgrade changes them.
/**
 * A WebSocket of `ws` that calls one connection directly, and reads what nearly all clients send by itself: whole text
 * messages and pongs. With the first frame of another kind, and to close, `ws` takes over: its streams and listeners
 * would be 700 bytes of an idle connection.
 */
import type { Socket } from "node:net"
import { WebSocket } from "ws"
import type { Slot } from "./ConnectionLimits.ts"
import type { Connection } from "./Connection.ts"
import * as FrameMeter from "./FrameMeter.ts"
import * as WholeMessages from "./WholeMessages.ts"

/** The part of `ws` that reads; `writable` until it has read an error or the last frame. */
interface Receiver {
  readonly writable: boolean
  readonly write: (chunk: Buffer) => boolean
}

/** Attaches `ws` to a TCP socket. */
type SetSocket = (this: WebSocket, tcp: Socket, head: Buffer, options: object) => void

const { setSocket } = WebSocket.prototype as unknown as { readonly setSocket: SetSocket }

const socketOf = Symbol("fibra/server/webSocket")

type Linked = Socket & { [socketOf]?: ConnectionSocket }

const nothing = Buffer.alloc(0)

/** A ping without data. */
const ping = Buffer.from([0x89, 0])

/** A WebSocket of one connection. */
export class ConnectionSocket extends WebSocket {
  /** The extension that `ws` asks to decompress a message, by its name. */
  declare readonly _extensions: Record<string, unknown>
  declare _socket: Linked
  declare _readyState: number
  declare _paused: boolean
  /** What reads for `ws`; null until it has taken over. */
  declare readonly _receiver: Receiver | null
  /** What `ws` reads with, its own bounds among them: the same object for all sockets of an endpoint. */
  options: object | undefined = undefined
  /** Undefined before the wire is attached. */
  connection: Connection | undefined = undefined
  /** Its place in the limits, until it is closed. */
  slot: Slot | undefined = undefined
  /** Where the last read ended; undefined between two messages. */
  position: FrameMeter.FramePosition | undefined = undefined

  /** Called by `ws` after the handshake. */
  setSocket(tcp: Linked, head: Buffer): void {
    this._socket = tcp
    this._readyState = this.OPEN
    tcp[socketOf] = this
    tcp.setTimeout(0)
    tcp.setNoDelay()
    if (head.length > 0) tcp.unshift(head)
    tcp.on("close", onClose)
    tcp.on("end", onEnd)
    tcp.on("error", onError)
    tcp.on("drain", onDrain)
    tcp.on("data", onData)
  }

  /** Gives `ws` what it has to read. Returns false when no more should be read for now. */
  leave(rest: Buffer, hasRead: boolean): boolean {
    const { connection } = this
    if (connection?.isOpen === true) this.position = FrameMeter.read(this.position, rest, connection, hasRead)
    return this.#taken().write(rest)
  }

  /** Lets `ws` take over, if it has not yet. */
  #taken(): Receiver {
    if (this._receiver === null) {
      const tcp = this._socket
      tcp.off("close", onClose)
      tcp.off("end", onEnd)
      tcp.off("error", onError)
      setSocket.call(this, tcp, nothing, this.options ?? {})
      // It is given what is left for it.
      for (const listener of tcp.listeners("data")) if (listener !== onData) tcp.off("data", listener as () => void)
    }
    return this._receiver as Receiver
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
        if (this.connection?.isOpen === true) this.#receive(this.connection, data as Buffer, isBinary === true)
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

  #receive(connection: Connection, data: Buffer, isBinary: boolean): void {
    if (isBinary) connection.receiveBytes(data)
    // `ws` lets pass what an upload may have.
    else if (data.length > connection.config.maxPayload) connection.receiveLarge(data.toString())
    else connection.receive(data.toString())
  }
}

// One function for all sockets: a closure for each would be memory held by an idle connection.
function onData(this: Linked, chunk: Buffer): void {
  const socket = this[socketOf]
  if (socket === undefined || socket._receiver?.writable === false) return
  const { connection, position } = socket
  let read = 0
  // A compressed message is read later, and those after it have to wait.
  if (connection !== undefined && position === undefined && !connection.writer.isCompressing) {
    const { maxPayload } = connection.config
    while (connection.isOpen) {
      const frame = WholeMessages.next(chunk, read, maxPayload)
      if (frame === undefined) break
      read = frame.end
      if (frame.text === undefined) connection.ponged()
      else connection.receive(frame.text)
    }
  }
  if (read === chunk.length) return
  if (!socket.leave(read === 0 ? chunk : chunk.subarray(read), read > 0)) this.pause()
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
  socket.emit("close")
}

const leaving = ({ [socketOf]: socket }: Linked): void => {
  if (socket !== undefined) socket._readyState = socket.CLOSING
}
