/**
 * The client's end of the RPC wire. Requests are those of `LiveProtocol`, as an `RpcClient` would make them. Events come out of the same
 * frames, in order, and before any answer behind them. Batches are acknowledged in bulk once they are applied. The
 * token of the session is kept, and sent with the next connection to resume the session.
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import type * as RpcClient from "effect/rpc/RpcClient"
import type * as RpcMessage from "effect/rpc/RpcMessage"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { type ConnectionFailure, isLasting } from "../ConnectionFailure.ts"
import * as Log from "../Log.ts"
import type { ConnectionId } from "../LiveId.ts"
import type { CallId, ConnectionEstablished, ConnectRequest, ResumeRequest } from "../LiveProtocol.ts"
import { batchesPerAcknowledgement, LiveEvent } from "../ServerMessages.ts"
import * as TimeLimit from "../TimeLimit.ts"
import type { Adoption } from "./Adoption.ts"
import { CallIds } from "./CallIds.ts"
import type { ClientSettings } from "./ClientSettings.ts"
import { ConnectionMonitor } from "./ConnectionState.ts"
import { TimingMonitor } from "./ConnectionTiming.ts"
import { FailureLog } from "./FailureLog.ts"
import { FrameQueue, sizeOf, type TextFrame } from "./FrameQueue.ts"
import { LargeRequests } from "./LargeRequests.ts"
import { Link } from "./Link.ts"
import { type LiveRequests, makeRequests } from "./LiveRequests.ts"
import { OpenRequests } from "./OpenRequests.ts"
import { Pacer } from "./Pacer.ts"
import * as PageLifecycle from "./PageLifecycle.ts"
import { PresenceLists } from "./PresenceLists.ts"
import type { RequestTracer } from "./RequestSpans.ts"
import { type Connected, type ConnectionListener, type PatchedEvents, type Receiver, Router } from "./Router.ts"
import type { TapSlot } from "./SocketTap.ts"
import { TokenCache } from "./TokenCache.ts"
import { UploadSlot } from "./UploadSlot.ts"
import type { StateCache } from "./StateCache.ts"
import type { PatchedEvent } from "./StateCopy.ts"

/** The settings of a client, with the defaults filled in. */
export interface Limits {
  readonly mountTimeout: Duration.Duration
  readonly offlineTimeout: Duration.Duration
  readonly maxQueuedCalls: number
}

/** The connection of a client. It lives as long as the Scope, across all sockets. */
export interface ClientConnection {
  readonly requests: LiveRequests
  /** For requests that not every client makes. */
  readonly open: OpenRequests
  /** Lets calls go as fast as the server takes them. */
  readonly pacer: Pacer
  readonly limits: Limits
  /** Whether a long message arrives or leaves, and has just come further. */
  readonly isBusy: () => boolean
  /** The ids of mounts and calls. */
  readonly ids: CallIds
  /** Mounts and calls that may be too large. */
  readonly largeRequests: LargeRequests
  /** Tells the server that a call is not sent again that it has refused. */
  readonly abandon: (callId: number) => void
  /** The state tokens in the StateCache. */
  readonly tokens: TokenCache
  /** The presence lists. */
  readonly presence: PresenceLists
  readonly uploads: UploadSlot
  /** What a server has mounted for this page; undefined where it has not rendered it. */
  readonly ssr: Adoption | undefined
  /** What is known of the connection. */
  readonly monitor: ConnectionMonitor
  /** When it connects again, and how long the server takes to answer. */
  readonly timing: TimingMonitor
  /** For devtools: where they may sit, and whoever is told of the connection. */
  readonly slot: TapSlot | undefined
  readonly listeners: ReadonlySet<ConnectionListener>
  /** Connects anew, at once. */
  readonly reconnect: Effect.Effect<void>
  /** Connects now, where there is no connection; an attempt that is being made goes on. */
  readonly retry: Effect.Effect<void>
  readonly isConnected: () => boolean
  /** Whether the server has said that it is about to end: new requests go to the next server. */
  readonly isDraining: () => boolean
  /** Counts the sessions of this client. */
  readonly session: () => number
  /** The name of this client for other clients; undefined until the server has sent it. */
  readonly connectionId: () => ConnectionId | undefined
  /** Waits until the session has a token, so that it can be resumed. */
  readonly established: Effect.Effect<void>
  /** Runs an effect that stores a token. Batches are not acknowledged before it has ended. */
  readonly keep: (effect: Effect.Effect<unknown>) => void
  /** Adds a listener; the function returned removes it. */
  readonly subscribe: (listener: ConnectionListener) => () => void
  /**
   * Sends the events of a component to this receiver from now on, and those that came before its mount was answered at
   * once.
   */
  readonly route: (componentId: string, receiver: Receiver) => () => void
  /**
   * Announces a mount: events of components that are not known yet are kept. Call the function returned when the mount
   * has ended.
   */
  readonly expectMount: () => () => void
  /** Runs an effect for a component; the function returned interrupts it. */
  readonly run: (effect: Effect.Effect<unknown>) => () => void
}

