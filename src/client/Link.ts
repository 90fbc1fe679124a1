/**
 * The way from a client to its server: opens an RPC protocol, tells when it is connected, and why it is not. Whatever goes
 * wrong is one failed attempt; the WebSocket link connects again until that makes no sense. A test brings its own link.
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as RpcClient from "effect/rpc/RpcClient"
import { RpcSerialization } from "effect/rpc/RpcSerialization"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import * as Socket from "effect/socket/Socket"
import type { ConnectionFailure } from "../ConnectionFailure.ts"
import * as Log from "../Log.ts"
import * as Thrown from "../Thrown.ts"
import { Attempt } from "./Attempt.ts"
import { serialization } from "./CheckedMessages.ts"
import * as Endpoint from "./Endpoint.ts"
import { Heartbeat } from "./Heartbeat.ts"
import * as HandshakeProbe from "./HandshakeProbe.ts"
import { large } from "./LargeRequests.ts"
import { Reconnection } from "./Reconnection.ts"

/** What a link calls, and asks. */
export interface Hooks {
  readonly onConnect: Effect.Effect<void>
  readonly onDisconnect: Effect.Effect<void>
  /** An attempt to connect has failed, or a connection has ended. */
  readonly onFailure: (failure: ConnectionFailure) => void
  /** The next attempt to connect is made in so many milliseconds; undefined when it begins. */
  readonly onWait?: (millis: number | undefined) => void
  /** The server has answered a ping after so many milliseconds. */
  readonly onLatency?: (millis: number) => void
  /** A message of so many characters is about to be sent, if that is many. */
  readonly onLarge?: (message: unknown, length: number) => void
  /** Milliseconds over which clients spread their return, when the server has said so. */
  readonly reconnectWithin: () => number | undefined
}

/** A way to a server. */
export class Link extends Context.Service<
  Link,
  {
    /** The server, such as `wss://example.org`. */
    readonly origin: Effect.Effect<string>
    readonly open: (hooks: Hooks) => Effect.Effect<RpcClient.Protocol["Service"], never, Scope.Scope>
    /** Connects anew and at once, with the token of now: also after it was given up, and where there is a connection. */
    readonly reconnect: Effect.Effect<void>
    /** Makes the next attempt now, if it is due later and makes sense. */
    readonly wake: Effect.Effect<void>
    /** Disconnects until `wake` or `reconnect`. */
    readonly suspend: Effect.Effect<void>
    /** Sends a binary frame, behind all that was sent before; says whether there is a connection to send it on. */
    readonly sendBytes: (frame: Uint8Array) => boolean
    /** Bytes that were sent and are still on this machine. */
    readonly buffered: () => number
    /** Whether anything has come in or left in the last three seconds. */
    readonly isMoving: () => boolean
    /** Whether a long message arrives or leaves, and has come further within the last ten seconds. */
    readonly isBusy: () => boolean
    /** Whether the server may send long messages in parts. */
    readonly takesParts: boolean
  }
>()("fibra/client/Link") {}

/** Where and how to connect. */
export interface WebSocketOptions {
  /**
   * The credentials of the client, where no cookie carries them: sent as the sub-protocol `bearer.<token>`, which
   * `Authentication.token` reads. Only characters of a JWT or of base64url. An effect runs for each attempt to connect;
   * when it fails, so does the attempt.
   */
  readonly token?: Endpoint.Given<string | undefined>
  /**
   * `ws://` or `wss://`, with the path: `ws://127.0.0.1:3000/api/live/rpc`. In a page it may be relative. An effect runs
   * for each attempt to connect; when it fails, so does the attempt.
   */
  readonly url: Endpoint.Given<string>
  /**
   * Delay before the second attempt to connect again (250 ms). The first is made at once, and each further one doubles
   * the delay.
   */
  readonly backoff?: Duration.Input
  /** Longest delay between two attempts (10 seconds). */
  readonly maxBackoff?: Duration.Input
  /** Time between two pings (10 seconds). */
  readonly pingInterval?: Duration.Input
  /**
   * Time after a ping within which anything has to come in or leave (10 seconds); otherwise the connection counts as lost. A
   * message that is still arriving, or leaving, may take as long as it does.
   */
  readonly pingTimeout?: Duration.Input
  /**
   * Whether to ask over HTTP why a handshake was refused, which browsers do not tell (true). Set it to false with a
   * `WebSocketConstructor` that sends credentials in headers of its own.
   */
  readonly probe?: boolean
}

