/**
 * Live components in a test: a client and a server in one process, no socket, virtual time, a connection that drops and stalls
 * when the test says so. Everything between the handle and the behaviour is the real thing.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { Link } from "../client/Link.ts"
import { LiveClient, type MountOptions } from "../client/LiveClient.ts"
import type { LiveHandle } from "../client/LiveHandle.ts"
import type * as Component from "../Component.ts"
import type { LiveError } from "../LiveError.ts"
import { Instances } from "../server/Instances.ts"
import { LiveRpc } from "../server/LiveRpc.ts"
import * as LiveServer from "../server/LiveServer.ts"
import { Sessions } from "../server/Sessions.ts"
import { Transport } from "../server/Transport.ts"
import { MemoryLink } from "./MemoryLink.ts"

/** A client and a server in one process. */
export class LiveTest extends Context.Service<
  LiveTest,
  {
    /** Mounts a component until the Scope closes; reading `state` first lets everything that is under way arrive. */
    readonly mount: <C extends Component.Typed>(
      component: C,
      options: MountOptions<C>
    ) => Effect.Effect<LiveHandle<C>, LiveError, Scope.Scope>
    /** The client itself, as `<LiveProvider client={…}>` takes it. */
    readonly client: LiveClient["Service"]
    /** Cuts the connection. */
    readonly disconnect: Effect.Effect<void>
    /** Connects again, and lets the client mount what it had. */
    readonly reconnect: Effect.Effect<void>
    /** The client stops reading what the server sends. */
    readonly stall: Effect.Effect<void>
    /** The client reads again. */
    readonly unstall: Effect.Effect<void>
    /** Lets everything that is under way arrive. */
    readonly settle: Effect.Effect<void>
    /** What is open on the server. */
    readonly open: Effect.Effect<{
      readonly connections: number
      readonly sessions: number
      readonly instances: number
    }>
  }
>()("fibra/testing/LiveTest") {
  /** Serves the components to one client; their behaviours and whatever those need are provided as in production. */
  static readonly layer = <const Components extends ReadonlyArray<Component.Any>>(options: {
    readonly components: Components
  }): Layer.Layer<LiveTest, never, LiveServer.Requirements<Components>> =>
    Layer.provide(Layer.effect(LiveTest, make), LiveServer.layerCore(options))
}

/** Rounds of sending and receiving after which nothing is expected to be under way any more. */
const roundsToSettle = 8

const make = Effect.gen(function* () {
  const transport = yield* Transport
  const sessions = yield* Sessions
  const instances = yield* Instances
  const memory = new MemoryLink(transport, yield* LiveRpc)
  const context = yield* Layer.build(Layer.provide(LiveClient.layer, Layer.succeed(Link, memory.client)))
  const client = Context.get(context, LiveClient)

  // In virtual time nobody would wait for a handler to finish what it has begun.
  yield* Effect.addFinalizer(() => Effect.andThen(memory.disconnect, instances.stopNow))

  const settle = Effect.sync(() => transport.flushUnsafe()).pipe(
    Effect.andThen(Effect.yieldNow),
    Effect.repeat({ times: roundsToSettle }),
    Effect.asVoid
  )

  return LiveTest.of({
    client,
    mount: (component, options) =>
      Effect.map(client.mount(component, options), (handle) => ({
        ...handle,
        state: Effect.andThen(settle, handle.state),
        view: Effect.andThen(settle, handle.view)
      })),
    disconnect: Effect.andThen(memory.disconnect, settle),
    reconnect: Effect.andThen(memory.connect, settle),
    stall: Effect.sync(() => memory.stall()),
    unstall: Effect.andThen(
      Effect.sync(() => memory.unstall()),
      settle
    ),
    settle,
    open: Effect.sync(() => ({
      connections: transport.sizeUnsafe(),
      sessions: sessions.sizeUnsafe(),
      instances: instances.sizeUnsafe()
    }))
  })
})
