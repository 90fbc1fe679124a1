/** The client that components below a `LiveProvider` use. */
import type * as Effect from "effect/Effect"
import { createContext, useContext } from "react"
import type { LiveClient } from "../client/LiveClient.ts"
import type { RefCounted } from "./RefCounted.ts"

/** A client that exists while somebody needs it. Building it may take a moment. */
export type SharedClient = RefCounted<Effect.Effect<LiveClient["Service"]>>

/** The client of the nearest `LiveProvider`. */
export const LiveContext = createContext<SharedClient | undefined>(undefined)

/** The client of the nearest `LiveProvider`; throws when there is none. */
export const useSharedClient = (): SharedClient => {
  const client = useContext(LiveContext)
  if (client === undefined) {
    throw new Error(
      "useComponent was used outside of a LiveProvider, which owns the connection. " +
        "Wrap the root of the page in <LiveProvider>."
    )
  }
  return client
}
