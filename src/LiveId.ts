/** Branded identifiers. An id gives no right to anything: a connection reaches only what it has mounted. */
import * as Schema from "effect/Schema"

/** Names a component instance, through all its activations. Chosen by the server. */
export const ComponentId = Schema.String.pipe(Schema.brand("fibra/ComponentId"))
/** Names a component instance, through all its activations. Chosen by the server. */
export type ComponentId = typeof ComponentId.Type

/** Names a client to other clients, from its first connection until its session ends. */
export const ConnectionId = Schema.String.pipe(Schema.brand("fibra/ConnectionId"))
/** Names a client to other clients, from its first connection until its session ends. */
export type ConnectionId = typeof ConnectionId.Type
