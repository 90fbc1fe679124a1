/** The devtools, as a component of React. */
import { useEffect } from "react"
import { useLive } from "../react/LiveContext.ts"
import { type DevtoolsOptions, show } from "./Devtools.ts"

/** Shows the devtools of the nearest `LiveProvider`, in a corner of the page. */
export const LiveDevtools = ({ dashboard, record }: DevtoolsOptions): null => {
  const live = useLive()
  useEffect(() => show(live, { dashboard, record }), [live, dashboard, record])
  return null
}
