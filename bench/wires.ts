/** The wires under test, by server and protocol. */
import { ColyseusWire, seatOf } from "./peers/colyseus-wire.ts"
import { SocketIoWire } from "./peers/socketio-wire.ts"
import { JsonWire } from "./json-wire.ts"
import { RawWire } from "./raw-wire.ts"
import { RpcWire } from "./rpc-wire.ts"
import type { Mounting, Reader, Wire } from "./wire.ts"

/** Over which of its wires fibra is spoken to: the one of its own client, or the open one. */
export type Front = "rpc" | "json"

/** What else somebody would take. */
export type Peer = "socketio" | "colyseus"

/** Who is measured. */
export type Side = "raw" | Front | Peer

/** Whether this is fibra. */
export const isFront = (side: Side): side is Front => side === "rpc" || side === "json"

/** Where fibra listens for sockets. */
export const paths: { readonly [front in Front]: string } = { rpc: "/api/live/rpc", json: "/api/live/ws" }

/** Where a server listens for the socket of one client. */
export const pathOf = async (side: Side, port: number, mounting: Mounting): Promise<string> => {
  switch (side) {
    case "raw":
      return "/"
    case "socketio":
      return "/socket.io/?EIO=4&transport=websocket"
    case "colyseus":
      return await seatOf(port, mounting)
    default:
      return paths[side]
  }
}

const wires: { readonly [side in Side]: new (reader: Reader) => Wire } = {
  raw: RawWire,
  rpc: RpcWire,
  json: JsonWire,
  socketio: SocketIoWire,
  colyseus: ColyseusWire
}

/** A client's end of the wire of a server. */
export const make = (side: Side, reader: Reader): Wire => new wires[side](reader)
