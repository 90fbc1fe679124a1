/**
 * Owns the one connection of everything below it. It connects when it is mounted and disconnects when it is really
 * gone: the double effects of StrictMode neither open a second connection nor close the first.
 */
import { type ReactElement, type ReactNode, useEffect, useInsertionEffect, useRef, useState } from "react"
import { PageClient, type PageTarget, type PageToken } from "../store/PageClient.ts"
import { LiveContext } from "./LiveContext.ts"

/** Where the server is, and who uses the page. */
export interface LiveProviderProps extends PageTarget {
  readonly children?: ReactNode
  /**
   * The credentials of who uses the page, where no cookie carries them. Another text connects anew, as that client, and
   * what is mounted stays. An effect is asked for each attempt to connect.
   */
  readonly token?: PageToken
  /** Called when the server asks to sign in: when the page connects, or when its client was signed out. */
  readonly onUnauthorized?: (() => void) | undefined
}

/** Connects everything below it to a live server. */
export const LiveProvider = ({ children, onUnauthorized, token, ...target }: LiveProviderProps): ReactElement => {
  const make = (): PageClient => {
    const made = new PageClient(target)
    // A view that suspends connects before there are effects.
    made.takeToken(token)
    return made
  }
  const [current, setCurrent] = useState(make)
  let page = current
  if (!page.is(target)) {
    page = make()
    setCurrent(page)
  }
  const latest = useRef(onUnauthorized)
  useInsertionEffect(() => {
    latest.current = onUnauthorized
  })
  useEffect(() => {
    if (page.takeToken(token)) page.connection.reconnect()
  }, [page, token])
  useEffect(() => page.onUnauthorized(() => latest.current?.()), [page])
  return <LiveContext.Provider value={page}>{children}</LiveContext.Provider>
}
