/** The wires under test, by server and protocol. */
import { JsonWire } from "./json-wire.ts"
import { RawWire } from "./raw-wire.ts"
import { RpcWire } from "./rpc-wire.ts"
import type { Reader, Wire } from "./wire.ts"

/** Which server. */
export type Side = "raw" | "fibra"

/** Which of its wires fibra is spoken to over: the one of its own client, or the open one. */
export type Front = "rpc" | "json"

/** Where a server listens for sockets. */
export const pathOf = (side: Side, front: Front): string =>
  side === "raw" ? "/" : front === "rpc" ? "/api/live/rpc" : "/api/live/ws"

/** A client's end of the wire of a server. */
export const make = (side: Side, front: Front, reader: Reader): Wire =>
  side === "raw" ? new RawWire(reader) : front === "rpc" ? new RpcWire(reader) : new JsonWire(reader)
