/** Says in words why a component is not live. */
import type { ComponentStatus } from "./ComponentStatus.ts"

/** The text for each status. */
export type LiveStatusText = { readonly [status in Exclude<ComponentStatus, "synced">]: string }

const text: LiveStatusText = {
  connecting: "Connecting …",
  mounting: "Connecting …",
  reconnecting: "Offline. Connecting again …",
  loading: "Loading …",
  disconnected: "Not connected.",
  error: "Not available.",
  restarting: "Restarting …",
  faulted: "Out of order. Trying again …",
  stopped: "Stopped.",
  outdated: "There is a new version. Reload the page.",
  unauthorized: "Signed out."
}

/** Why a component with this status is not live, for people; nothing while all is well. `own` has other texts, or another language. */
export const statusText = (status: ComponentStatus, own?: Partial<LiveStatusText>): string =>
  status === "synced" ? "" : (own?.[status] ?? text[status])
