/**
 * Attends Effect's HTTP servers from the moment they listen, which is before anything of this library is built. It
 * recognises them by their listener for "session" (HTTP/2), which no other server has. A test fails when that changes.
 */
import { subscribe } from "node:diagnostics_channel"
import { Server } from "node:http"
import { Server as TlsServer } from "node:https"
import { attend } from "./IdleServer.ts"

/** Node's defaults and our replacements: how long the head of a request may take, and how often that is checked. */
const headersTimeout = [60_000, 10_000] as const
const connectionsCheckingInterval = [30_000, 2_500] as const

/** Options of a server that are missing from its type. */
interface Timeouts {
  connectionsCheckingInterval: number
}

/** Attends a server that begins to listen, if it is one of Effect's. */
const onListen = (server: unknown): void => {
  if (!isOfEffect(server)) return
  attend(server)
  // Half a request belongs to no route yet. Settings that somebody changed are left alone.
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
