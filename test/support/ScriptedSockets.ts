/** WebSockets that do what a test says, and what is asked over HTTP when they are refused. */
import { Context, Effect, Layer } from "effect"
import { Socket } from "effect/socket"
import { Link, LiveClient, StateCache } from "fibra/client"

/** A WebSocket that never leaves this process. */
export class ScriptedSocket extends EventTarget {
  readyState = 0
  readonly url: string
  readonly token: string | undefined
  readonly sent: Array<string> = []
  bufferedAmount = 0
  /** Whether pings are answered. */
  isAnswering = true

  constructor(url: string, protocols: string | ReadonlyArray<string> | undefined) {
    super()
    this.url = url
    this.token = typeof protocols === "string" ? undefined : protocols?.[1]?.slice("bearer.".length)
  }

  send(frame: string): void {
    this.sent.push(frame)
    if (this.isAnswering && frame.includes('"_tag":"Ping"')) this.receive({ _tag: "Pong" })
  }

  close(): void {
    this.readyState = 3
  }

  /** The server takes the handshake. */
  accept(): void {
    if (this.readyState === 3) return
    this.readyState = 1
    this.dispatchEvent(new Event("open"))
  }

  /** The handshake fails, as browsers tell it. */
  refuse(): void {
    this.dispatchEvent(new Event("error"))
    this.end(1006)
  }

  /** The server sends a message. */
  receive(message: unknown): void {
    this.dispatchEvent(Object.assign(new Event("message"), { data: JSON.stringify(message) }))
  }

  /** The server sends a part of a message. */
  receiveText(text: string): void {
    this.dispatchEvent(Object.assign(new Event("message"), { data: text }))
  }

  /** The connection ends with this code. */
  end(code: number, reason = ""): void {
    this.readyState = 3
    this.dispatchEvent(Object.assign(new Event("close"), { code, reason }))
  }
}

/** What becomes of each WebSocket; throws where none can be made. */
export type Script = (socket: ScriptedSocket, index: number) => void

/** Lets promises and fibers of this turn end. */
export const settle: Effect.Effect<void> = Effect.promise(
  () => new Promise((resolve) => void setImmediate(resolve))
).pipe(Effect.repeat({ times: 5 }), Effect.asVoid)

/** The sockets of one client, and how they are made. */
export const sockets = (script: Script) => {
  const made: Array<ScriptedSocket> = []
  const dial: Socket.WebSocketConstructor["Service"] = (url, protocols) => {
    const socket = new ScriptedSocket(url, protocols as string | Array<string> | undefined)
    const index = made.push(socket) - 1
    script(socket, index)
    return socket as unknown as globalThis.WebSocket
  }
  return { made, layer: Layer.succeed(Socket.WebSocketConstructor, dial) }
}

/** Tries when the client listens. */
export const soon = (act: () => void): void => void setImmediate(act)

/** A client over such sockets. */
export const client = Effect.fnUntraced(function* (options: Link.WebSocketOptions, script: Script) {
  const { layer, made } = sockets(script)
  const services = Layer.merge(Layer.provide(Link.layerWebSocket(options), layer), StateCache.layerMemory)
  const context = yield* Layer.build(Layer.fresh(Layer.provide(LiveClient.layer(), services)))
  return { live: Context.get(context, LiveClient), made }
})
