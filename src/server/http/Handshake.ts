// Relies on the insides of `ws`: test/server/http/Handshake.test.ts fails when an upgrade changes them.
/** The handshake of a WebSocket whose request was checked: its answer, and what the connection is read and written with. */
import { hash } from "node:crypto"
import type { IncomingMessage } from "node:http"
import type { Socket } from "node:net"
import { WebSocketServer } from "ws"
import type { Principal } from "../../Principal.ts"
import type { Slot } from "../transport/ConnectionLimits.ts"
import { ConnectionSocket } from "../transport/ConnectionSocket.ts"
import type { Deflater } from "../transport/Deflater.ts"
import { type AcceptedOffer, Inflater, type PerMessageDeflate } from "../transport/PerMessageDeflate.ts"

/** A connection that was accepted. */
export interface AcceptedConnection {
  readonly principal: Principal | undefined
  /** Compresses messages for this client. Undefined when the client takes no compressed messages. */
  readonly deflater: Deflater | undefined
  /** The query of its request. */
  readonly query: () => URLSearchParams
}

/** Called with each connection that is accepted. */
export type OnConnection = (ws: ConnectionSocket, socket: Socket, accepted: AcceptedConnection) => void

/** Makes a handshake, and counts the connection in its slot from then on. False when it was refused, with 400. */
export type Handshake = (
  incoming: IncomingMessage,
  socket: Socket,
  principal: Principal | undefined,
  slot: Slot
) => boolean

/** The sub-protocol of every endpoint. Others that a client offers, such as one with a token, are never selected. */
const protocol = "fibra"

/** Milliseconds that a peer may take to answer the closing handshake. */
const closeTimeout = 2000

/**
 * How many frames one message may consist of: 1 MiB in pieces of 2 KiB. Each frame holds the buffer it was read into.
 */
const maxFragments = 512

/** The handshakes of one endpoint. */
export const make = (
  { compression, maxPayload }: { readonly compression: PerMessageDeflate | undefined; readonly maxPayload: number },
  onConnection: OnConnection
): Handshake => {
  const options = {
    noServer: true,
    clientTracking: false,
    // Negotiated here: `ws` would refuse a client whose offer it cannot accept.
    perMessageDeflate: false,
    maxPayload,
    maxFragments,
    closeTimeout,
    WebSocket: ConnectionSocket,
    handleProtocols: (offered: ReadonlySet<string>) => offered.has(protocol) && protocol
  }
  const server = new WebSocketServer(options)
  /** The offer accepted in the current handshake. */
  let accepted: AcceptedOffer | undefined
  server.on("headers", (headers) => {
    if (accepted !== undefined) headers.push(`Sec-WebSocket-Extensions: ${accepted.response}`)
  })
  const open = (
    ws: ConnectionSocket,
    incoming: IncomingMessage,
    principal: Principal | undefined,
    slot: Slot
  ): void => {
    const offer = accepted
    ws.slot = slot
    ws.options = server.options
    if (offer !== undefined) new Inflater(ws, maxPayload).attach()
    const query = () => queryOf(incoming)
    onConnection(ws, incoming.socket, { principal, deflater: offer?.deflater, query })
  }
  return (incoming, socket, principal, slot) => {
    const { headers } = incoming
    accepted = compression?.accept(headers["sec-websocket-extensions"])
    let isOpen = false
    // The handshake and the first messages are written together.
    socket.cork()
    if (headers["sec-websocket-protocol"] === undefined && socket.readable && socket.writable) {
      isOpen = true
      const ws = new ServerSocket(null, undefined, server.options)
      socket.write(answerTo(headers["sec-websocket-key"] ?? "", accepted), "latin1")
      ws.setSocket(socket, noHead)
      open(ws, incoming, principal, slot)
    } else {
      server.handleUpgrade(incoming, socket, noHead, (ws) => {
        isOpen = true
        open(ws, incoming, principal, slot)
      })
    }
    socket.uncork()
    return isOpen
  }
}

/** A socket as `ws` makes it for a server. */
const ServerSocket = ConnectionSocket as unknown as new (
  address: null,
  protocols: undefined,
  options: object
) => ConnectionSocket

/** RFC 6455, section 1.3. */
const suffix = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

/**
 * The answer to a handshake without sub-protocols: what `ws` would answer, which reads for each what nearly none sends, and
 * puts the answer together of parts.
 */
const answerTo = (key: string, accepted: AcceptedOffer | undefined): string => {
  const extensions = accepted === undefined ? "" : `Sec-WebSocket-Extensions: ${accepted.response}\r\n`
  const accept = hash("sha1", key + suffix, "base64")
  return `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n${extensions}\r\n`
}

/** A client sends nothing before it has the answer, so there is no head to pass on. */
const noHead = Buffer.alloc(0)

const queryOf = ({ url = "" }: IncomingMessage): URLSearchParams =>
  new URLSearchParams(url.includes("?") ? url.slice(url.indexOf("?") + 1) : "")
