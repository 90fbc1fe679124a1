/**
 * Live components in a test: clients and a server in one process, without a socket and in virtual time. Connections
 * drop and stall, and the server dies and comes back, when the test says so. Everything between the handle and the
 * behaviour is the real code.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as StateCache from "../client/StateCache.ts"
import type * as Component from "../Component.ts"
import { InstanceRunner } from "../server/instance/InstanceRunner.ts"
import * as LiveConfig from "../server/LiveConfig.ts"
import { LiveRpc } from "../server/wire/rpc/LiveRpc.ts"
import * as LiveCore from "../server/LiveCore.ts"
import * as LiveSsr from "../server/LiveSsr.ts"
import * as Principals from "../server/security/Principals.ts"
import * as Secrets from "../server/security/Secrets.ts"
import * as SnapshotStore from "../server/store/SnapshotStore.ts"
import { UploadRegistry } from "../server/upload/UploadRegistry.ts"
import * as UploadStore from "../server/upload/UploadStore.ts"
import { Transport } from "../server/transport/Transport.ts"
import { MemoryLink } from "./MemoryLink.ts"
import { MortalStore } from "./MortalStore.ts"
import * as Open from "./Open.ts"
import * as Replay from "./Replay.ts"
import { type ClientOptions, connect, principalOf, type TestClient } from "./TestClient.ts"

/** A connection that speaks the RPC wire, for an `RpcClient` of `LiveProtocol`. */
export interface RawLink extends Pick<MemoryLink, "client" | "connect" | "disconnect"> {}

/** A server and its first client in one process. */
export class LiveTest extends Context.Service<
  LiveTest,
  TestClient & {
    /**
     * One more client. All clients share one StateCache, like the pages of one browser, unless they are given their
     * own.
     */
    readonly connect: (options?: ClientOptions) => Effect.Effect<TestClient, never, Scope.Scope>
    /** A connection without a client on it, for tests of the wire. The test opens it. */
    readonly link: (options?: Pick<ClientOptions, "principal">) => RawLink
    /** The server dies at once: nothing is finished, sent or stored. */
    readonly kill: Effect.Effect<void>
    /** The server ends as it does on SIGTERM: it tells its clients, finishes, stores. */
    readonly stop: Effect.Effect<void>
    /**
     * A server starts in place of the one before, with its secret and its store. Clients come back with `reconnect`.
     */
    readonly start: Effect.Effect<void>
    /** How much is open on the server. */
    readonly open: Effect.Effect<Open.Open>
  }
>()("fibra/testing/LiveTest") {
  /**
   * Serves the components, and connects a first client. Their behaviours and the services of those are provided as in
   * production. These services are optional, which its type cannot say: `SnapshotStore`, `Secrets`, `Principals`,
   * `LiveConfig` and `Authorization`. In virtual time everything happens at once, so a client may send without limit
   * unless `LiveConfig` sets another rate than the default.
   *
   * <!-- snippet: examples/counter/Counter.test.ts#test -->
   *
   * ```ts
   * import { assert, layer } from "@effect/vitest"
   * import { Effect, Layer } from "effect"
   * import { LiveTest } from "fibra/testing"
   * import { Counter } from "./Counter.ts"
   * import { CounterLayer } from "./CounterLayer.ts"
   *
   * layer(LiveTest.layer({ components: [Counter] }).pipe(Layer.provide(CounterLayer)))("Counter", (it) => {
   *   it.effect("a rejected increment leaves the state as it was", () =>
   *     Effect.gen(function* () {
   *       const live = yield* LiveTest
   *       const counter = yield* live.mount(Counter, { props: { start: 95 } })
   *       const error = yield* Effect.flip(counter.call.Increment({ by: 10 }))
   *       assert.strictEqual(error._tag, "LimitReached")
   *       assert.deepStrictEqual(yield* counter.state, { count: 95 })
   *     })
   *   )
   * })
   * ```
   */
  static readonly layer = <const Components extends ReadonlyArray<Component.Any>>(
    options: { readonly components: Components } & ClientOptions
  ): Layer.Layer<
    LiveTest | LiveSsr.LiveSsr | Principals.Principals,
    LiveCore.StartError,
    LiveCore.Requirements<Components>
  > => Layer.effectContext(make(LiveCore.layer(options), options))

  /**
   * Runs a recording of an instance again, on the behaviour that is provided and in virtual time of its own. Fails at the
   * first message that crashes (`ReplayCrashed`), or does something else than it did then (`ReplayDiffers`).
   */
  static readonly replay = Replay.replay
}

/** A server that runs. */
interface Running {
  readonly scope: Scope.Closeable
  readonly store: MortalStore
  readonly core: Context.Context<LiveCore.Core>
}

