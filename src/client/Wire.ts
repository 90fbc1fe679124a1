/**
 * The client's end of the wire: requests go through an `RpcClient` of LiveProtocol, events come out of the same frames in the
 * order they came in, before any answer behind them. Batches are acknowledged in bulk once they were applied.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as RpcClient from "effect/rpc/RpcClient"
import type * as RpcMessage from "effect/rpc/RpcMessage"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { batchesPerAcknowledgement, LiveEvent, LiveProtocol } from "../LiveProtocol.ts"
import { Link } from "./Link.ts"
import { Router, type Subscriber } from "./Router.ts"

const Requests = LiveProtocol.omit("Connect", "Received")

/** The requests a client may make. */
export type Requests = Effect.Success<ReturnType<typeof makeRequests>>

const makeRequests = () => RpcClient.make(Requests, { disableTracing: true })

/** One connection, as long as the Scope lives, however often it has to be made anew. */
export interface Wire {
  readonly requests: Requests
  readonly isConnected: () => boolean
  /** Adds who wants to know of the connection; the function returned takes it back. */
  readonly subscribe: (subscriber: Subscriber) => () => void
  /** Sends the events of a component to this subscriber from now on, and those that came too early at once. */
  readonly route: (componentId: string, subscriber: Subscriber) => () => void
  /** A mount is on its way, so events of components not yet known are kept; call the function when it has ended. */
  readonly expectMount: () => () => void
  readonly run: (effect: Effect.Effect<unknown>) => void
}

const connectId = "events"

const decodeEvent = Schema.decodeUnknownExit(Schema.toCodecJson(LiveEvent))

/** Opens the Link and keeps the stream of events on it. */
export const make: Effect.Effect<Wire, never, Link | Scope.Scope> = Effect.gen(function* () {
  const link = yield* Link
  const context = yield* Effect.context<never>()
  const runFork = Effect.runForkWith(context)
  const router = new Router()
  let clientId: number | undefined
  let batches = 0

  const send = (message: RpcMessage.FromClientEncoded): Effect.Effect<void> =>
    Effect.ignore(Effect.suspend(() => (clientId === undefined ? Effect.void : protocol.send(clientId, message))))

  const acknowledge = (): Effect.Effect<void> => {
    batches++
    return batches % batchesPerAcknowledgement === 0
      ? send({
          _tag: "Request",
          id: `received ${batches}`,
          tag: "Received",
          payload: { batch: batches },
          headers: [],
          isNotification: true
        })
      : Effect.void
  }

  const receive = (events: ReadonlyArray<unknown>): Effect.Effect<void> =>
    Effect.suspend(() => {
      const failures = events.flatMap((event) => {
        const decoded = decodeEvent(event)
        if (Exit.isSuccess(decoded)) router.event(decoded.value)
        return Exit.isSuccess(decoded) ? [] : [Cause.squash(decoded.cause)]
      })
      return failures.length === 0
        ? acknowledge()
        : Effect.andThen(Effect.logError("An event of the live server was not understood", ...failures), acknowledge())
    })

  const connect = send({ _tag: "Request", id: connectId, tag: "Connect", payload: null, headers: [] })

  const protocol: RpcClient.Protocol["Service"] = yield* link.open({
    onConnect: Effect.suspend(() => {
      batches = 0
      // The answers to what subscribers ask now are read by the fiber that runs this.
      runFork(
        Effect.andThen(
          connect,
          Effect.sync(() => router.connected())
        )
      )
      return Effect.void
    }),
    onDisconnect: Effect.sync(() => router.disconnected())
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

  yield* Effect.addFinalizer(() => Effect.sync(() => router.close()))

  return {
    requests,
    isConnected: () => router.isConnected,
    subscribe: (subscriber) => router.subscribe(subscriber),
    route: (componentId, subscriber) => router.route(componentId, subscriber),
    expectMount: () => router.expectMount(),
    run: (effect) => void runFork(effect)
  }
})
