/** What can be said in one word of a component on a page. */
import type { ComponentSnapshot } from "../client/ComponentSnapshot.ts"
import type { ConnectionStatus } from "../client/ConnectionState.ts"

/**
 * `connecting`: there was no connection yet. `mounting`: the server is asked for the component. `synced`: it shows the server's state, and
 * can be used. `reconnecting`: the connection is lost. `loading`: there is one again, and the component is brought back.
 * `disconnected`: it is not mounted, because nobody wants it to be, or because there is no connection for so long that `error` says so.
 * `error`: it could not be mounted, and `error` says why. `restarting`: it has crashed. `faulted`: it has crashed too often. `stopped`:
 * its instance has ended. `outdated`: the server has a later version of the contract than this page. `unauthorized`: the server asks to
 * sign in.
 */
export type ComponentStatus =
  | "connecting"
  | "mounting"
  | "synced"
  | "reconnecting"
  | "loading"
  | "disconnected"
  | "error"
  | "restarting"
  | "faulted"
  | "stopped"
  | "outdated"
  | "unauthorized"

/** The status of a component with a connection of this status. */
export const statusOf = (view: ComponentSnapshot<unknown>, connection: ConnectionStatus): ComponentStatus => {
  const { activation, connected, error, status } = view
  const isConnected = connection === "connected"
  if (status === "outdated") return status
  if (error?.reason._tag === "Disconnected") {
    if (error.reason.connection?.kind === "unauthorized") return "unauthorized"
    if (!isConnected) return "disconnected"
  }
  if (error !== undefined) return "error"
  if (connected && status !== "mounting") return status === "running" ? "synced" : status
  if (activation === undefined) return isConnected ? "mounting" : "connecting"
  return isConnected ? "loading" : "reconnecting"
}
