/**
 * Effect's HTTP servers are attended from the moment they listen, which is before anything of this library is built. This relies on
 * what they are made of: each listens to "session", for HTTP/2, which no other server does. A test of its own fails when they do not.
 */
import { subscribe } from "node:diagnostics_channel"
import { Server } from "node:http"
import { Server as TlsServer } from "node:https"
import { attend } from "./IdleServer.ts"

/** Node's defaults, and what takes their place: how long the head of a request may take, and how often that is looked at. */
const headersTimeout = [60_000, 10_000] as const
const connectionsCheckingInterval = [30_000, 2_500] as const

/** The options of a server that it is made with, and not given by its type. */
interface Timeouts {
  connectionsCheckingInterval: number
}

/** Attends a server that begins to listen, if it is one of Effect's. */
const onListen = (server: unknown): void => {
  if (!isOfEffect(server)) return
  attend(server)
  // Half a request is nobody's yet. Who has said otherwise is not contradicted.
  const options = server as Server & Timeouts
  if (options.headersTimeout === headersTimeout[0]) options.headersTimeout = headersTimeout[1]
  if (options.connectionsCheckingInterval === connectionsCheckingInterval[0]) {
    options.connectionsCheckingInterval = connectionsCheckingInterval[1]
  }
}

const isOfEffect = (server: unknown): server is Server =>
  (server instanceof Server || server instanceof TlsServer) && server.listenerCount("session") > 0

subscribe("tracing:net.server.listen:asyncStart", (message) =>
  onListen((message as { readonly server: unknown }).server)
)
