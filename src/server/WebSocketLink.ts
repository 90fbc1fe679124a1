/**
 * A connection over a WebSocket of `ws`. Frames are built here and written to the socket directly: one buffer per flush, and
 * the same buffer for every reader of the same change, where `ws.send` would build and write each.
 */
import type { Socket } from "node:net"
import type { WebSocket } from "ws"
import type { Principal } from "../Principal.ts"
import type { Connection, Frame, Front, Link, Transport } from "./Transport.ts"
import { frame, frames, FrameTemplate } from "./WebSocketFrames.ts"

const connectionOf = Symbol("fibra/server/connection")

type Linked<A> = A & { [connectionOf]?: Connection }

/** Connects a WebSocket to a front. */
export const attach = (
  transport: Transport["Service"],
  front: Front,
  ws: Linked<WebSocket>,
  socket: Linked<Socket>,
  principal: Principal | undefined
): void => {
  const connection = transport.attachUnsafe(front, new WebSocketLink(ws, socket), principal)
  ws[connectionOf] = connection
  socket[connectionOf] = connection
  ws.on("message", onMessage)
  ws.on("pong", onPong)
  ws.on("close", onClose)
  ws.on("error", onError)
  socket.on("drain", onDrain)
}

/** The peer asks for more than it reads; nothing more is expected of it. */
const tooMuch = 1013

class WebSocketLink implements Link {
  readonly kind = "websocket"
  readonly frame = frame
  readonly frames = frames
  readonly framesOf = framesOf
  readonly #ws: WebSocket
  readonly #socket: Socket

  constructor(ws: WebSocket, socket: Socket) {
    this.#ws = ws
    this.#socket = socket
  }

  write(frame: Frame): void {
    if (this.#ws.readyState === this.#ws.OPEN) this.#socket.write(frame)
  }

  bufferedUnsafe(): number {
    return this.#socket.writableLength
  }

  get drainsAbove(): number {
    return this.#socket.writableHighWaterMark
  }

  ping(): void {
    if (this.#ws.readyState === this.#ws.OPEN) this.#ws.ping()
  }

  pause(): void {
    this.#ws.pause()
  }

  resume(): void {
    this.#ws.resume()
  }

  terminate(): void {
    this.#ws.terminate()
  }

  close(code: number, reason: string): void {
    this.#ws.close(code, reason)
    // A peer that does not read will not answer the closing handshake either.
    if (this.#socket.writableLength > 0) this.#ws.terminate()
    else if (code === tooMuch) this.#socket.destroySoon()
  }
}

// One function for all sockets: a closure per event and connection is memory an idle connection would hold.

function onMessage(this: Linked<WebSocket>, data: Buffer): void {
  const connection = this[connectionOf]
  if (connection?.isOpen) connection.receive(data.toString())
}

function onPong(this: Linked<WebSocket>): void {
  this[connectionOf]?.heard()
}

function onClose(this: Linked<WebSocket>): void {
  this[connectionOf]?.closed()
}

function onDrain(this: Linked<Socket>): void {
  this[connectionOf]?.drained()
}

/** `ws` closes the connection itself after an error (1009 for a frame too large, 1007 for broken UTF-8); "close" follows. */
function onError(this: WebSocket): void {}

/** What is the same for all who hear a batch, made once. */
const templates = new WeakMap<object, FrameTemplate>()

const framesOf = (batch: { readonly texts: ReadonlyArray<string> }, hearer: string): Buffer => {
  const beginning = Buffer.from(hearer)
  let template = templates.get(batch)
  if (template?.fits(beginning) !== true) {
    template = new FrameTemplate(batch.texts, beginning)
    templates.set(batch, template)
  }
  return template.with(beginning)
}
