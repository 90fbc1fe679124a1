/**
 * A connection without a network: the client's Link at one end, the server's FrameWriter at the other, and between them
 * the text that a socket would carry. It can be cut and restored, and hold frames in either direction; held frames are
 * lost when it is cut.
 */
import * as Effect from "effect/Effect"
import * as RpcClient from "effect/rpc/RpcClient"
import { RpcClientDefect, RpcClientError } from "effect/rpc/RpcClientError"
import type { FromServerEncoded } from "effect/rpc/RpcMessage"
import * as RpcSerialization from "effect/rpc/RpcSerialization"
import { TextFrame } from "../client/FrameQueue.ts"
import type { Hooks, Link } from "../client/Link.ts"
import { type ConnectionFailure, isFinal } from "../ConnectionFailure.ts"
import { CloseCode } from "../LiveProtocol.ts"
import type { Principal } from "../Principal.ts"
import type { Connection, WireProtocol } from "../server/transport/Connection.ts"
import type { Frame, FrameWriter } from "../server/transport/FrameWriter.ts"
import type { Transport } from "../server/transport/Transport.ts"

type Deliver = (message: FromServerEncoded) => void

/** Called with each frame when it arrives. */
export type OnFrame = (from: "client" | "server", text: string) => void

/** A server to connect to. */
export interface Server {
  readonly transport: Transport["Service"]
  readonly protocol: WireProtocol
}

/** Both ends of a connection. */
export class MemoryLink implements FrameWriter {
  readonly kind = "memory"
  readonly drainsAbove = 0
  readonly isCompressing = false
  bytesRead = 0
  bytesWritten = 0
  /** Nothing is under way: a frame is there as a whole, or not at all. */
  readonly bytesMoved = 0
  readonly #server: () => Server | undefined
  #principal: Principal | undefined
  readonly #onFrame: OnFrame
  #connection: Connection | undefined
  #hooks: Hooks | undefined
  #deliver: Deliver | undefined
  #stalled: Array<string> | undefined
  #held: Array<string | Uint8Array> | undefined
  #twice = false
  #losing = false
  readonly #unread: Array<string> = []
  #reading = false
  #isClosing = false
  /** How the server closes the connection. */
  #closed: ConnectionFailure | undefined
  /** Whether the connection ended for a reason that only signing in mends. */
  #isOver = false
  /** Why the client cannot connect. */
  #failing: ConnectionFailure | undefined

  /** The server is looked up for each connection; without one, connecting fails. */
  constructor(server: () => Server | undefined, principal: Principal | undefined, onFrame: OnFrame = () => {}) {
    this.#server = server
    this.#principal = principal
    this.#onFrame = onFrame
  }

