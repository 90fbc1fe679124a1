/** The identifiers of the live world, branded. Knowing an id gives no right to anything: a connection owns what it mounted. */
import * as Schema from "effect/Schema"

/** A component instance: one activation-independent identity, chosen by the server. */
export const ComponentId = Schema.String.pipe(Schema.brand("fibra/ComponentId"))
/** A component instance: one activation-independent identity, chosen by the server. */
export type ComponentId = typeof ComponentId.Type

/** A client, from its first connection until it does not come back: drops do not change it, and others may know it. */
export const ConnectionId = Schema.String.pipe(Schema.brand("fibra/ConnectionId"))
/** A client, from its first connection until it does not come back: drops do not change it, and others may know it. */
export type ConnectionId = typeof ConnectionId.Type
