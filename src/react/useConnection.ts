/** What a page knows of its connection. */
import { useSyncExternalStore } from "react"
import { useLive } from "./LiveContext.ts"
import type { LiveConnection } from "../store/PageConnection.ts"

/**
 * The connection of the nearest `LiveProvider`: its status, since when, why there is none, when the next attempt is made, how
 * long the server takes to answer, `retry` and `reconnect`. The view renders again after each change.
 *
 * <!-- snippet: test/examples/ConnectionBanner.tsx#banner -->
 */
export const useConnection = (): LiveConnection => {
  const { connection } = useLive()
  return useSyncExternalStore(connection.subscribe, connection.getSnapshot, connection.getServerSnapshot)
}
