/** An HTTP response on a socket that no HTTP server handles any more. */
import type { Duplex } from "node:stream"
import { dismiss } from "./Dismissal.ts"

/** Writes the response and closes the socket. The peer may be gone already. */
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
