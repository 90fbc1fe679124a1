/** The client that components below a `LiveProvider` use. */
import { createContext, useContext } from "react"
import type { Live } from "../store/Live.ts"

/** What the nearest `LiveProvider` gives. */
export const LiveContext = createContext<Live | undefined>(undefined)

/** What the nearest `LiveProvider` gives; throws when there is none. */
export const useLive = (): Live => {
  const live = useContext(LiveContext)
  if (live === undefined) {
    throw new Error(
      "A hook of fibra/react was used outside of a LiveProvider, which owns the connection. " +
        "Wrap the root of the page in <LiveProvider>."
    )
  }
  return live
}
