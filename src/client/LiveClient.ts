/**
 * The client: one connection, any number of mounted components. What is mounted here is mounted again when the connection
 * comes back. It runs in Node and in a browser and draws nothing.
 */
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as Socket from "effect/socket/Socket"
import type * as Component from "../Component.ts"
import { Disconnected, LiveError } from "../LiveError.ts"
import * as Link from "./Link.ts"
import * as LiveHandle from "./LiveHandle.ts"
import { Replica } from "./Replica.ts"
import * as Wire from "./Wire.ts"

/** What to mount. */
export type MountOptions<C extends Component.Typed> = ({} extends Component.Props<C>
  ? { readonly props?: Component.Props<C> }
  : { readonly props: Component.Props<C> }) & {
  /** Mounts the instance everyone shares who gives this key, instead of a private one. The first to come gives the props. */
  readonly key?: string
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
  /** A client over whatever Link there is. */
  static readonly layer: Layer.Layer<LiveClient, never, Link.Link> = Layer.effect(
    LiveClient,
    Effect.map(Wire.make, (wire) => {
      const openUnsafe = <C extends Component.Typed>(component: C, options: MountOptions<C>): Replica<C> =>
        new Replica(component, (options.props ?? {}) as Component.Props<C>, options.key, wire)
      return LiveClient.of({
        openUnsafe,
        mount: (component, options) =>
          Effect.acquireRelease(
            Effect.sync(() => openUnsafe(component, options)),
            (replica) => Effect.sync(() => replica.release())
          ).pipe(
            Effect.tap((replica) => replica.mounted()),
            Effect.map(LiveHandle.make)
          ),
        connected: Effect.sync(() => wire.isConnected()),
        ping: Effect.suspend(() => ping(wire))
      })
    })
  )

  /** A client over a WebSocket. */
  static readonly layerWebSocket = (options: Link.WebSocketOptions): Layer.Layer<LiveClient> =>
    LiveClient.layer.pipe(
      Layer.provide(Link.layerWebSocket(options)),
      Layer.provide(Socket.layerWebSocketConstructorGlobal)
    )
}

const ping = (wire: Wire.Wire): Effect.Effect<Duration.Duration, LiveError> =>
  wire.isConnected()
    ? wire.requests.Ping().pipe(
        Effect.timed,
        Effect.map(([duration]) => duration),
        Effect.mapError(({ message }) => disconnected(message))
      )
    : Effect.fail(disconnected("it is being restored"))

const disconnected = (detail: string): LiveError => new LiveError({ reason: new Disconnected({ detail }) })
