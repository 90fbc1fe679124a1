/** Says in words what keeps a component from being live, to eyes and to screen readers; nothing when all is well. */
import type { ReactElement } from "react"
import type * as Component from "../Component.ts"
import type { LiveComponent } from "./LiveComponent.ts"

/** What a component is like, seen from a page; all but `live` keep it from being used. */
export type Liveness = "live" | "connecting" | "offline" | "outdated" | "refused" | "restarting" | "faulted" | "stopped"

/** What there is to know of a component to say how it is. */
export type Observed = Pick<LiveComponent<Component.Typed>, "connected" | "status">

/** The words for each state of a component. */
export type LiveStatusText = { readonly [state in Exclude<Liveness, "live">]: string }

const text: LiveStatusText = {
  connecting: "Connecting …",
  offline: "Offline. Connecting again …",
  outdated: "There is a new version. Reload the page.",
  refused: "Not available.",
  restarting: "Restarting …",
  faulted: "Out of order. Trying again …",
  stopped: "Stopped."
}

/** What a component is like, in one word. */
export const liveness = ({ connected, status }: Observed): Liveness => {
  if (status === "refused" || status === "outdated") return status
  if (status === "mounting") return "connecting"
  if (!connected) return "offline"
  return status === "running" ? "live" : status
}

/** What `LiveStatus` shows. */
export interface LiveStatusProps {
  readonly of: Observed
  /** Other words, or another language. */
  readonly text?: Partial<LiveStatusText> | undefined
  readonly className?: string | undefined
}

/** A live region that is empty while all is well; `data-live` has the state for a style sheet. */
export const LiveStatus = ({ className, of, text: own }: LiveStatusProps): ReactElement => {
  const state = liveness(of)
  return (
    <span role="status" className={className} data-live={state}>
      {state === "live" ? null : (own?.[state] ?? text[state])}
    </span>
  )
}