  /** The client's side. */
  readonly client: Link["Service"] = {
    origin: Effect.succeed("memory:"),
    buffered: () => 0,
    isMoving: () => false,
    isBusy: () => false,
    takesParts: false,
    wake: Effect.suspend(() => (this.#isOver ? Effect.void : this.connect)),
    suspend: Effect.suspend(() => this.disconnect),
    reconnect: Effect.suspend(() => Effect.andThen(this.disconnect, this.connect)),
    sendBytes: (frame) => {
      if (this.#connection === undefined) return false
      this.sendBytes(frame)
      return true
    },
    open: (hooks) =>
      Effect.gen({ self: this }, function* () {
        this.#hooks = hooks
        const runFork = Effect.runForkWith(yield* Effect.context<never>())
        const protocol = yield* RpcClient.Protocol.make((write, clientIds) => {
          // One after the other, as they would be read from a socket: none overtakes another whose reader gives way.
          const arrived: Array<FromServerEncoded> = []
          let isReading = false
          const read: Effect.Effect<void> = Effect.suspend(() => {
            const message = arrived.shift()
            isReading = message !== undefined
            if (message === undefined) return Effect.void
            return Effect.andThen(
              Effect.forEach(Array.from(clientIds), (clientId) => write(clientId, message), { discard: true }),
              read
            )
          })
          this.#deliver = (message) => {
            arrived.push(message)
            if (isReading) return
            isReading = true
            runFork(read)
          }
          return Effect.succeed({
            send: (_clientId, message) =>
              Effect.suspend(() =>
                this.#connection === undefined
                  ? Effect.fail(connectionLost())
                  : Effect.sync(() => this.#send(message instanceof TextFrame ? message.text : JSON.stringify(message)))
              ),
            supportsAck: true,
            supportsTransferables: false,
            codecFor: RpcSerialization.json.codecFor
          })
        })
        yield* Effect.forkScoped(Effect.andThen(Effect.yieldNow, this.connect))
        yield* Effect.addFinalizer(() => this.disconnect)
        return protocol
      })
  }

  /** Opens the connection, unless it is open or there is no server. */
  readonly connect: Effect.Effect<void> = Effect.suspend(() => {
    if (this.#failing !== undefined && this.#connection === undefined) {
      return Effect.sync(() => this.#hooks?.onFailure(this.#failing as ConnectionFailure))
    }
    const server = this.#server()
    if (this.#connection !== undefined || server === undefined || server.transport.isDraining()) return Effect.void
    this.bytesRead = this.bytesWritten = 0
    this.#isOver = false
    this.#connection = server.transport.attachUnsafe(server.protocol, this, this.#principal)
    return this.#hooks?.onConnect ?? Effect.void
  })

  /** Every attempt to connect fails like this; with undefined, no more. */
  fail(failure: ConnectionFailure | undefined): void {
    this.#failing = failure
  }

  /** From the next connection on, it is this principal's. */
  as(principal: Principal | undefined): void {
    this.#principal = principal
  }

  /** Cuts the connection as a network would: neither end is asked. */
  readonly disconnect: Effect.Effect<void> = Effect.suspend(() => {
    const connection = this.#connection
    if (connection === undefined) return Effect.void
    this.#connection = undefined
    this.#stalled = undefined
    this.#held = undefined
    this.#unread.length = 0
    const failure: ConnectionFailure = this.#closed ?? { kind: "closed" }
    this.#closed = undefined
    this.#isOver = isFinal(failure)
    connection.closed()
    const lost = Effect.sync(() => {
      this.#deliver?.({ _tag: "ClientProtocolError", error: connectionLost() })
      this.#hooks?.onFailure(failure)
    })
    return Effect.andThen(this.#hooks?.onDisconnect ?? Effect.void, lost)
  })

  /** The client stops reading; what it is sent stays in a buffer. */
  stall(): void {
    if (this.#connection !== undefined) this.#stalled ??= []
  }

  /** The client reads so many frames of the buffer. */
  read(frames: number): void {
    this.#read(...(this.#stalled?.splice(0, frames) ?? []))
  }

  /** The client reads again, beginning with the buffer. */
  unstall(): void {
    const stalled = this.#stalled ?? []
    this.#stalled = undefined
    // All of it comes before what is sent because of it.
    this.#read(...stalled)
    this.#connection?.drained()
  }

  /** Holds what the client sends. */
  hold(): void {
    if (this.#connection !== undefined) this.#held ??= []
  }

  /** Delivers so many of the frames that are held. */
  deliver(frames: number): void {
    for (const frame of this.#held?.splice(0, frames) ?? []) this.#receive(frame)
  }

  /** Delivers what was held. */
  unhold(): void {
    const held = this.#held ?? []
    // What the client sends because of it waits for its turn.
    for (let next = held.shift(); next !== undefined && this.#held === held; next = held.shift()) this.#receive(next)
    if (this.#held === held) this.#held = undefined
  }

  /** The next frame of the server is lost, and those after it arrive. */
  lose(): void {
    this.#losing = true
  }

  /** The next frame of the client arrives twice. */
  twice(): void {
    this.#twice = true
  }

  /** The client sends a binary frame. It is lost when there is no connection. */
  sendBytes(frame: Uint8Array): void {
    if (this.#held !== undefined) this.#held.push(frame)
    else this.#receive(frame)
  }

  get isOpen(): boolean {
    return this.#connection !== undefined
  }

  frame(text: string): Frame {
    return text
  }

  frames(texts: ReadonlyArray<string>): Frame {
    return `[${texts.join(",")}]`
  }

  shared(texts: ReadonlyArray<string>): Frame {
    return texts.length === 1 ? (texts[0] ?? "") : this.frames(texts)
  }

  writeTo(prefix: string, { texts }: { readonly texts: ReadonlyArray<string> }): void {
    this.write(this.frames(texts.map((text) => prefix + text)))
  }

  write(frame: Frame): void {
    const text = String(frame)
    this.bytesWritten += Buffer.byteLength(text)
    if (this.#losing) {
      this.#losing = false
      return
    }
    if (this.#stalled === undefined) this.#read(text)
    else this.#stalled.push(text)
  }

  bufferedUnsafe(): number {
    return (this.#stalled ?? []).reduce((bytes, text) => bytes + text.length, 0)
  }

  ping(): void {
    if (this.#stalled === undefined) this.#connection?.heard()
  }

  pause(): void {}

  resume(): void {}

  /** The server closes: what it has written before is still read, by a client that reads. */
  close(code: number, text: string): void {
    this.#closed = { kind: code === CloseCode.signedOut ? "unauthorized" : "closed", code, text }
    if (this.#reading) this.#isClosing = true
    else this.terminate()
  }

  terminate(): void {
    Effect.runFork(this.disconnect)
  }

  #send(text: string): void {
    const texts = this.#twice ? [text, text] : [text]
    this.#twice = false
    if (this.#held !== undefined) this.#held.push(...texts)
    else for (const text of texts) this.#receive(text)
  }

  #receive(frame: string | Uint8Array): void {
    const connection = this.#connection
    if (connection === undefined) return
    if (typeof frame !== "string") {
      this.bytesRead += frame.length
      // As a socket would: the client may use its buffer again.
      return connection.receiveBytes(Buffer.from(frame))
    }
    this.#onFrame("client", frame)
    this.bytesRead += Buffer.byteLength(frame)
    connection.receive(frame)
  }

  /** A message may cause the next frame, which has to wait for the rest of this one, as on a socket. */
  #read(...texts: ReadonlyArray<string>): void {
    this.#unread.push(...texts)
    if (this.#reading) return
    this.#reading = true
    for (let next = this.#unread.shift(); next !== undefined; next = this.#unread.shift()) {
      this.#onFrame("server", next)
      const parsed = JSON.parse(next) as FromServerEncoded | ReadonlyArray<FromServerEncoded>
      const connection = this.#connection
      for (const message of Array.isArray(parsed) ? parsed : [parsed]) {
        if (this.#connection === connection) this.#deliver?.(message)
      }
    }
    this.#reading = false
    if (!this.#isClosing) return
    this.#isClosing = false
    this.terminate()
  }
}

/** The error of a lost socket, for requests under way and for those made afterwards. */
const connectionLost = (): RpcClientError =>
  new RpcClientError({ reason: new RpcClientDefect({ message: "The connection was cut", cause: undefined }) })
