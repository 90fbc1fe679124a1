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
import type * as Stream from "effect/Stream"
import * as Tracer from "effect/Tracer"
import type * as Component from "../Component.ts"
import * as LatestStream from "../LatestStream.ts"
import type { LiveError } from "../LiveError.ts"
import * as Link from "./Link.ts"
import * as LiveHandle from "./LiveHandle.ts"
import * as StateCache from "./StateCache.ts"
import type * as ClientConnection from "./ClientConnection.ts"
import * as ClientCore from "./ClientCore.ts"
import type { ClientSettings } from "./ClientSettings.ts"
import type { ConnectionState } from "./ConnectionState.ts"
import type { MountTarget } from "./Mounter.ts"
import type { MountCache, MountPlace, MountProps } from "../MountOptions.ts"
import * as ReplicaOpener from "./ReplicaOpener.ts"
import * as RequestSpans from "./RequestSpans.ts"

/** A connection to a live server. */
export class LiveClient extends Context.Service<
  LiveClient,
  {
    /**
     * Mounts a component until the Scope closes. Waits for the connection, and fails when the server refuses.
     *
     * <!-- snippet: examples/counter/client.ts#client -->
     *
     * ```ts
     * import { NodeRuntime } from "@effect/platform-node"
     * import { Config, Console, Effect, Layer, Stream } from "effect"
     * import { LiveClient } from "fibra/client"
     * import { Counter } from "./Counter.ts"
     *
     * const url = Config.withDefault(Config.String("LIVE_URL"), "ws://127.0.0.1:3000/api/live/rpc")
     *
     * Effect.gen(function* () {
     *   const live = yield* LiveClient
     *   const counter = yield* live.mount(Counter, { props: { start: 0 } }) // leaving the Scope unmounts
     *   yield* counter.events("Milestone").pipe(
     *     Stream.runForEach(({ count }) => Console.log(`milestone: ${count}`)),
     *     Effect.forkScoped({ startImmediately: true })
     *   )
     *   const total = yield* counter.call.Increment({ by: 10 })
     *   yield* Console.log(`total: ${total}`)
     *   const limit = yield* counter.call
     *     .Increment({ by: 1000 })
     *     .pipe(Effect.catchTag("LimitReached", ({ max }) => Effect.succeed(`no further than ${max}`)))
     *   yield* Console.log(`limit: ${limit}`)
     * }).pipe(
     *   Effect.scoped,
     *   Effect.provide(Layer.unwrap(Effect.map(url, (url) => LiveClient.layerWebSocket({ url })))),
     *   NodeRuntime.runMain
     * )
     * ```
     */
    readonly mount: <C extends Component.Typed>(
      component: C,
      // Spelt out: an error says this, and not the name of the type.
      options: MountProps<C> & MountPlace<C> & MountCache
    ) => Effect.Effect<LiveHandle.LiveHandle<C>, LiveError, Scope.Scope>
    /** Whether there is a connection. */
    readonly connected: Effect.Effect<boolean>
    /** What is known of the connection, and since when. */
    readonly connection: Effect.Effect<ConnectionState>
    /** The same now and after every change. A slow consumer gets the latest and misses those in between. */
    readonly connectionChanges: Stream.Stream<ConnectionState>
    /**
     * Connects anew and at once, with the `token` of now: after signing in, when the status is `unauthorized`, or as
     * somebody else. What is mounted stays, with the state that it shows.
     */
    readonly reconnect: Effect.Effect<void>
    /** Measures the time until the server answers. Fails with `Disconnected` without a connection. */
    readonly ping: Effect.Effect<Duration.Duration, LiveError>
  }
>()("fibra/client/LiveClient") {
  /** A client over the Link that is provided, with the tokens of the StateCache that is provided. */
  static readonly layer = (
    options: ClientSettings = {}
  ): Layer.Layer<LiveClient, never, Link.Link | StateCache.StateCache> =>
    Layer.effect(
      LiveClient,
      Effect.gen(function* () {
        const cache = yield* StateCache.StateCache
        const { connection, open } = yield* ClientCore.make(cache, options, yield* RequestSpans.tracer)
        const client = LiveClient.of({
          mount: (component, options) =>
            Effect.acquireRelease(
              Effect.map(Effect.serviceOption(Tracer.ParentSpan), (span) =>
                open(component, { ...options, ...Option.match(span, { onNone: () => ({}), onSome: within }) })
              ),
              (replica) =>
                Effect.suspend(() => {
                  replica.release()
                  return replica.left
                })
            ).pipe(
              // Nobody has a handle of one that failed.
              Effect.tap((replica) => Effect.onError(replica.mounted(), () => Effect.sync(() => replica.release()))),
              Effect.map(LiveHandle.make)
            ),
          connected: Effect.sync(() => connection.isConnected()),
          connection: Effect.sync(() => connection.monitor.state),
          connectionChanges: LatestStream.make((tell) => {
            tell(connection.monitor.state)
            return connection.monitor.listen(tell)
          }),
          reconnect: connection.reconnect,
          ping: Effect.suspend(() => ping(connection))
        })
        return ReplicaOpener.withReplicas(client, open, connection)
      })
    )

  /**
   * A client over a WebSocket. A `StateCache` is optional, which its type cannot say: otherwise tokens are kept in the
   * local storage of a browser, and elsewhere in memory.
   *
   * <!-- snippet: test/examples/Security.test.ts#client -->
   *
   * ```ts
   * const client = LiveClient.layerWebSocket({ url, token: Effect.sync(() => Redacted.value(secret)) }) // for each attempt
   * ```
   */
  static readonly layerWebSocket = (options: Link.WebSocketOptions & ClientSettings): Layer.Layer<LiveClient> =>
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

/** Requests of a mount are children of the span of who waits for it. */
const within = (span: Tracer.AnySpan): Pick<MountTarget, "within"> => ({
  within: (mounting) => Effect.withParentSpan(mounting, span)
})

const ping = (connection: ClientConnection.ClientConnection): Effect.Effect<Duration.Duration, LiveError> =>
  connection.isConnected()
    ? connection.requests.Ping().pipe(
        Effect.timed,
        Effect.map(([duration]) => duration),
        Effect.mapError(({ message }) => connection.monitor.error(message))
      )
    : Effect.suspend(() => Effect.fail(connection.monitor.error(connecting(connection))))

const connecting = ({ monitor }: ClientConnection.ClientConnection): string =>
  monitor.state.failure === undefined ? "the client is connecting" : ""
