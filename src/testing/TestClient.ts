/** A client in a test, over a connection without a network that drops, stalls and repeats when the test says so. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { Link } from "../client/Link.ts"
import type { ClientSettings } from "../client/ClientSettings.ts"
import { LiveClient } from "../client/LiveClient.ts"
import type { MountCache, MountPlace, MountProps } from "../MountOptions.ts"
import type { LiveHandle } from "../client/LiveHandle.ts"
import * as StateCache from "../client/StateCache.ts"
import type * as Component from "../Component.ts"
import type { ConnectionFailure } from "../ConnectionFailure.ts"
import type { LiveError } from "../LiveError.ts"
import { copy, type Principal } from "../Principal.ts"
import { MemoryLink, type OnFrame, type Server } from "./MemoryLink.ts"

/** The options of a client. */
export interface ClientOptions extends ClientSettings {
  /** The principal of the client, or only its id; anonymous by default. */
  readonly principal?: string | Principal
  /** Where it keeps its tokens. */
  readonly cache?: StateCache.StateCache["Service"]
  /** Called with each frame when it arrives. */
  readonly onFrame?: OnFrame
}

/** A client in a test. */
export interface TestClient {
  /** Mounts a component until the Scope closes. Reading `state` first lets everything that is under way arrive. */
  readonly mount: <C extends Component.Typed>(
    component: C,
    options: MountProps<C> & MountPlace<C> & MountCache
  ) => Effect.Effect<LiveHandle<C>, LiveError, Scope.Scope>
  /** The client itself, as `<LiveProvider client={…}>` takes it. */
  readonly client: LiveClient["Service"]
  /**
   * Every attempt to connect fails with this until it is called without: `{ kind: "token" }` as when a token cannot be
   * had, `{ kind: "refused", status: 503 }` as when a proxy refuses.
   */
  readonly fail: (failure?: ConnectionFailure) => Effect.Effect<void>
  /** Cuts the connection; what is under way is lost. */
  readonly disconnect: Effect.Effect<void>
  /** Connects again. */
  readonly reconnect: Effect.Effect<void>
  /** Connects again as this principal, or as nobody: what is mounted stays. */
  readonly signIn: (principal?: string | Principal) => Effect.Effect<void>
  /** The client stops reading what the server sends. */
  readonly stall: Effect.Effect<void>
  /** The client reads again. */
  readonly unstall: Effect.Effect<void>
  /** On a slow link: so many frames of those that the client does not read, and holds, arrive. */
  readonly trickle: (frames: number) => Effect.Effect<void>
  /** Holds what the client sends. */
  readonly hold: Effect.Effect<void>
  /** Delivers what was held. */
  readonly unhold: Effect.Effect<void>
  /** The next frame of the client arrives twice. */
  readonly twice: Effect.Effect<void>
  /** The next frame of the server is lost, and those after it arrive. No socket does that; a bug may. */
  readonly lose: Effect.Effect<void>
  /** Lets everything that is under way arrive. */
  readonly settle: Effect.Effect<void>
}

/** The principal of a client. */
export const principalOf = (given: ClientOptions["principal"]): Principal | undefined =>
  typeof given === "string" ? { id: given } : given && copy(given)

/** Rounds of sending and receiving after which nothing should be under way. */
const roundsToSettle = 8

/** Connects a client until the Scope closes. */
export const connect = Effect.fnUntraced(function* (
  server: () => Server | undefined,
  cache: StateCache.StateCache["Service"],
  options: ClientOptions
) {
  const memory = new MemoryLink(server, principalOf(options.principal), options.onFrame)
  const services = Layer.merge(
    Layer.succeed(Link, memory.client),
    Layer.succeed(StateCache.StateCache, options.cache ?? cache)
  )
  const context = yield* Layer.build(Layer.fresh(Layer.provide(LiveClient.layer(options), services)))
  const client = Context.get(context, LiveClient)

  const settle = Effect.sync(() => server()?.transport.flushUnsafe()).pipe(
    Effect.andThen(Effect.yieldNow),
    Effect.repeat({ times: roundsToSettle }),
    Effect.asVoid
  )
  const settled = (change: () => void) => Effect.andThen(Effect.sync(change), settle)

  const testClient: TestClient = {
    client,
    mount: (component, options) =>
      Effect.map(client.mount(component, options), (handle) => ({
        ...handle,
        state: Effect.andThen(settle, handle.state),
        activation: Effect.andThen(settle, handle.activation),
        view: Effect.andThen(settle, handle.view)
      })),
    disconnect: Effect.andThen(memory.disconnect, settle),
    reconnect: Effect.andThen(memory.connect, settle),
    signIn: (principal) =>
      Effect.sync(() => memory.as(principalOf(principal))).pipe(
        Effect.andThen(client.reconnect),
        Effect.andThen(settle)
      ),
    fail: (failure) => Effect.sync(() => memory.fail(failure)),
    trickle: (frames) =>
      settled(() => {
        memory.read(frames)
        memory.deliver(frames)
      }),
    stall: Effect.sync(() => memory.stall()),
    unstall: settled(() => memory.unstall()),
    hold: Effect.sync(() => memory.hold()),
    unhold: settled(() => memory.unhold()),
    twice: Effect.sync(() => memory.twice()),
    lose: Effect.sync(() => memory.lose()),
    settle
  }
  return testClient
})
