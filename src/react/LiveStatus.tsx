/** Shows in words why a component is not live, to eyes and to screen readers; nothing while all is well. */
import type { ReactElement } from "react"
import type * as Component from "../Component.ts"
import type { ComponentStatus } from "../store/ComponentStatus.ts"
import type { LiveComponent } from "../store/LiveComponent.ts"

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

/** What `LiveStatus` shows. */
export interface LiveStatusProps {
  readonly of: Pick<LiveComponent<Component.Typed>, "status">
  /** Other texts, or another language. */
  readonly text?: Partial<LiveStatusText> | undefined
  readonly className?: string | undefined
}

/** A live region that is empty while all is well; `data-live` has the status for style sheets. */
export const LiveStatus = ({ className, of: { status }, text: own }: LiveStatusProps): ReactElement => (
  <span role="status" className={className} data-live={status}>
    {status === "synced" ? null : (own?.[status] ?? text[status])}
  </span>
)
