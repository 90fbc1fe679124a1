/**
 * The client's end of the wire: requests go through an `RpcClient` of LiveProtocol, events come out of the same frames in the
 * order they came in, before any answer behind them. Batches are acknowledged in bulk once they were applied. It keeps the token
 * of its session and asks for it again on the next connection.
 */
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as RpcClient from "effect/rpc/RpcClient"
import type * as RpcMessage from "effect/rpc/RpcMessage"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { LiveError } from "../LiveError.ts"
import type { ComponentId, ConnectionId } from "../LiveId.ts"
import {
  batchesPerAcknowledgement,
  type CallId,
  type ConnectionEstablished,
  type ConnectRequest,
  LiveEvent,
  LiveProtocol,
  type MountRequest,
  type RehydrateRequest,
  type ResumeRequest
} from "../LiveProtocol.ts"
import * as TimeLimit from "../TimeLimit.ts"
import { CallIds } from "./CallIds.ts"
import { Link } from "./Link.ts"
import { PresenceLists } from "./PresenceLists.ts"
import { type Receiver, Router, type ConnectionListener } from "./Router.ts"
import { TokenCache } from "./TokenCache.ts"
import type { StateCache } from "./StateCache.ts"

const LiveRequests = LiveProtocol.omit("Connect", "Received")

/** The requests a client may make. */
export type LiveRequests = Effect.Success<ReturnType<typeof makeRequests>>

const makeRequests = () =>
  Effect.map(
    RpcClient.make(LiveRequests, { disableTracing: true }),
    ({ Call, Mount, Ping, Rehydrate, Resync, Unmount }) => ({
      Call,
      Ping,
      Mount: (request: MountRequest) => patiently(Mount(request)),
      Rehydrate: (request: RehydrateRequest) => patiently(Rehydrate(request)),
      Resync: (request: { readonly componentId: ComponentId }) => patiently(Resync(request)),
      Unmount: (request: { readonly componentId: ComponentId }) => patiently(Unmount(request))
    })
  )

