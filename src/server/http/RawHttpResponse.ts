/** An HTTP answer on a socket that no HTTP server looks after any more. */
import type { Duplex } from "node:stream"
import { dismiss } from "./Dismissal.ts"

/** Answers, and ends it; nothing more is expected of the peer, not even that it is there. */
export const end = (
  socket: Duplex,
  status: string,
  headers: { readonly [name: string]: string },
  text: string
): void => {
  const lines = Object.entries({
    "content-type": "text/plain; charset=utf-8",
    connection: "close",
    ...headers,
    "content-length": String(Buffer.byteLength(text))
  }).map(([name, value]) => `${name}: ${value}`)
  socket.on("error", () => {})
  dismiss(socket)
  socket.end(`HTTP/1.1 ${status}\r\n${lines.join("\r\n")}\r\n\r\n${text}`)
}
