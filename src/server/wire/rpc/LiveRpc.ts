/**
 * Front A: the RPC wire over connections of the Transport. What there is one of per connection, action or change goes
 * straight between the session and the outbox: mounts, calls, their answers, and the one stream of events; `RpcServer` runs the
 * other requests. On the wire all of it is what a stock `RpcClient` of `LiveProtocol` expects.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import type * as RpcMessage from "effect/rpc/RpcMessage"
import * as RpcSerialization from "effect/rpc/RpcSerialization"
import * as RpcServer from "effect/rpc/RpcServer"
import { TokenRejected } from "../../../LiveError.ts"
import { LiveProtocol } from "../../../LiveProtocol.ts"
import * as LiveConfig from "../../LiveConfig.ts"
import { RpcEncoder } from "./RpcEncoder.ts"
import { RpcConnection, type RpcHost } from "./RpcConnection.ts"
import { Sessions } from "../../session/Sessions.ts"
import type { WireProtocol } from "../../transport/Connection.ts"

/** The front, to be given to the Transport with each connection. */
export class LiveRpc extends Context.Service<LiveRpc, WireProtocol>()("fibra/server/LiveRpc") {}

/** The requests `RpcServer` runs; the others never reach it. */
const Unary = LiveProtocol.omit("Connect", "Received", "Mount", "Rehydrate", "Call")

/** Runs the front until the Scope closes. */
export const layer: Layer.Layer<LiveRpc, never, Sessions> = Layer.effect(
  LiveRpc,
  Effect.gen(function* () {
    const sessions = yield* Sessions
    const config = yield* LiveConfig.LiveConfig
    const context = yield* Effect.context<never>()
    /** Those that have asked something of `RpcServer`. */
    const connections = new Map<number, RpcConnection>()
    const disconnects = yield* Queue.unbounded<number>()
    const runFork = Effect.runForkWith(context)
    let toRpcServer: (clientId: number, message: RpcMessage.FromClientEncoded) => Effect.Effect<void> = () =>
      Effect.void

    const protocol = yield* RpcServer.Protocol.make((write) => {
      toRpcServer = write
      return Effect.succeed({
        disconnects,
        send: (clientId, response) => Effect.sync(() => connections.get(clientId)?.reply(JSON.stringify(response))),
        end: () => Effect.void,
        clientIds: Effect.sync(() => new Set(connections.keys())),
        initialMessage: Effect.succeed(Option.none()),
        supportsAck: false,
        supportsTransferables: false,
        supportsSpanPropagation: false,
        supportsNotifications: true,
        codecFor: RpcSerialization.json.codecFor
      })
    })

    const sessionOf = (clientId: number) =>
      Effect.suspend(() => {
        const session = connections.get(clientId)?.session
        return session === undefined ? Effect.interrupt : Effect.succeed(session)
      })

    const handlers = Unary.toLayer({
      Unmount: ({ componentId }, { client }) =>
        Effect.flatMap(sessionOf(client.id), (session) => session.unmount(componentId)),
      Resync: ({ componentId }, { client }) =>
        Effect.flatMap(sessionOf(client.id), (session) => session.resync(componentId)),
      Ping: () => Effect.map(Clock.currentTimeMillis, (time) => ({ time }))
    })

    yield* RpcServer.make(Unary, { disableTracing: true, disableFatalDefects: true }).pipe(
      Effect.provideService(RpcServer.Protocol, protocol),
      Effect.provide(handlers),
      Effect.forkScoped
    )

    const host: RpcHost = {
      config,
      tokenAge: Duration.toMillis(config.tokenAge),
      openSession: sessions.openUnsafe,
      ticket: sessions.ticketUnsafe,
      claim: (token, principal) => {
        const claimed = sessions.claimUnsafe(token, principal, RpcEncoder)
        return typeof claimed === "string" ? new TokenRejected({ reason: claimed }) : claimed
      },
      confirm: sessions.confirmUnsafe,
      drainingWithin: () => (sessions.isDraining() ? Duration.toMillis(config.reconnectWithin) : undefined),
      run: (effect) => runFork(effect),
      forward: (connection, message) => {
        connections.set(connection.connection.id, connection)
        runFork(toRpcServer(connection.connection.id, message))
      },
      closed: ({ connection }, session) => {
        if (connections.delete(connection.id)) Queue.offerUnsafe(disconnects, connection.id)
        if (session !== undefined) runFork(sessions.park(session))
      },
      end: (session) => runFork(sessions.close(session))
    }

    return {
      open: (connection) => new RpcConnection(host, connection)
    }
  })
)
