/** Who takes part in a scenario: which server, and over which wire it is spoken to. */
import type { Peer, Side } from "./wires.ts"

/** One of them. */
export interface Contestant {
  /** What its figures are called. */
  readonly name: string
  readonly side: Side
  readonly server: URL
}

const server = (file: string): URL => new URL(file, import.meta.url)

const servers: { readonly [side in Side]: URL } = {
  raw: server("./raw-server.ts"),
  rpc: server("./fibra-server.ts"),
  json: server("./fibra-server.ts"),
  socketio: server("./peers/socketio-server.mjs"),
  colyseus: server("./peers/colyseus-server.mjs")
}

/** The one that is measured on this side. */
export const of = (side: Side): Contestant => ({ name: side, side, server: servers[side] })

/** Fibra without the numbers that a monitor reads. */
export const unwatched = (side: Side): Contestant => ({
  name: "unwatched",
  side,
  server: server("./unwatched-server.ts")
})

/** What others that somebody might take are called. */
export const peers: { readonly [peer in Peer]: string } = { socketio: "Socket.IO", colyseus: "Colyseus" }
