/** Shows in words why a component is not live, to eyes and to screen readers; nothing while all is well. */
import type { ReactElement } from "react"
import type * as Component from "../Component.ts"
import type { LiveComponent } from "./LiveComponent.ts"

/** The condition of a component, seen from a page. Only a `live` one can be used. */
export type Liveness =
  | "live"
  | "connecting"
  | "offline"
  | "unauthorized"
  | "outdated"
  | "refused"
  | "restarting"
  | "faulted"
  | "stopped"

/** The fields that the condition follows from. */
export type Observed = Pick<LiveComponent<Component.Typed>, "connected" | "status">

/** The text for each condition. */
export type LiveStatusText = { readonly [state in Exclude<Liveness, "live">]: string }

const text: LiveStatusText = {
  connecting: "Connecting …",
  offline: "Offline. Connecting again …",
  unauthorized: "Signed out.",
  outdated: "There is a new version. Reload the page.",
  refused: "Not available.",
  restarting: "Restarting …",
  faulted: "Out of order. Trying again …",
  stopped: "Stopped."
}

/** The condition of a component. */
export const liveness = ({ connected, status }: Observed): Liveness => {
  if (status === "refused" || status === "outdated" || status === "unauthorized") return status
  if (status === "mounting") return "connecting"
  if (!connected) return "offline"
  return status === "running" ? "live" : status
}

/** What `LiveStatus` shows. */
export interface LiveStatusProps {
  readonly of: Observed
  /** Other texts, or another language. */
  readonly text?: Partial<LiveStatusText> | undefined
  readonly className?: string | undefined
}

/** A live region that is empty while all is well; `data-live` has the condition for style sheets. */
export const LiveStatus = ({ className, of, text: own }: LiveStatusProps): ReactElement => {
  const state = liveness(of)
  return (
    <span role="status" className={className} data-live={state}>
      {state === "live" ? null : (own?.[state] ?? text[state])}
    </span>
  )
}
