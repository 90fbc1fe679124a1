/**
 * Owns the one connection of everything below it. It connects when it is mounted and disconnects when it is really
 * gone: the double effects of StrictMode neither open a second connection nor close the first.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as ManagedRuntime from "effect/ManagedRuntime"
import { type ReactElement, type ReactNode, useEffect, useState } from "react"
import { LiveClient } from "../client/LiveClient.ts"
import { RefCounted } from "./RefCounted.ts"
import { LiveContext, type SharedClient } from "./LiveContext.ts"

/** Where the server is. */
export interface LiveProviderProps {
  readonly children?: ReactNode
  /** `ws://` or `wss://`, with the path. By default `/api/live/rpc` on the host of the page. */
  readonly url?: string | undefined
  /** A client made elsewhere, instead of a connection of its own. It is not closed. */
  readonly client?: LiveClient["Service"] | undefined
}

/** Connects everything below it to a live server. */
export const LiveProvider = ({ children, client, url }: LiveProviderProps): ReactElement => {
  const [current, setCurrent] = useState(() => make(client, url))
  let used = current
  if (used.client !== client || used.url !== url) {
    used = make(client, url)
    setCurrent(used)
  }
  const { shared } = used
  useEffect(() => shared.retain().release, [shared])
  return <LiveContext.Provider value={shared}>{children}</LiveContext.Provider>
}

interface Current extends Pick<LiveProviderProps, "client" | "url"> {
  readonly shared: SharedClient
}

const make = (client: LiveClient["Service"] | undefined, url: string | undefined): Current => ({
  client,
  url,
  shared:
    client === undefined ? connection(url) : new RefCounted(() => ({ value: Effect.succeed(client), close: () => {} }))
})

const connection = (url: string | undefined): SharedClient =>
  new RefCounted(() => {
    const runtime = ManagedRuntime.make(LiveClient.layerWebSocket({ url: url ?? pageUrl }))
    runtime.runFork(Effect.void)
    return {
      value: Effect.map(runtime.contextEffect, (context) => Context.get(context, LiveClient)),
      close: () => void Effect.runFork(runtime.disposeEffect)
    }
  })

/** Computed when connecting: there is no `location` where pages are rendered on a server. */
const pageUrl = Effect.sync(() => {
  const { host, protocol } = location
  return `${protocol === "https:" ? "wss:" : "ws:"}//${host}/api/live/rpc`
})
