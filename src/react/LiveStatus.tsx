/** Shows in words why a component is not live, to eyes and to screen readers; nothing while all is well. */
import type { ReactElement } from "react"
import type * as Component from "../Component.ts"
import type { LiveComponent } from "../store/LiveComponent.ts"
import { type LiveStatusText, statusText } from "../store/StatusText.ts"

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
    {statusText(status, own)}
  </span>
)
