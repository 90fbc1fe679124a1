/** Sockets over TCP and over TLS, for tests of what reads and writes them. */
import * as net from "node:net"
import * as tls from "node:tls"

/** Without a certificate: both ends know a key. */
const key = Buffer.alloc(32, "k")
const secure = { ciphers: "PSK", minVersion: "TLSv1.2", maxVersion: "TLSv1.2" } as const

/** How a server accepts sockets of a kind, and how a client connects to it. */
export const socketKinds = (options: { readonly allowHalfOpen: boolean }) => ({
  TCP: {
    serve: (accept: (socket: net.Socket) => void) => net.createServer(options, accept),
    connect: (port: number) => net.connect({ port, host: "127.0.0.1", ...options })
  },
  TLS: {
    serve: (accept: (socket: net.Socket) => void) =>
      tls.createServer({ ...secure, pskCallback: () => key, ...options }, accept),
    connect: (port: number) =>
      tls.connect({
        ...secure,
        port,
        host: "127.0.0.1",
        pskCallback: () => ({ psk: key, identity: "test" }),
        checkServerIdentity: () => undefined
      })
  }
})
