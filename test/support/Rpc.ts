/** A client of the RPC wire with nothing of ours on it, over the connection of a LiveTest. */
import { Effect, Queue, type Scope, Stream } from "effect"
import { RpcClient } from "effect/rpc"
import { type LiveError, LiveProtocol, type Principal } from "fibra"
import { LiveTest } from "fibra/testing"

type Event<Tag> = Extract<LiveProtocol.LiveEvent, { readonly _tag: Tag }>

/** What became of a mount. */
export interface Answer {
  readonly value: LiveProtocol.Mounted | undefined
  readonly reason: LiveError.LiveError["reason"] | undefined
}

/** A connected client. */
export interface Heard {
  readonly established: Event<"ConnectionEstablished">
  readonly mount: (
    component: string,
    props: unknown,
    options?: Pick<LiveProtocol.MountRequest, "key" | "presence" | "seal">
  ) => Effect.Effect<LiveProtocol.Mounted>
  readonly rehydrate: (request: LiveProtocol.RehydrateRequest) => Effect.Effect<Answer>
  readonly call: (componentId: string, action: string, payload?: unknown) => Effect.Effect<unknown>
  /** The next event with this tag; those before it are skipped. */
  readonly next: <Tag extends LiveProtocol.LiveEvent["_tag"]>(tag: Tag) => Effect.Effect<Event<Tag>>
  /** The newest token that has arrived. */
  readonly sealed: Effect.Effect<string>
  readonly disconnect: Effect.Effect<void>
}

/** Connects, perhaps for a session that was there before. */
export const listen = (options?: {
  readonly principal?: string | Principal
  readonly resume?: LiveProtocol.ResumeRequest
}): Effect.Effect<Heard, never, LiveTest | Scope.Scope> =>
  Effect.gen(function* () {
    const live = yield* LiveTest
    const link = live.link(options)
    const onConnect = Effect.void
    const protocol = yield* link.client.open({
      onConnect,
      onDisconnect: Effect.void,
      onFailure: () => {},
      reconnectWithin: () => undefined
    })
    const client = yield* RpcClient.make(LiveProtocol.LiveProtocol).pipe(
      Effect.provideService(RpcClient.Protocol, protocol)
    )
    // The client reads from then on.
    yield* live.settle
    yield* link.connect
    const events = yield* Queue.unbounded<LiveProtocol.LiveEvent>()
    let token = ""
    yield* client.Connect(options?.resume === undefined ? {} : { resume: options.resume }).pipe(
      Stream.runForEach((event) => {
        if (event._tag === "Sealed") token = event.token
        return Queue.offer(events, event)
      }),
      Effect.ignore,
      Effect.forkScoped({ startImmediately: true })
    )
    const next: Heard["next"] = (tag) =>
      Effect.flatMap(Queue.take(events), (event) => (event._tag === tag ? Effect.succeed(event as never) : next(tag)))
    yield* live.settle
    const established = yield* next("ConnectionEstablished")
    return {
      established,
      mount: (component, props, options) =>
        Effect.orDie(client.Mount({ component, props: props as never, ...options })),
      rehydrate: (request) =>
        Effect.match(client.Rehydrate(request), {
          onSuccess: (value) => ({ value, reason: undefined }),
          onFailure: (error) => ({ value: undefined, reason: error._tag === "LiveError" ? error.reason : undefined })
        }),
      call: (componentId, action, payload) =>
        Effect.orDie(client.Call({ componentId: componentId as never, action, payload: (payload ?? null) as never })),
      next,
      sealed: Effect.andThen(
        live.settle,
        Effect.sync(() => token)
      ),
      disconnect: Effect.andThen(link.disconnect, live.settle)
    }
  })

/** Brings a token, for a lab that was mounted with `start: 1` unless it is said otherwise. */
export const rehydrate = (
  heard: Heard,
  token: string,
  component = "Lab",
  props: unknown = { start: 1 }
): Effect.Effect<Answer> => heard.rehydrate({ component, token, props: props as never })