/** A link may have several clients; this is its only one. */
const clientId = 0

const connectId = "events"

/** The id of the request that only asks for an answer. */
const probeId = "probe"

/** How long the server may take to show that it still is there, when a page was brought back. */
const checkTimeout = Duration.seconds(3)

/** How long an acknowledgement waits for tokens to be stored. */
const keepTimeout = Duration.seconds(2)

const decodeEvent = Schema.decodeUnknownExit(Schema.toCodecJson(LiveEvent))

/** Opens the Link and the stream of events. */
export const make = Effect.fnUntraced(function* (
  cache: StateCache["Service"],
  options: ClientSettings,
  trace?: RequestTracer
): Effect.fn.Return<ClientConnection, never, Link | Scope.Scope> {
  const link = yield* Link
  const context = yield* Effect.context<never>()
  const runFork = Effect.runForkWith(context)
  const report = (defect: unknown) =>
    void runFork(Log.error("A component failed to handle a change of its connection", { cause: defect }))
  const router = new Router(report)
  const clock = yield* Clock.Clock
  const monitor = new ConnectionMonitor(clock, report)
  const timing = new TimingMonitor(clock, report)
  const log = new FailureLog(runFork)
  const ids = new CallIds()
  const largeRequests = new LargeRequests()
  const uploads = new UploadSlot(link)
  const tokens = new TokenCache(cache, link.origin)
  /** There when this listens, which may be after the Link has connected. */
  const listening = Deferred.makeUnsafe<RpcClient.Protocol["Service"]>()
  let batches = 0
  let session = 0
  let sessionToken = options.ssr?.begin(router, runFork, () => requests)
  let connectionId: ConnectionId | undefined
  let reconnectWithin: number | undefined
  let named = Deferred.makeUnsafe<void>()
  /** How many tokens are being stored. */
  let keeping = 0
  /** The request that the session was resumed with. */
  let asked: ResumeRequest | undefined
  /** Whether there is a socket. */
  let isOpen = false
  /** The last batch that was acknowledged. */
  let acknowledged = -1
  /** When the first message of this connection was sent. */
  let begunAt = 0

  const now = () => Number(clock.monotonicTimeNanosUnsafe()) / 1e6
  const pacer = new Pacer({
    now: () => Math.floor(now()),
    after: (millis, then) => run(Effect.andThen(Effect.sleep(millis), Effect.sync(then))),
    probe: () => post({ _tag: "Request", id: probeId, tag: "Ping", payload: null, headers: [] })
  })
  const frames = new FrameQueue((frame) => void runFork(write(frame)))

  const write = (message: RpcMessage.FromClientEncoded | TextFrame): Effect.Effect<void> =>
    Effect.ignore(
      Effect.flatMap(Deferred.await(listening), (protocol) =>
        protocol.send(clientId, message as RpcMessage.FromClientEncoded)
      )
    )

  /** Sends a message with all others of this turn. */
  const post = (message: RpcMessage.FromClientEncoded): void => {
    if (isUnpaced(message)) pacer.counts()
    const text = frames.add(message)
    if (message._tag === "Request" && message.isNotification !== true) pacer.wrote(message.id, sizeOf(text))
  }

  const send = (message: RpcMessage.FromClientEncoded): Effect.Effect<void> =>
    Effect.suspend(() => (isOpen ? Effect.sync(() => post(message)) : write(message)))

  /** The last message of a connection, which does not wait for the end of the turn. */
  const leave = (message: RpcMessage.Eof): Effect.Effect<void> =>
    Effect.suspend(() => {
      frames.close()
      return write(message)
    })

  const received = (abandoned: ReadonlyArray<CallId> = []): Effect.Effect<void> =>
    Effect.suspend(() => {
      // Only what is new is free.
      if (batches === acknowledged) pacer.counts()
      acknowledged = batches
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
    timing.measured(now() - begunAt)
    sessionToken = event.sessionToken
    connectionId = event.connectionId
    tokens.age = Duration.millis(event.tokenAge)
    frames.told(event.limits ?? {})
    pacer.answered(connectId)
    pacer.told(event.limits)
    Deferred.doneUnsafe(named, Exit.void)
    if (router.isConnected) return
    if (!event.resumed) {
      session++
      presence.clear()
    }
    isConnected({ components: new Set<string>(event.components) })
    if (event.resumed && asked !== undefined) takeBack(asked)
  }

  const isConnected = (connected?: Connected): void => {
    log.connected()
    monitor.connected()
    router.connected(connected)
  }

  const failed = (failure: ConnectionFailure): void => {
    largeRequests.lost(failure)
    monitor.failed(failure)
    if (isLasting(failure)) router.refused(monitor.error(""))
    log.failed(failure)
  }

  /** Unmounts and abandons what the resume request listed and is not wanted any more. */
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

  /** Handles an event; says whether the server waits for its acknowledgement. */
  const accept = (event: LiveEvent | PatchedEvents): boolean => {
    switch (event._tag) {
      case "ConnectionEstablished":
        established(event)
        return true
      case "Draining":
        reconnectWithin = event.within
        // From now on nothing is requested here, and the server may end once it knows that.
        return true
      case "Sealed":
        router.event(event)
        return true
      case "UploadReceived":
      case "UploadFailed":
        uploads.event(event)
        return false
      default:
        router.event(event)
        return false
    }
  }

  const receive = (events: ReadonlyArray<unknown>): Effect.Effect<void> =>
    Effect.suspend(() => {
      let atOnce = false
      const failures: Array<Cause.Reason<unknown>> = []
      // Changes of one state are applied together, and the state is shown once.
      let changes: Array<PatchedEvent> = []
      const applyChanges = (): void => {
        const [first, second] = changes
        if (second !== undefined) accept({ _tag: "Patches", componentId: second.componentId, changes })
        else if (first !== undefined) accept(first)
        changes = []
      }
      for (const event of events) {
        const decoded = decodeEvent(event)
        if (Exit.isFailure(decoded)) {
          failures.push(...decoded.cause.reasons)
          continue
        }
        const { value } = decoded
        if (value._tag !== "Patched" || value.componentId !== changes[0]?.componentId) applyChanges()
        if (value._tag === "Patched") changes.push(value)
        else if (accept(value)) atOnce = true
      }
      applyChanges()
      router.settle()
      return failures.length === 0
        ? acknowledge(atOnce)
        : Effect.andThen(
            Log.error("An event of the server could not be decoded", { cause: Cause.fromReasons(failures) }),
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
    const payload: ConnectRequest = {
      inOrder: true,
      ...(asked === undefined ? {} : { resume: asked }),
      ...(link.takesParts ? { parts: true } : {})
    }
    begunAt = now()
    return send({ _tag: "Request", id: connectId, tag: "Connect", payload, headers: [] })
  })

  const protocol: RpcClient.Protocol["Service"] = yield* link.open({
    onConnect: Effect.suspend(() => {
      batches = 0
      acknowledged = -1
      reconnectWithin = undefined
      isOpen = true
      frames.connected()
      pacer.connected()
      // A new session has nothing to wait for.
      const isFirst = sessionToken === undefined
      // Forked, because the fiber that runs this hook also reads the answers.
      runFork(
        Effect.andThen(
          connect,
          Effect.sync(() => {
            if (isFirst) isConnected()
          })
        )
      )
      return Effect.void
    }),
    onDisconnect: Effect.sync(() => {
      isOpen = false
      frames.clear()
      monitor.disconnected()
      timing.measured(undefined)
      router.disconnected()
      pacer.lost()
      if (Deferred.isDoneUnsafe(named)) named = Deferred.makeUnsafe()
      // Without a session token the requests of this connection are lost with it.
      if (sessionToken === undefined) session++
    }),
    onFailure: failed,
    onWait: (millis) => timing.waits(millis),
    onLatency: (millis) => timing.measured(millis),
    onLarge: (message, length) => {
      const callId = (message as { readonly payload?: { readonly callId?: unknown } | null }).payload?.callId
      if (typeof callId !== "number") return
      largeRequests.sent(callId, length)
      // What is asked behind it is answered when it has arrived.
      const asked = Effect.andThen(
        Effect.yieldNow,
        Effect.suspend(() => requests.Ping())
      )
      runFork(Effect.ignore(Effect.map(asked, () => largeRequests.arrived(callId))))
    },
    reconnectWithin: () => reconnectWithin
  })
  const open = new OpenRequests((message) => {
    if (isOpen) post(message)
    return isOpen
  }, trace)
  const requests = makeRequests(open, pacer)
  yield* Effect.addFinalizer(() => Effect.sync(() => open.close()))
  const read = protocol.run(clientId, (message) =>
    Log.ignore(
      message._tag === "Chunk" && message.requestId === connectId
        ? receive(message.values)
        : Effect.sync(() => {
            if (message._tag === "Exit") pacer.answered(message.requestId)
            open.received(message)
          }),
      // The fiber that reads the socket runs this, and goes on.
      "The client failed on a message of the server",
      { level: "Error" }
    )
  )
  yield* Effect.forkScoped(read, { startImmediately: true })
  Deferred.doneUnsafe(listening, Exit.succeed(protocol))

  const run = (effect: Effect.Effect<unknown>) => {
    const fiber = runFork(effect)
    return () => fiber.interruptUnsafe()
  }
  const presence = new PresenceLists({
    router,
    run,
    resync: (componentId) => requests.Resync({ componentId })
  })

  /** Whether the server is being asked if it still is there. */
  let isChecking = false
  const check = Effect.suspend(() => {
    if (isChecking) return Effect.void
    isChecking = true
    return TimeLimit.timeoutOption(Effect.exit(requests.Ping()), checkTimeout).pipe(
      Effect.flatMap((answer) =>
        // What this client still sends, and what still arrives, comes first, however slow the network is.
        Option.isNone(answer) && router.isConnected && link.buffered() === 0 && !link.isMoving()
          ? link.reconnect
          : Effect.void
      ),
      Effect.ensuring(Effect.sync(() => void (isChecking = false)))
    )
  })
  yield* PageLifecycle.follow({
    leave: () =>
      void runFork(
        router.isConnected
          ? Effect.andThen(leave({ _tag: "Eof", keep: router.kept } as RpcMessage.Eof), link.suspend)
          : link.suspend
      ),
    suspend: () => void runFork(link.suspend),
    wake: () => void runFork(router.isConnected ? check : link.wake)
  })

  const reconnect = Effect.suspend(() => {
    monitor.retried()
    router.retried()
    return link.reconnect
  })
  const retry = Effect.suspend(() => {
    const { status } = monitor.state
    return status === "unauthorized" || status === "failed" ? reconnect : link.wake
  })

  // The finalizer does not wait for an answer, and without a connection sends nothing: it would wait for one.
  yield* Effect.addFinalizer(() =>
    Effect.suspend(() => {
      monitor.closed()
      timing.waits(undefined)
      timing.measured(undefined)
      router.close()
      return router.isConnected ? leave({ _tag: "Eof" }) : Effect.void
    })
  )

  return {
    requests,
    open,
    pacer,
    isBusy: link.isBusy,
    limits: {
      mountTimeout: Duration.fromInputUnsafe(options.mountTimeout ?? "30 seconds"),
      offlineTimeout: Duration.fromInputUnsafe(options.offlineTimeout ?? "45 seconds"),
      maxQueuedCalls: options.maxQueuedCalls ?? 4000
    },
    ids,
    largeRequests,
    abandon: (callId) => {
      if (isOpen) runFork(received([callId]))
    },
    tokens,
    presence,
    uploads,
    ssr: options.ssr,
    monitor,
    timing,
    slot: link.slot,
    listeners: router.subscribed,
    reconnect,
    retry,
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

/** Whether a message counts that did not wait for its turn. Unmounting is free. */
const isUnpaced = (message: RpcMessage.FromClientEncoded): boolean =>
  message._tag === "Request" ? message.tag === "Connect" || message.tag === "Ping" : true
