/**
 * The client of `ws` behind the interface of `LightSocket`: what a real client costs, handshake included. `mounts` uses it on both
 * wires, like the measurements its target comes from; the CPU column says what the server alone spends.
 */
import { WebSocket } from "ws"
import type { Listener } from "./socket.ts"

/** A client's end of one WebSocket. */
export class StockSocket {
  readonly #ws: WebSocket

  constructor(port: number, path: string, listener: Listener) {
    this.#ws = new WebSocket(`ws://127.0.0.1:${port}${path}`, { perMessageDeflate: false })
    this.#ws.on("open", listener.opened)
    this.#ws.on("message", (data: Buffer) => listener.received(data.toString()))
    this.#ws.on("error", (error) => listener.lost(error.message))
    this.#ws.on("close", () => listener.lost("closed"))
  }

  /** Sends a text. */
  send(text: string): void {
    this.#ws.send(text)
  }

  /** Ends the connection at once. */
  close(): Promise<void> {
    this.#ws.removeAllListeners("close")
    return new Promise((resolve) => {
      if (this.#ws.readyState === this.#ws.CLOSED) return resolve()
      this.#ws.once("close", () => resolve())
      this.#ws.terminate()
    })
  }
}
