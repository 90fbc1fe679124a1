/** The client of one page: one connection, which is open while somebody needs it. */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import type { Adoption } from "../client/Adoption.ts"
import * as ClientCore from "../client/ClientCore.ts"
import type { LiveClient } from "../client/LiveClient.ts"
import { KeptMounts } from "./KeptMounts.ts"
import type { Live } from "./Live.ts"
import { PageConnection } from "./PageConnection.ts"
import { RefCounted } from "./RefCounted.ts"
import type { SharedClient } from "./SharedClient.ts"

/** Who uses a page: a text, or an effect that is asked for each attempt to connect. */
export type PageToken = string | Effect.Effect<string | undefined, unknown> | undefined

/** Where the server is. */
export interface PageTarget {
  /** `ws://` or `wss://`, with the path, or relative to the page. By default `/api/live/rpc` on the host of the page. */
  readonly url?: string | undefined
  /** A client made elsewhere, instead of a connection of its own. It is not closed, and has a token of its own. */
  readonly client?: LiveClient["Service"] | undefined
  /**
   * What a server has mounted for this page: `ssrOf` where it is rendered, `readSsr` in its browser. Views show the state of what
   * was mounted, and the first connection takes that up. Another value later changes nothing.
   */
  readonly ssr?: Adoption | undefined
}

/** A client, its connection, and its credentials. */
export class PageClient implements Live {
  readonly client: SharedClient
  readonly connection: PageConnection
  readonly kept = new KeptMounts()
  /** Whether the page is there. */
  readonly #presence = new RefCounted<void>(() => ({ value: undefined, close: this.kept.open() }))
  readonly ssr: Adoption | undefined
  readonly #target: PageTarget
  #token: PageToken
  #isTokenKnown = false

  constructor(target: PageTarget) {
    const { client, ssr, url } = (this.#target = target)
    this.ssr = ssr
    const token = Effect.suspend(() => (Effect.isEffect(this.#token) ? this.#token : Effect.succeed(this.#token)))
    this.client =
      client === undefined
        ? connectionTo({ url: url ?? pageUrl, token, ssr })
        : new RefCounted(() => ({ value: Effect.succeed(client), close: () => {} }))
    this.connection = new PageConnection(this.client, () => this.kept.clear())
  }

  /** Whether it was made for this target. */
  is({ client, url }: PageTarget): boolean {
    return this.#target.client === client && this.#target.url === url
  }

  /**
   * The token of now. Says whether the client was somebody else before, and has to connect anew. Effects are asked anyway, and may be
   * new ones at each render.
   */
  takeToken(token: PageToken): boolean {
    const isOther =
      this.#isTokenKnown && this.#token !== token && !(Effect.isEffect(token) && Effect.isEffect(this.#token))
    this.#isTokenKnown = true
    this.#token = token
    return isOther
  }

  /** The page is there: connects, and calls the listener whenever the server asks to sign in, until the function returned is called. */
  onUnauthorized(listener: () => void): () => void {
    const { connection } = this
    const { release } = this.#presence.retain()
    let before = connection.getSnapshot().status
    const stop = connection.subscribe(() => {
      const { status } = connection.getSnapshot()
      const isNew = status !== before
      before = status
      if (!isNew || status !== "unauthorized") return
      this.kept.clear()
      listener()
    })
    return () => {
      stop()
      release()
    }
  }
}

const connectionTo = (options: Parameters<typeof ClientCore.openInPage>[0]): SharedClient =>
  new RefCounted(() => {
    const scope = Scope.makeUnsafe()
    const opening = Effect.runFork(Scope.provide(ClientCore.openInPage(options), scope))
    return {
      value: Fiber.join(opening),
      close: () => void Effect.runFork(Scope.close(scope, Exit.void))
    }
  })

/** Computed when connecting: there is no `location` where pages are rendered on a server. */
const pageUrl = Effect.sync(() => {
  const { host, protocol } = location
  return `${protocol === "https:" ? "wss:" : "ws:"}//${host}/api/live/rpc`
})
