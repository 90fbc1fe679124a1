/**
 * Owns the one connection of everything below it. It connects when it is mounted and disconnects when it is really
 * gone: the double effects of StrictMode neither open a second connection nor close the first.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as ManagedRuntime from "effect/ManagedRuntime"
import { type ReactElement, type ReactNode, useEffect, useInsertionEffect, useRef, useState } from "react"
import { LiveClient } from "../client/LiveClient.ts"
import { LiveContext } from "./LiveContext.ts"
import { PageConnection } from "../store/PageConnection.ts"
import { RefCounted } from "../store/RefCounted.ts"
import type { Live } from "../store/Live.ts"
import type { SharedClient } from "../store/SharedClient.ts"

/** Where the server is, and who uses the page. */
export interface LiveProviderProps {
  readonly children?: ReactNode
  /** `ws://` or `wss://`, with the path, or relative to the page. By default `/api/live/rpc` on the host of the page. */
  readonly url?: string | undefined
  /**
   * The credentials of who uses the page, where no cookie carries them. Another text connects anew, as that client, and
   * what is mounted stays. An effect is asked for each attempt to connect.
   */
  readonly token?: string | Effect.Effect<string | undefined, unknown> | undefined
  /** Called when the server asks to sign in: when the page connects, or when its client was signed out. */
  readonly onUnauthorized?: (() => void) | undefined
  /** A client made elsewhere, instead of a connection of its own. It is not closed, and has a token of its own. */
  readonly client?: LiveClient["Service"] | undefined
}

/** Connects everything below it to a live server. */
export const LiveProvider = ({ children, client, onUnauthorized, token, url }: LiveProviderProps): ReactElement => {
  const [current, setCurrent] = useState(() => make(client, url))
  let used = current
  if (used.source !== client || used.url !== url) {
    used = make(client, url)
    setCurrent(used)
  }
  const { connection, credentials, live } = used
  const latest = useRef(onUnauthorized)
  useInsertionEffect(() => {
    latest.current = onUnauthorized
  })
  // Before it connects.
  useEffect(() => {
    if (credentials.use(token)) connection.reconnect()
  }, [connection, credentials, token])
  useEffect(() => {
    let before = connection.snapshot().status
    return connection.subscribe(() => {
      const { status } = connection.snapshot()
      const isNew = status !== before
      before = status
      if (isNew && status === "unauthorized") latest.current?.()
    })
  }, [connection])
  return <LiveContext.Provider value={live}>{children}</LiveContext.Provider>
}

interface Current extends Pick<LiveProviderProps, "url"> {
  readonly source: LiveClient["Service"] | undefined
  readonly credentials: Credentials
  readonly connection: PageConnection
  readonly live: Live
}

/** The token of now. */
class Credentials {
  #token: LiveProviderProps["token"]
  #isUsed = false

  /** Says whether the client was somebody else before. Effects are asked anyway, and may be new ones at each render. */
  use(token: LiveProviderProps["token"]): boolean {
    const isOther = this.#isUsed && this.#token !== token && !(Effect.isEffect(token) && Effect.isEffect(this.#token))
    this.#isUsed = true
    this.#token = token
    return isOther
  }

  readonly current: Effect.Effect<string | undefined, unknown> = Effect.suspend(() =>
    Effect.isEffect(this.#token) ? this.#token : Effect.succeed(this.#token)
  )
}

const make = (source: LiveClient["Service"] | undefined, url: string | undefined): Current => {
  const credentials = new Credentials()
  const client: SharedClient =
    source === undefined
      ? connectionTo(url, credentials)
      : new RefCounted(() => ({ value: Effect.succeed(source), close: () => {} }))
  const connection = new PageConnection(client)
  return { source, url, credentials, connection, live: { client, connection } }
}

const connectionTo = (url: string | undefined, { current: token }: Credentials): SharedClient =>
  new RefCounted(() => {
    const runtime = ManagedRuntime.make(LiveClient.layerWebSocket({ url: url ?? pageUrl, token }))
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
