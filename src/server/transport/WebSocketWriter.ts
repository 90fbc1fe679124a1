/**
 * Writes to a WebSocket of `ws`. Frames are built here and written to the socket directly: one text per flush, or the
 * same buffer for all clients that get the same change. `ws.send` would build and write each of them.
 */
import type { Socket } from "node:net"
import type { Principal } from "../../Principal.ts"
import type { ConnectionSocket } from "./ConnectionSocket.ts"
import type { WireProtocol } from "./Connection.ts"
import type { Deflater } from "./Deflater.ts"
import * as Departed from "./Departed.ts"
import type { Frame, FrameWriter } from "./FrameWriter.ts"
import type { Transport } from "./Transport.ts"
import { asciiText, asciiTexts, frame, frames, FrameTemplate } from "./WebSocketFrames.ts"

/** Attaches a wire to a WebSocket. With a `Deflater`, messages are compressed. */
export const attach = (
  transport: Transport["Service"],
  protocol: WireProtocol,
  ws: ConnectionSocket,
  socket: Socket,
  principal: Principal | undefined,
  deflater: Deflater | undefined
): void => {
  const writer = deflater === undefined ? new WebSocketWriter(ws, socket) : new DeflatingWriter(ws, socket, deflater)
  const connection = transport.attachUnsafe(protocol, writer, principal, ws.slot?.address)
  ws.connection = connection
}

/** The close code for a client that asks for more than it reads. It may not even read that. */
const tooMuch = 1013

/** The client sends more than it may. */
const tooFast = 1008

/** Clients that did nothing wrong; their closing handshake is waited for. */
const goingAway = 1001

/** The frames of each batch that goes to several components, built once. */
const templates = new WeakMap<object, FrameTemplate>()

class WebSocketWriter implements FrameWriter {
  readonly #ws: ConnectionSocket
  readonly #socket: Socket
  /** Bytes of the request and of what came before it on this socket, and of the response. */
  readonly #readBefore: number
  readonly #writtenBefore: number

  constructor(ws: ConnectionSocket, socket: Socket) {
    this.#ws = ws
    this.#socket = socket
    this.#readBefore = socket.bytesRead
    this.#writtenBefore = socket.bytesWritten
  }

  get kind(): string {
    return "websocket"
  }

  frame(text: string): Frame {
    return asciiText(text) ?? frame(text)
  }

  frames(texts: ReadonlyArray<string>): Frame {
    return asciiTexts(texts) ?? frames(texts)
  }

  shared(texts: ReadonlyArray<string>): Frame {
    return frames(texts)
  }

  get isCompressing(): boolean {
    return false
  }

  writeTo(prefix: string, batch: { readonly texts: ReadonlyArray<string> }): void {
    const beginning = Buffer.from(prefix)
    const template = this.template(batch, beginning)
    this.write(template.with(beginning))
    // Bytes that have not left yet must not be changed.
    if (this.#socket.writableLength > 0) template.keep()
  }

  protected template(batch: { readonly texts: ReadonlyArray<string> }, beginning: Uint8Array): FrameTemplate {
    let template = templates.get(batch)
    if (template?.fits(beginning) !== true) {
      template = FrameTemplate.of(batch.texts, beginning)
      templates.set(batch, template)
    }
    return template
  }

  get isOpen(): boolean {
    return this.#ws.readyState === this.#ws.OPEN
  }

  write(frame: Frame): void {
    if (!this.isOpen) return
    if (typeof frame === "string") this.#socket.write(frame, "latin1")
    else this.#socket.write(frame)
  }

  bufferedUnsafe(): number {
    return this.#socket.writableLength
  }

  get bytesRead(): number {
    return this.#socket.bytesRead - this.#readBefore
  }

  get bytesWritten(): number {
    return this.#socket.bytesWritten - this.#writtenBefore
  }

  get bytesMoved(): number {
    return this.bytesRead + Departed.bytesOf(this.#socket) - this.#writtenBefore
  }

  get drainsAbove(): number {
    return this.#socket.writableHighWaterMark
  }

  ping(): void {
    if (this.isOpen) this.#ws.ping()
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
    if (!this.isOpen) {
      // A client that keeps sending during the closing handshake is not waited for.
      if (code === tooFast) this.#ws.terminate()
      return
    }
    this.#ws.close(code, reason)
    // A client that does not read does not answer the closing handshake either.
    if (this.#socket.writableLength > 0) this.#ws.terminate()
    else if (code === tooMuch) this.#socket.destroySoon()
    else if (code !== goingAway) {
      // It is told why, and not read any more.
      this.#socket.end()
      this.#socket.pause()
    }
  }
}

/** Writes to a client that takes compressed messages. */
class DeflatingWriter extends WebSocketWriter {
  readonly #deflater: Deflater

  constructor(ws: ConnectionSocket, socket: Socket, deflater: Deflater) {
    super(ws, socket)
    this.#deflater = deflater
  }

  override get kind(): string {
    return this.#deflater.kind
  }

  override get isCompressing(): boolean {
    return true
  }

  override frame(text: string): Frame {
    return this.#deflater.frame(text)
  }

  override frames(texts: ReadonlyArray<string>): Frame {
    return this.#deflater.frames(texts)
  }

  override shared(texts: ReadonlyArray<string>): Frame {
    return this.#deflater.frames(texts)
  }

  protected override template(batch: { readonly texts: ReadonlyArray<string> }, beginning: Uint8Array): FrameTemplate {
    return this.#deflater.template(batch, beginning)
  }
}
