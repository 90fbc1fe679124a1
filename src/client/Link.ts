/**
 * The way from a client to its server: opens an RPC protocol, tells when it is connected, and why it is not. Whatever goes
 * wrong is one failed attempt; the WebSocket link connects again until that makes no sense. A test brings its own link.
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as RpcClient from "effect/rpc/RpcClient"
import type * as Scope from "effect/Scope"
import * as Socket from "effect/socket/Socket"
import type { ConnectionFailure } from "../ConnectionFailure.ts"
import * as Log from "../Log.ts"
import * as Thrown from "../Thrown.ts"
import { Attempt } from "./Attempt.ts"
import { CheckedMessages } from "./CheckedMessages.ts"
import { connectionLost } from "./ConnectionLost.ts"
import * as Endpoint from "./Endpoint.ts"
import { Heartbeat } from "./Heartbeat.ts"
import * as HandshakeProbe from "./HandshakeProbe.ts"
import { TextFrame } from "./FrameQueue.ts"
import { large } from "./LargeRequests.ts"
import { LinkProtocol } from "./LinkProtocol.ts"
import { Reconnection } from "./Reconnection.ts"
import { type SocketEnd, SocketFeed } from "./SocketFeed.ts"
import type { TapSlot } from "./SocketTap.ts"

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
    /** Where devtools may sit between the client and its sockets. */
    readonly slot?: TapSlot
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

/** It came to nothing before there was a WebSocket: the attempt knows why. */
const unmade: SocketEnd = { kind: "error", cause: undefined }

