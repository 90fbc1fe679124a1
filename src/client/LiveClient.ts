/**
 * The client: one connection and any number of mounted components, which come back with their state after a lost
 * connection. It runs in Node and in browsers, and renders nothing.
 */
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Socket from "effect/socket/Socket"
import type * as Component from "../Component.ts"
import { Disconnected, LiveError } from "../LiveError.ts"
import * as Link from "./Link.ts"
import * as LiveHandle from "./LiveHandle.ts"
import { Replica } from "./Replica.ts"
import * as StateCache from "./StateCache.ts"
import * as ClientConnection from "./ClientConnection.ts"

/** Mounts a shared instance, or a private one, which may be in a room. */
type ResumePoint =
  | {
      /**
       * Mounts the instance shared by everyone who gives this key (1 to 256 characters) instead of a private one. The
       * first client's props are used.
       */
      readonly key?: string
      readonly room?: undefined
    }
  | {
      readonly key?: undefined
      /**
       * Mounts the private instance in this room (1 to 128 visible characters): it gets the events of the room, and
       * broadcasts there.
       */
      readonly room?: string
    }

/** What to mount, and how. */
export type MountOptions<C extends Component.Typed> = ({} extends Component.Props<C>
  ? { readonly props?: Component.Props<C> }
  : { readonly props: Component.Props<C> }) &
  ResumePoint & {
    /**
     * Keeps the state of a private instance in the StateCache under this name, so that a reload or a new process brings
     * it back. A page that finds a state whose instance still runs shares the instance. When several pages start at the
     * same time and find none, the state of the one that changed last is kept.
     */
    readonly cacheKey?: string
    /**
     * What to do when the state is of a later version than the server, as after a deploy was rolled back: mount anew
     * (the default), or wait for a newer server.
     */
    readonly whenNewer?: "mount" | "wait"
  }

/** A connection to a live server. */
export class LiveClient extends Context.Service<
  LiveClient,
  {
    /** Mounts a component until the Scope closes. Waits for the connection, and fails when the server refuses. */
    readonly mount: <C extends Component.Typed>(
      component: C,
      options: MountOptions<C>
    ) => Effect.Effect<LiveHandle.LiveHandle<C>, LiveError, Scope.Scope>
    /** Begins to mount, and returns the replica at once. Call its `release` when it is not needed any more. */
    readonly openUnsafe: <C extends Component.Typed>(component: C, options: MountOptions<C>) => Replica<C>
    /** Whether there is a connection. */
    readonly connected: Effect.Effect<boolean>
    /** Measures the time until the server answers. Fails with `Disconnected` without a connection. */
    readonly ping: Effect.Effect<Duration.Duration, LiveError>
  }
>()("fibra/client/LiveClient") {
  /** A client over the Link that is provided, with the tokens of the StateCache that is provided. */
  static readonly layer = (
    options: ClientConnection.Options = {}
  ): Layer.Layer<LiveClient, never, Link.Link | StateCache.StateCache> =>
    Layer.effect(
      LiveClient,
      Effect.flatMap(Effect.service(StateCache.StateCache), (cache) =>
        Effect.map(ClientConnection.make(cache, options), (connection) => {
          const openUnsafe = <C extends Component.Typed>(component: C, options: MountOptions<C>): Replica<C> =>
            new Replica(component, (options.props ?? {}) as Component.Props<C>, options, connection)
          return LiveClient.of({
            openUnsafe,
            mount: (component, options) =>
              Effect.acquireRelease(
                Effect.sync(() => openUnsafe(component, options)),
                (replica) =>
                  Effect.suspend(() => {
                    replica.release()
                    return replica.left
                  })
              ).pipe(
                Effect.tap((replica) => replica.mounted()),
                Effect.map(LiveHandle.make)
              ),
            connected: Effect.sync(() => connection.isConnected()),
            ping: Effect.suspend(() => ping(connection))
          })
        })
      )
    )

  /** A client over a WebSocket. In a browser the StateCache is the local storage, unless another is provided. */
  static readonly layerWebSocket = (
    options: Link.WebSocketOptions & ClientConnection.Options
  ): Layer.Layer<LiveClient> =>
    LiveClient.layer(options).pipe(
      Layer.provide(Link.layerWebSocket(options)),
      Layer.provide(Socket.layerWebSocketConstructorGlobal),
      Layer.provide(
        Layer.unwrap(
          Effect.map(Effect.serviceOption(StateCache.StateCache), (cache) =>
            Option.isSome(cache) ? Layer.succeed(StateCache.StateCache, cache.value) : StateCache.layerLocalStorage
          )
        )
      )
    )
}

const ping = (connection: ClientConnection.ClientConnection): Effect.Effect<Duration.Duration, LiveError> =>
  connection.isConnected()
    ? connection.requests.Ping().pipe(
        Effect.timed,
        Effect.map(([duration]) => duration),
        Effect.mapError(({ message }) => disconnected(message))
      )
    : Effect.fail(disconnected("the client is connecting"))

const disconnected = (detail: string): LiveError => new LiveError({ reason: new Disconnected({ detail }) })