const make = Effect.fnUntraced(function* <R>(
  core: Layer.Layer<LiveCore.Core, LiveCore.StartError, R>,
  options: ClientOptions
) {
  const cache = Context.get(yield* Layer.build(StateCache.layerMemory), StateCache.StateCache)
  const memory = Context.get(yield* Layer.build(SnapshotStore.layerMemory), SnapshotStore.SnapshotStore)
  const random = Context.get(yield* Layer.build(Secrets.layerRandom), Secrets.Secrets)
  const memoryOfFiles = Context.get(yield* Layer.build(Layer.fresh(UploadStore.layerMemory)), UploadStore.UploadStore)
  const files = Option.getOrElse(yield* Effect.serviceOption(UploadStore.UploadStore), () => memoryOfFiles)
  const store = Option.getOrElse(yield* Effect.serviceOption(SnapshotStore.SnapshotStore), () => memory)
  const secrets = Option.getOrElse(yield* Effect.serviceOption(Secrets.Secrets), () => random)
  const none = Context.get(yield* Layer.build(Layer.fresh(Principals.layer)), Principals.Principals)
  const principals = Option.getOrElse(yield* Effect.serviceOption(Principals.Principals), () => none)
  const config = yield* LiveConfig.LiveConfig
  const rate = config.rate === LiveConfig.defaults.rate ? Infinity : config.rate
  let running: Running | undefined

  const start = Effect.gen(function* () {
    if (running !== undefined) return
    // Not the Scope of the test, which would end the server before it can be killed.
    const scope = yield* Scope.make()
    const mortal = new MortalStore(store)
    const services = Layer.mergeAll(
      Layer.succeed(SnapshotStore.SnapshotStore, mortal.service),
      Layer.succeed(UploadStore.UploadStore, files),
      Layer.succeed(Secrets.Secrets, secrets),
      Layer.succeed(Principals.Principals, principals),
      Layer.succeed(LiveConfig.LiveConfig, { ...config, rate })
    )
    running = {
      scope,
      store: mortal,
      core: yield* Layer.buildWithScope(Layer.fresh(Layer.provide(core, services)), scope)
    }
  })

  const end = (running: Running): Effect.Effect<void> => Scope.close(running.scope, Exit.void)

  const kill = Effect.suspend(() => {
    const killed = running
    running = undefined
    if (killed === undefined) return Effect.void
    killed.store.die()
    // A process that is killed does not clear up what its uploads have stored.
    Context.get(killed.core, UploadRegistry).drainUnsafe()
    return Effect.forEach(clients, (client) => client.disconnect, { discard: true }).pipe(
      Effect.andThen(Context.get(killed.core, InstanceRunner).stopNow),
      Effect.andThen(end(killed))
    )
  })

  const clients = new Set<TestClient>()
  const server = () =>
    running === undefined
      ? undefined
      : { transport: Context.get(running.core, Transport), protocol: Context.get(running.core, LiveRpc) }
  const add = (own: ClientOptions = {}) =>
    Effect.acquireRelease(
      Effect.tap(connect(server, cache, own), (client) => Effect.sync(() => clients.add(client))),
      (client) => Effect.sync(() => clients.delete(client))
    )

  // In virtual time nobody would wait for handlers to finish.
  yield* Effect.addFinalizer(() => kill)
  yield* start
  const first = yield* add(options)
  const context = yield* Effect.context<R>()

  const live = LiveTest.of({
    ...first,
    connect: add,
    link: ({ principal } = {}) => new MemoryLink(server, principalOf(principal)),
    kill: Effect.andThen(kill, first.settle),
    stop: Effect.andThen(
      // A frame that was being read is read to its end, as on a socket.
      first.settle,
      Effect.suspend(() => {
        const stopped = running
        running = undefined
        return stopped === undefined ? Effect.void : Effect.andThen(end(stopped), first.settle)
      })
    ),
    start: Effect.provideContext(Effect.orDie(start), context),
    open: Effect.suspend(() => (running === undefined ? Effect.succeed(Open.nothing) : Open.of(running.core)))
  })
  const ssr = Effect.suspend(() =>
    running === undefined ? Effect.die(new Error("The server does not run")) : Effect.succeed(running.core)
  ).pipe(Effect.map((core) => Context.get(core, LiveSsr.LiveSsr)))
  return Context.make(LiveTest, live).pipe(
    Context.add(Principals.Principals, principals),
    Context.add(
      LiveSsr.LiveSsr,
      LiveSsr.LiveSsr.of({
        mount: (component, options, request) => Effect.flatMap(ssr, ({ mount }) => mount(component, options, request)),
        page: (request) => Effect.flatMap(ssr, ({ page }) => page(request))
      })
    )
  )
})
