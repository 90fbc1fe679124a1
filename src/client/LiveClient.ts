/**
 * The client: one connection, any number of mounted components. When the connection comes back, so does what was mounted, with
 * its state. It runs in Node and in a browser and draws nothing.
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

/** A shared instance, or a private one, which may be in a room. */
type ResumePoint =
  | {
      /**
       * Mounts the instance everyone shares who gives this key, of 1 to 256 characters, instead of a private one. The first to come
       * gives the props.
       */
      readonly key?: string
      readonly room?: undefined
    }
  | {
      readonly key?: undefined
      /**
       * The room a private instance is to be in, of 1 to 128 visible characters: it gets what is said there, and what it says is
       * heard there.
       */
      readonly room?: string
    }

/** What to mount. */
export type MountOptions<C extends Component.Typed> = ({} extends Component.Props<C>
  ? { readonly props?: Component.Props<C> }
  : { readonly props: Component.Props<C> }) &
  ResumePoint & {
    /**
     * Keeps the state of a private instance in the StateCache under this name, so that a reload or a new process brings it back.
     * Who finds a state there that is still running shares it; of those who find none and start at the same time, the one that
     * changes last is found by the next.
     */
    readonly cacheKey?: string
    /** When the state is of a later version than the server, as after a deploy was rolled back: mounts anew (default), or waits. */
    readonly whenNewer?: "mount" | "wait"
  }

/** A connection to a live server. */
export class LiveClient extends Context.Service<
  LiveClient,
  {
    /** Mounts a component until the Scope closes; waits for the connection, and fails when the server refuses. */
    readonly mount: <C extends Component.Typed>(
      component: C,
      options: MountOptions<C>
    ) => Effect.Effect<LiveHandle.LiveHandle<C>, LiveError, Scope.Scope>
    /** Begins to mount, and gives what there is to show until it is done; call `release` when it is not needed any more. */
    readonly openUnsafe: <C extends Component.Typed>(component: C, options: MountOptions<C>) => Replica<C>
    /** Whether the connection is there. */
    readonly connected: Effect.Effect<boolean>
    /** Asks the server for a sign of life, and gives the time it took; fails with `Disconnected` without a connection. */
    readonly ping: Effect.Effect<Duration.Duration, LiveError>
  }
>()("fibra/client/LiveClient") {
  /** A client over whatever Link there is, with the tokens of whatever StateCache there is. */
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

  /** A client over a WebSocket. In a browser its StateCache is the local storage, unless another is provided. */
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