/** A link over a WebSocket that this makes. */
export const make = (
  options: WebSocketOptions,
  makeSocket: Socket.WebSocketConstructor["Service"]
): Effect.Effect<Link["Service"]> =>
  Effect.gen(function* () {
    const runFork = Effect.runForkWith(yield* Effect.context<never>())
    const backoff = Duration.fromInputUnsafe(options.backoff ?? "250 millis")
    const clock = yield* Clock.Clock
    const now = () => Number(clock.monotonicTimeNanosUnsafe()) / 1e6
    const maxBackoff = Duration.fromInputUnsafe(options.maxBackoff ?? "10 seconds")
    const reconnection = new Reconnection(backoff, maxBackoff)
    const pingInterval = Duration.toMillis(Duration.fromInputUnsafe(options.pingInterval ?? "10 seconds"))
    const pingTimeout = Duration.toMillis(Duration.fromInputUnsafe(options.pingTimeout ?? "10 seconds"))
    const slot: TapSlot = {}
    let attempt = new Attempt()
    /** Counts what is asked for by `reconnect`: a token from before is not used. */
    let asked = 0

    const resolve: Effect.Effect<Endpoint.Endpoint, ConnectionFailure> = Effect.suspend(() => {
      const before = asked
      const endpoint = Endpoint.resolve(options.url, options.token)
      return Effect.flatMap(Effect.exit(endpoint), (exit) => (before === asked ? exit : resolve))
    })
    /** Makes the WebSocket of an attempt, and waits until it is open. */
    const connect = Effect.fnUntraced(function* (current: Attempt) {
      const endpoint = yield* resolve
      current.endpoint = endpoint
      const { place: url, token } = endpoint
      slot.url = url
      const refusal = slot.tap?.connects(url)
      if (refusal !== undefined) return yield* Effect.fail(refusal)
      const protocols = token === undefined ? undefined : [protocol, `bearer.${token}`]
      return yield* Effect.try({
        try: () => {
          current.socket = makeSocket(endpoint.url, protocols)
          const feed = new SocketFeed(current.socket, slot)
          current.begin(feed)
          return feed
        },
        catch: (thrown): ConnectionFailure => ({ kind: "blocked", url, text: Thrown.describe(thrown) })
      })
    })
    const opened = (current: Attempt): Effect.Effect<SocketFeed, SocketEnd> =>
      connect(current).pipe(
        Effect.catchCause((cause) => {
          const failure = cause.reasons.find(Cause.isFailReason)?.error
          current.failure = failure ?? { kind: "client", text: Thrown.describe(Cause.squash(cause)) }
          return Effect.fail(unmade)
        }),
        Effect.tap((feed) => feed.opened)
      )
    /** Asks for signs of life, and ends the connection when there are none. */
    const keepAlive = Effect.fnUntraced(function* (current: Attempt) {
      const heartbeat = (current.heartbeat = new Heartbeat(pingInterval, pingTimeout, now()))
      while (true) {
        // In whole milliseconds: after a smaller part of one it might still not be due, for ever.
        yield* Effect.sleep(Math.ceil(heartbeat.due - now()))
        const beat = heartbeat.beat(now(), bufferedBy(current.socket))
        if (beat === "ask" && current.isSending) {
          current.askedAt = now()
          current.send(ping)
        }
        if (beat !== "end") continue
        current.isSilent = true
        return current.end()
      }
    })

    return Link.of({
      origin: Endpoint.origin(options.url),
      sendBytes: (frame) => attempt.send(frame),
      slot,
      buffered: () => bufferedBy(attempt.socket),
      isMoving: () => attempt.heartbeat?.isMoving(now(), bufferedBy(attempt.socket), movingFor) === true,
      isBusy: () => {
        const [{ heartbeat, partAt, parts, socket }, time] = [attempt, now()]
        if (parts > 0 && time - partAt < busyFor) return true
        const buffered = bufferedBy(socket)
        return buffered > 0 && heartbeat?.isMoving(time, buffered, busyFor) === true
      },
      takesParts: true,
      reconnect: Effect.sync(() => {
        // The next one may begin at once.
        const current = attempt
        asked++
        reconnection.begin()
        current.end()
      }),
      wake: Effect.sync(() => reconnection.hurry()),
      suspend: Effect.sync(() => {
        reconnection.pause()
        attempt.end()
      }),
      open: ({ onConnect, onDisconnect, onFailure, onLarge, onLatency, onWait, reconnectWithin }) =>
        Effect.gen(function* () {
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
          const wait = (end: SocketEnd): Effect.Effect<void> =>
            Effect.suspend(() => {
              const failure = attempt.explain(end)
              return reconnection.wait(failure, reconnectWithin() ?? 0, explain(failure), onWait)
            }).pipe(
              // Nothing that happens here may end connecting.
              Effect.catchCause((cause) =>
                Effect.andThen(Log.error("The client failed to connect again", { cause }), Effect.sleep(backoff))
              )
            )
          const connected = Effect.suspend(() => {
            reconnection.connected()
            attempt.isOpen = true
            isBlocked = false
            return onConnect
          }).pipe(
            Effect.catchCause((cause) => {
              attempt.failure = { kind: "client", text: Thrown.describe(Cause.squash(cause)) }
              attempt.end()
              return Log.error("The client failed on a new connection", { cause })
            })
          )
          const disconnected = Log.ignore(onDisconnect, "The client failed on a lost connection", { level: "Error" })
          const wire = new LinkProtocol((message) =>
            Effect.suspend(() => {
              if (!attempt.isSending) return Effect.fail(connectionLost())
              // What is large goes alone.
              const text = message instanceof TextFrame ? message.text : JSON.stringify(message)
              if (!(message instanceof TextFrame) && text.length >= large) onLarge?.(message, text.length)
              attempt.send(text)
              return Effect.void
            })
          )
          const ponged = (current: Attempt) => {
            const { askedAt } = current
            current.askedAt = undefined
            if (askedAt !== undefined) onLatency?.(now() - askedAt)
          }
          const listen = Effect.fnUntraced(function* (current: Attempt, feed: SocketFeed) {
            const messages = new CheckedMessages()
            while (true) {
              for (const frame of yield* feed.take) {
                const found = messages.read(frame)
                const { parts } = messages
                current.heartbeat?.heard(now())
                reconnection.heard()
                if (parts !== current.parts) {
                  current.parts = parts
                  current.partAt = now()
                }
                for (const message of found ?? []) {
                  if (message._tag === "Pong") ponged(current)
                  else yield* wire.deliver(message)
                }
                if (found !== undefined) continue
                const { endpoint } = current
                current.failure = { kind: "protocol", ...(endpoint === undefined ? {} : { url: endpoint.place }) }
                current.end()
              }
            }
          })
          /** One attempt, and the connection that comes of it; ends when that is lost. */
          const live = Effect.suspend(() => {
            const current = (attempt = new Attempt())
            const connection: Effect.Effect<never, SocketEnd> = Effect.gen(function* () {
              const feed = yield* opened(current)
              const beating = runFork(keepAlive(current))
              return yield* Effect.ensuring(
                Effect.andThen(connected, listen(current, feed)),
                Effect.sync(() => beating.interruptUnsafe())
              )
            })
            return Effect.ensuring(
              Effect.flip(connection),
              Effect.sync(() => current.end())
            )
          })
          const again = Effect.gen(function* () {
            while (true) {
              const end = yield* live
              yield* disconnected
              yield* wire.deliver({ _tag: "ClientProtocolError", error: connectionLost() })
              yield* wait(end)
            }
          })
          yield* Effect.forkScoped(again)
          return wire
        })
    })
  })

/** A link over a WebSocket. */
export const layerWebSocket = (options: WebSocketOptions): Layer.Layer<Link, never, Socket.WebSocketConstructor> =>
  Layer.effect(
    Link,
    Effect.flatMap(Socket.WebSocketConstructor, (makeSocket) => make(options, makeSocket))
  )
