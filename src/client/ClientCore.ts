/** A client without an API: opens replicas over a Link. `LiveClient` and pages stand on it. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type * as Component from "../Component.ts"
import * as ClientConnection from "./ClientConnection.ts"
import type { ClientSettings } from "./ClientSettings.ts"
import * as Link from "./Link.ts"
import type { MountTarget } from "./Mounter.ts"
import { Replica } from "./Replica.ts"
import type { RequestTracer } from "./RequestSpans.ts"
import * as ReplicaOpener from "./ReplicaOpener.ts"
import * as StateCache from "./StateCache.ts"

/** The connection, and what opens replicas over it. */
export interface ClientCore {
  readonly connection: ClientConnection.ClientConnection
  readonly open: ReplicaOpener.OpenReplica
}

/** Connects, until the Scope closes. */
export const make = (
  cache: StateCache.StateCache["Service"],
  settings: ClientSettings,
  trace?: RequestTracer
): Effect.Effect<ClientCore, never, Link.Link | Scope.Scope> =>
  Effect.map(ClientConnection.make(cache, settings, trace), (connection) => ({
    connection,
    open: <C extends Component.Typed>(
      component: C,
      target: MountTarget & { readonly props?: Component.Props<C> | undefined }
    ) => new Replica(component, target.props ?? ({} as Component.Props<C>), target, connection)
  }))

/** The client of a page: over its WebSocket, with the tokens in its local storage. Nothing else of `LiveClient` is needed there. */
export const openInPage = (
  options: Link.WebSocketOptions & ClientSettings
): Effect.Effect<ReplicaOpener.ReplicaSource, never, Scope.Scope> =>
  Effect.gen(function* () {
    const cache = yield* StateCache.inPage
    const link = yield* Link.make(
      options,
      (url, protocols) => new WebSocket(url, protocols as Array<string> | undefined)
    )
    const { connection, open } = yield* Effect.provideService(make(cache, options), Link.Link, link)
    return ReplicaOpener.withReplicas({}, open, connection)
  })