/** Many components at once are more than may be sent at once. Calls are for those who make them: a later one may have run meanwhile. */
const patiently = <A, E, R>(request: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  request.pipe(
    Effect.catch((error) =>
      error instanceof LiveError && error.reason._tag === "RateLimited"
        ? Effect.andThen(Effect.sleep(error.reason.retryAfter), patiently(request))
        : Effect.fail(error)
    )
  )

/** The numbers of a client; each has a default. */
export interface Options {
  /** How long mounting may take, the connection included, before it fails (30 seconds); it is tried again with the next connection. */
  readonly mountTimeout?: Duration.Input
  /** How long a call waits for a lost connection (45 seconds). */
  readonly offlineTimeout?: Duration.Input
  /** Calls of one component that may wait for the connection: 1 000. */
  readonly maxQueuedCalls?: number
}

/** The numbers of a client. */
export interface Limits {
  readonly mountTimeout: Duration.Duration
  readonly offlineTimeout: Duration.Duration
  readonly maxQueuedCalls: number
}

/** One connection, as long as the Scope lives, however often it has to be made anew. */
export interface ClientConnection {
  readonly requests: LiveRequests
  readonly limits: Limits
  /** The ids of mounts and calls. */
  readonly ids: CallIds
  /** The tokens that outlive this client. */
  readonly tokens: TokenCache
  /** Who is there. */
  readonly presence: PresenceLists
  readonly isConnected: () => boolean
  /** Whether the server has said that it is going to end; what is asked now is asked of the next one. */
  readonly isDraining: () => boolean
  /** Counts the sessions there have been. */
  readonly session: () => number
  /** By which name others know this client; undefined until the server has said it. */
  readonly connectionId: () => ConnectionId | undefined
  /** Waits until the server has named the session, so that it can be asked for again. */
  readonly established: Effect.Effect<void>
  /** Puts something away that the server is not to hear of before it is there. */
  readonly keep: (effect: Effect.Effect<unknown>) => void
  /** Adds who wants to know of the connection; the function returned takes it back. */
  readonly subscribe: (listener: ConnectionListener) => () => void
  /** Sends the events of a component to this receiver from now on, and those that came too early at once. */
  readonly route: (componentId: string, receiver: Receiver) => () => void
  /** A mount is on its way, so events of components not yet known are kept; call the function when it has ended. */
  readonly expectMount: () => () => void
  /** Runs something for a component; the function returned ends it. */
  readonly run: (effect: Effect.Effect<unknown>) => () => void
}

const connectId = "events"

/** How long the server waits to hear of what is being put away. */
const keepTimeout = Duration.seconds(2)

const decodeEvent = Schema.decodeUnknownExit(Schema.toCodecJson(LiveEvent))

/** Opens the Link and keeps the stream of events on it. */
export const make = Effect.fnUntraced(function* (
  cache: StateCache["Service"],
  options: Options
): Effect.fn.Return<ClientConnection, never, Link | Scope.Scope> {
  const link = yield* Link
  const context = yield* Effect.context<never>()
  const runFork = Effect.runForkWith(context)
  const router = new Router()
  const ids = new CallIds()
  const tokens = yield* TokenCache.make(cache, link.origin)
  let clientId: number | undefined
  let batches = 0
  let session = 0
  let sessionToken: string | undefined
  let connectionId: ConnectionId | undefined
  let reconnectWithin: number | undefined
  let named = Deferred.makeUnsafe<void>()
  /** What is just being put away. */
  let keeping = 0
  /** What the server was told when it was asked for the session. */
  let asked: ResumeRequest | undefined

  const send = (message: RpcMessage.FromClientEncoded): Effect.Effect<void> =>
    Effect.ignore(Effect.suspend(() => (clientId === undefined ? Effect.void : protocol.send(clientId, message))))

  const received = (abandoned: ReadonlyArray<CallId> = []): Effect.Effect<void> =>
    Effect.suspend(() => {
      const payload = { batch: batches, settled: ids.settled }
      return send({
        _tag: "Request",
        id: `received ${batches}`,
        tag: "Received",
        payload: abandoned.length === 0 ? payload : { ...payload, abandoned },
        headers: [],
        isNotification: true
      })
    })

  const acknowledge = (atOnce: boolean): Effect.Effect<void> => {
    batches++
    const isDue = atOnce || batches % batchesPerAcknowledgement === 0
    return isDue && keeping === 0 ? received() : Effect.void
  }

  const established = (event: ConnectionEstablished): void => {
    sessionToken = event.sessionToken
    connectionId = event.connectionId
    tokens.age = Duration.millis(event.tokenAge)
    Deferred.doneUnsafe(named, Exit.void)
    if (router.isConnected) return
    if (!event.resumed) {
      session++
      presence.clear()
    }
    router.connected({ components: new Set<string>(event.components) })
    if (event.resumed && asked !== undefined) takeBack(asked)
  }

  /** Takes back what the server was told when the session was asked for, and is not wanted any more. */
  const takeBack = ({ components, pending }: ResumeRequest): void => {
    const wanted = new Map<string, number>()
    for (const { componentId } of router.places) wanted.set(componentId, (wanted.get(componentId) ?? 0) + 1)
    for (const { componentId } of components) {
      const left = wanted.get(componentId) ?? 0
      wanted.set(componentId, left - 1)
      if (left <= 0) runFork(Effect.ignore(requests.Unmount({ componentId })))
    }
    const awaited = new Set(ids.pending)
    const abandoned = pending.filter((id) => !awaited.has(id))
    if (abandoned.length > 0) runFork(received(abandoned))
  }

  /** Whether the server is waiting to hear that this has arrived. */
  const accept = (event: LiveEvent): boolean => {
    switch (event._tag) {
      case "ConnectionEstablished":
        established(event)
        return true
      case "Draining":
        reconnectWithin = event.within
        // From now on nothing is asked here, and the server may end when it knows that.
        return true
      case "Sealed":
        router.event(event)
        return true
      default:
        router.event(event)
        return false
    }
  }

  const receive = (events: ReadonlyArray<unknown>): Effect.Effect<void> =>
    Effect.suspend(() => {
      let atOnce = false
      const failures: Array<unknown> = []
      for (const event of events) {
        const decoded = decodeEvent(event)
        if (Exit.isFailure(decoded)) failures.push(Cause.squash(decoded.cause))
        else if (accept(decoded.value)) atOnce = true
      }
      router.settle()
      return failures.length === 0
        ? acknowledge(atOnce)
        : Effect.andThen(
            Effect.logError("An event of the live server was not understood", ...failures),
            acknowledge(atOnce)
          )
    })

  const connect = Effect.suspend(() => {
    asked =
      sessionToken === undefined
        ? undefined
        : {
            sessionToken,
            components: router.places,
            rooms: router.roomPlaces,
            presence: presence.places,
            pending: ids.pending
          }
    const payload: ConnectRequest = asked === undefined ? {} : { resume: asked }
    return send({ _tag: "Request", id: connectId, tag: "Connect", payload, headers: [] })
  })

  const protocol: RpcClient.Protocol["Service"] = yield* link.open({
    onConnect: Effect.suspend(() => {
      batches = 0
      reconnectWithin = undefined
      // Who comes for the first time has nothing to wait for.
      const isFirst = sessionToken === undefined
      // The answers to what subscribers ask now are read by the fiber that runs this.
      runFork(
        Effect.andThen(
          connect,
          Effect.sync(() => {
            if (isFirst) router.connected()
          })
        )
      )
      return Effect.void
    }),
    onDisconnect: Effect.sync(() => {
      router.disconnected()
      if (Deferred.isDoneUnsafe(named)) named = Deferred.makeUnsafe()
      // Without the token of this session, its requests are lost with it.
      if (sessionToken === undefined) session++
    }),
    reconnectWithin: () => reconnectWithin
  })
  const requests = yield* Effect.provideService(makeRequests(), RpcClient.Protocol, {
    ...protocol,
    supportsAck: false,
    run: (id, f) => {
      clientId = id
      return protocol.run(id, (message) =>
        message._tag === "Chunk" && message.requestId === connectId ? receive(message.values) : f(message)
      )
    }
  })

  const run = (effect: Effect.Effect<unknown>) => {
    const fiber = runFork(effect)
    return () => fiber.interruptUnsafe()
  }
  const presence = new PresenceLists({
    router,
    run,
    resync: (componentId) => requests.Resync({ componentId })
  })

  // Who says good-bye is not waited for. Without a connection there is nobody to say it to, and it would wait for one.
  yield* Effect.addFinalizer(() =>
    Effect.suspend(() => {
      router.close()
      return router.isConnected ? send({ _tag: "Eof" }) : Effect.void
    })
  )

  return {
    requests,
    limits: {
      mountTimeout: Duration.fromInputUnsafe(options.mountTimeout ?? "30 seconds"),
      offlineTimeout: Duration.fromInputUnsafe(options.offlineTimeout ?? "45 seconds"),
      maxQueuedCalls: options.maxQueuedCalls ?? 1000
    },
    ids,
    tokens,
    presence,
    isConnected: () => router.isConnected,
    isDraining: () => reconnectWithin !== undefined,
    session: () => session,
    connectionId: () => connectionId,
    established: Effect.suspend(() => Deferred.await(named)),
    keep: (effect) => {
      keeping++
      const kept = TimeLimit.timeoutOption(effect, keepTimeout)
      runFork(
        Effect.ensuring(
          kept,
          Effect.suspend(() => (--keeping === 0 ? received() : Effect.void))
        )
      )
    },
    subscribe: (listener) => router.subscribe(listener),
    route: (componentId, receiver) => router.route(componentId, receiver),
    expectMount: () => router.expectMount(),
    run
  }
})
