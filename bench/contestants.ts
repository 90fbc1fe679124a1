/** Who takes part in a scenario: which server, and over which wire it is spoken to. */
import type { Peer, Side } from "./wires.ts"

/** One of them. */
export interface Contestant {
  /** What its figures are called. */
  readonly name: string
  readonly side: Side
  readonly server: URL
}

const servers: { readonly [side in Side]: URL } = {
  raw: new URL("./raw-server.ts", import.meta.url),
  rpc: new URL("./fibra-server.ts", import.meta.url),
  json: new URL("./fibra-server.ts", import.meta.url),
  socketio: new URL("./peers/socketio-server.mjs", import.meta.url),
  colyseus: new URL("./peers/colyseus-server.mjs", import.meta.url)
}

/** The one that is measured on this side. */
export const of = (side: Side): Contestant => ({ name: side, side, server: servers[side] })

/** Fibra without the numbers that a monitor reads. */
export const unwatched = (side: Side): Contestant => ({
  name: "unwatched",
  side,
  server: new URL("./unwatched-server.ts", import.meta.url)
})

/** What others that somebody might take are called. */
export const peers: { readonly [peer in Peer]: string } = { socketio: "Socket.IO", colyseus: "Colyseus" }
