/**
 * The way from a client to its server: opens an RPC protocol and tells when it is connected. The WebSocket link
 * connects again for ever, with capped exponential backoff and jitter; a test brings its own link.
 */
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Random from "effect/Random"
import * as RpcClient from "effect/rpc/RpcClient"
import * as RpcSerialization from "effect/rpc/RpcSerialization"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as Socket from "effect/socket/Socket"
import { CloseCode } from "../LiveProtocol.ts"

/** What a link calls, and asks. */
export interface Hooks {
  readonly onConnect: Effect.Effect<void>
  readonly onDisconnect: Effect.Effect<void>
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
    /** Sends a binary frame, behind all that was sent before; says whether there is a connection to send it on. */
    readonly sendBytes: (frame: Uint8Array) => boolean
    /** Bytes that were sent and are still on this machine. */
    readonly buffered: () => number
  }
>()("fibra/client/Link") {}

/** Where and how to connect. */
export interface WebSocketOptions {
  /**
   * The credentials of the client, where no cookie carries them: sent as the sub-protocol `bearer.<token>`, which
   * `Authentication.token` reads. Only characters of a JWT or of base64url. An effect runs for each attempt to connect.
   */
  readonly token?: string | Effect.Effect<string>
  /** `ws://` or `wss://`, with the path: `ws://127.0.0.1:3000/api/live/rpc`. */
  readonly url: string | Effect.Effect<string>
  /**
   * Delay before the second attempt to connect again (250 ms). The first is made at once, and each further one doubles
   * the delay.
   */
  readonly backoff?: Duration.Input
  /** Longest delay between two attempts (10 seconds). */
  readonly maxBackoff?: Duration.Input
  /**
   * Time between two pings (10 seconds). When one is not answered before the next is due, the connection counts as
   * lost.
   */
  readonly pingInterval?: Duration.Input
}

/** Delay before attempt `attempt` (0 is the first) to connect again, in milliseconds, before jitter. */
export const backoffDelay = (attempt: number, backoff: Duration.Duration, max: Duration.Duration): number =>
  attempt === 0 ? 0 : Math.min(Duration.toMillis(backoff) * 2 ** (attempt - 1), Duration.toMillis(max))

/**
 * The codes of a server that would close the next connection again: too much was sent, too little was read, or the
 * principal was signed out.
 */
const refusals: ReadonlySet<number> = new Set([1008, 1013, CloseCode.signedOut])

const isRefusal = ({ reason }: Socket.SocketError): boolean =>
  reason._tag === "SocketCloseError" && refusals.has(reason.code)

/** The state of a WebSocket that can send. */
const open = 1

/** The sub-protocol that the server selects. */
const protocol = "fibra"

const effectOf = <A>(value: A | Effect.Effect<A>): Effect.Effect<A> =>
  Effect.isEffect(value) ? value : Effect.succeed(value)

const originOf = (url: string): string => (URL.canParse(url) ? new URL(url).origin : url)

const bufferedBy = (socket: Socket.WebSocketLike | undefined): number =>
  socket !== undefined && "bufferedAmount" in socket ? Number(socket.bufferedAmount) : 0

/** A link over a WebSocket. */
export const layerWebSocket = (options: WebSocketOptions): Layer.Layer<Link, never, Socket.WebSocketConstructor> =>
  Layer.effect(
    Link,
    Effect.gen(function* () {
      const makeSocket = yield* Socket.WebSocketConstructor
      const [url, token] = [effectOf(options.url), effectOf(options.token)]
      let current: Socket.WebSocketLike | undefined
      const socket = yield* Socket.fromWebSocket(
        Effect.acquireRelease(
          Effect.map(Effect.all([url, token]), ([url, token]) => {
            const socket = makeSocket(url, token === undefined ? undefined : [protocol, `bearer.${token}`])
            current = socket
            return socket
          }),
          (socket) =>
            Effect.sync(() => {
              if (current === socket) current = undefined
              socket.close(1000)
            })
        )
      )
      const backoff = Duration.fromInputUnsafe(options.backoff ?? "250 millis")
      const maxBackoff = Duration.fromInputUnsafe(options.maxBackoff ?? "10 seconds")
      return Link.of({
        origin: Effect.map(url, originOf),
        sendBytes: (frame) => {
          if (current?.readyState !== open) return false
          current.send(frame as Uint8Array<ArrayBuffer>)
          return true
        },
        buffered: () => bufferedBy(current),
        open: ({ onConnect, onDisconnect, reconnectWithin }) =>
          Effect.suspend(() => {
            let attempt = 0
            let refused = 0
            const delay = Effect.fnUntraced(function* ({ input }: { readonly input: Socket.SocketError }) {
              const random = yield* Random.next
              // The server accepted the connection and then refused it, so an accepted connection is no reason to reset
              // the delay.
              if (isRefusal(input)) attempt = ++refused
              else if (attempt === 0) refused = 0
              const within = attempt === 0 ? (reconnectWithin() ?? 0) : 0
              return Duration.millis(
                within * random + backoffDelay(attempt++, backoff, maxBackoff) * (0.5 + random / 2)
              )
            })
            const connected = Effect.andThen(
              Effect.sync(() => void (attempt = 0)),
              onConnect
            )
            return RpcClient.makeProtocolSocket({
              retryTransientErrors: true,
              retryPolicy: Schedule.addDelay(Schedule.identity<Socket.SocketError>(), delay),
              pingInterval: options.pingInterval ?? "10 seconds"
            }).pipe(
              Effect.provideService(RpcClient.ConnectionHooks, { onConnect: connected, onDisconnect }),
              Effect.provideService(Socket.Socket, socket),
              Effect.provideService(RpcSerialization.RpcSerialization, RpcSerialization.json)
            )
          })
      })
    })
  )