/** The state of a WebSocket that can send. */
const open = 1

/** The sub-protocol that the server selects. */
const protocol = "fibra"

/** Asks the server for a sign of life. */
const ping = JSON.stringify({ _tag: "Ping" })

/** Milliseconds for which a connection is moving after something has come in or left. */
const movingFor = 3000

/** The same of a long message, of which a part may take longer. */
const busyFor = 10_000

const bufferedBy = (socket: Socket.WebSocketLike | undefined): number =>
  socket !== undefined && "bufferedAmount" in socket ? Number(socket.bufferedAmount) : 0

const failed = (cause: unknown): Socket.SocketError =>
  new Socket.SocketError({ reason: new Socket.SocketOpenError({ kind: "Unknown", cause }) })

/** A link over a WebSocket. */
export const layerWebSocket = (options: WebSocketOptions): Layer.Layer<Link, never, Socket.WebSocketConstructor> =>
  Layer.effect(
    Link,
    Effect.gen(function* () {
      const runFork = Effect.runForkWith(yield* Effect.context<never>())
      const makeSocket = yield* Socket.WebSocketConstructor
      const backoff = Duration.fromInputUnsafe(options.backoff ?? "250 millis")
      const reconnection = new Reconnection(backoff, Duration.fromInputUnsafe(options.maxBackoff ?? "10 seconds"))
      const pingInterval = Duration.toMillis(Duration.fromInputUnsafe(options.pingInterval ?? "10 seconds"))
      const pingTimeout = Duration.toMillis(Duration.fromInputUnsafe(options.pingTimeout ?? "10 seconds"))
      const clock = yield* Clock.Clock
      const now = () => Number(clock.monotonicTimeNanosUnsafe()) / 1e6
      let attempt = new Attempt()
      /** Counts what is asked for by `reconnect`: a token from before is not used. */
      let asked = 0

      const resolve: Effect.Effect<Endpoint.Endpoint, ConnectionFailure> = Effect.suspend(() => {
        const before = asked
        const endpoint = Endpoint.resolve(options.url, options.token)
        return Effect.flatMap(Effect.exit(endpoint), (exit) => (before === asked ? exit : resolve))
      })
      const makeWebSocket = Effect.gen(function* () {
        const current = attempt
        const endpoint = yield* resolve
        current.endpoint = endpoint
        const { place: url, token } = endpoint
        const protocols = token === undefined ? undefined : [protocol, `bearer.${token}`]
        return yield* Effect.try({
          try: () => (current.socket = makeSocket(endpoint.url, protocols)),
          catch: (thrown): ConnectionFailure => ({ kind: "blocked", url, text: Thrown.describe(thrown) })
        })
      }).pipe(
        Effect.catchCause((cause) => {
          const failure = cause.reasons.find(Cause.isFailReason)?.error
          attempt.failure = failure ?? { kind: "client", text: Thrown.describe(Cause.squash(cause)) }
          return Effect.fail(failed(attempt.failure))
        })
      )
      /** Asks for signs of life, and ends the connection when there are none. */
      const keepAlive = Effect.fnUntraced(function* (current: Attempt) {
        const heartbeat = (current.heartbeat = new Heartbeat(pingInterval, pingTimeout, now()))
        while (true) {
          yield* Effect.sleep(Duration.millis(heartbeat.due - now()))
          const beat = heartbeat.beat(now(), bufferedBy(current.socket))
          if (beat === "ask" && current.socket?.readyState === open) {
            current.askedAt = now()
            current.socket.send(ping)
          }
          if (beat !== "end") continue
          current.isSilent = true
          // It ends this fiber, too.
          return void runFork(current.end)
        }
      })
      const inner = yield* Socket.fromWebSocket(
        Effect.acquireRelease(makeWebSocket, (socket) =>
          Effect.sync(() => {
            if (attempt.socket === socket) attempt.socket = undefined
            socket.close(1000)
          })
        )
      )
      const socket = Socket.make({
        writer: inner.writer,
        reader: Effect.gen(function* () {
          const scope = yield* Scope.fork(yield* Effect.scope)
          attempt = new Attempt()
          attempt.end = Scope.close(scope, Exit.void)
          const current = attempt
          const reader = yield* Scope.provide(inner.reader, scope)
          yield* Effect.forkIn(keepAlive(current), scope)
          return reader
        })
      })

      return Link.of({
        origin: Endpoint.origin(options.url),
        sendBytes: (frame) => {
          const { socket } = attempt
          if (socket?.readyState !== open) return false
          socket.send(frame as Uint8Array<ArrayBuffer>)
          return true
        },
        buffered: () => bufferedBy(attempt.socket),
        isMoving: () => attempt.heartbeat?.isMoving(now(), bufferedBy(attempt.socket), movingFor) === true,
        isBusy: () => {
          const [{ heartbeat, partAt, parts, socket }, time] = [attempt, now()]
          if (parts > 0 && time - partAt < busyFor) return true
          const buffered = bufferedBy(socket)
          return buffered > 0 && heartbeat?.isMoving(time, buffered, busyFor) === true
        },
        takesParts: true,
        reconnect: Effect.suspend(() => {
          // The next one may begin at once.
          const { end } = attempt
          asked++
          reconnection.begin()
          return end
        }),
        wake: Effect.sync(() => reconnection.hurry()),
        suspend: Effect.suspend(() => {
          reconnection.pause()
          return attempt.end
        }),
        open: ({ onConnect, onDisconnect, onFailure, onLarge, onLatency, onWait, reconnectWithin }) =>
          Effect.suspend(() => {
            /** Whether WebSockets did not get through the last time either. */
            let isBlocked = false
            const explain = Effect.fnUntraced(function* (failure: ConnectionFailure) {
              const { endpoint } = attempt
              const isAsked = failure.kind === "handshake" && endpoint !== undefined && options.probe !== false
              const found = isAsked ? yield* HandshakeProbe.ask(endpoint) : failure
              const wasBlocked = isBlocked
              isBlocked = found.kind === "noUpgrade"
              // The server may have come up just now: one answer alone does not prove that something is in between.
              const known = isBlocked && !wasBlocked ? failure : found
              onFailure(known)
              return known
            })
            const wait = ({ input }: { readonly input: Socket.SocketError }): Effect.Effect<Duration.Duration> =>
              Effect.suspend(() => {
                const failure = attempt.explain(input)
                return reconnection.wait(failure, reconnectWithin() ?? 0, explain(failure), onWait)
              }).pipe(
                // Nothing that happens here may end connecting.
                Effect.catchCause((cause) =>
                  Effect.andThen(Log.error("The client failed to connect again", { cause }), Effect.sleep(backoff))
                ),
                Effect.as(Duration.zero)
              )
            const connected = Effect.suspend(() => {
              reconnection.connected()
              attempt.isOpen = true
              isBlocked = false
              return onConnect
            }).pipe(
              Effect.catchCause((cause) => {
                attempt.failure = { kind: "client", text: Thrown.describe(Cause.squash(cause)) }
                return Effect.andThen(Log.error("The client failed on a new connection", { cause }), attempt.end)
              })
            )
            const sent = (message: unknown, length: number) => {
              if (length >= large) onLarge?.(message, length)
            }
            const heard = (parts: number) => {
              attempt.heartbeat?.heard(now())
              if (parts === attempt.parts) return
              attempt.parts = parts
              attempt.partAt = now()
            }
            const ponged = () => {
              const { askedAt } = attempt
              attempt.askedAt = undefined
              if (askedAt !== undefined) onLatency?.(now() - askedAt)
            }
            const rejected = () => {
              const { endpoint, end } = attempt
              attempt.failure = { kind: "protocol", ...(endpoint === undefined ? {} : { url: endpoint.place }) }
              runFork(end)
            }
            const disconnected = Log.ignore(onDisconnect, "The client failed on a lost connection", { level: "Error" })
            return RpcClient.makeProtocolSocket({
              retryTransientErrors: true,
              retryPolicy: Schedule.addDelay(Schedule.identity<Socket.SocketError>(), wait),
              // Its own pings would end a connection that is moving.
              pingInterval: Duration.infinity
            }).pipe(
              Effect.provideService(RpcClient.ConnectionHooks, { onConnect: connected, onDisconnect: disconnected }),
              Effect.provideService(Socket.Socket, socket),
              Effect.provideService(RpcSerialization, serialization(heard, ponged, rejected, sent))
            )
          })
      })
    })
  )
