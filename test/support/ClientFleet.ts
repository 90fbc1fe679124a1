/** Many clients in this process, each with a connection and a tally of its own. */
import { Clock, Context, Duration, Effect, Layer, Schedule, Scope } from "effect"
import { Socket } from "effect/socket"
import type { LiveError } from "fibra"
import { Link, LiveClient, type LiveHandle, StateCache } from "fibra/client"
import { CounterFixture } from "./CounterFixture.ts"

/** One of them. */
export interface Member {
  /** Which one it is; the first is 1. */
  readonly number: number
  readonly tally: LiveHandle<typeof CounterFixture>
  /** The count that its last token has; undefined for none. */
  readonly sealed: () => number | undefined
  /** Milliseconds it decided to wait, each time its connection was lost, before it tried to connect; a busy machine adds to them. */
  readonly delays: ReadonlyArray<number>
}

/** So many clients of this server, and each has mounted its tally. */
export const make = Effect.fnUntraced(function* (size: number, url: string) {
  const scope = yield* Scope.fork(yield* Effect.scope, "parallel")
  return yield* Effect.forEach(
    Array.from({ length: size }),
    (_, index) => Effect.flatMap(Scope.fork(scope), (own) => Scope.provide(member(index + 1, url), own)),
    { concurrency: 32 }
  )
})

const member = Effect.fnUntraced(function* (
  number: number,
  url: string
): Effect.fn.Return<Member, LiveError.LiveError, Scope.Scope> {
  let token: string | undefined
  let isLost = false
  let decided = 0
  const delays: Array<number> = []
  const cache = StateCache.StateCache.of({
    get: () => Effect.sync(() => token),
    set: (_, newest) => Effect.sync(() => void (token = newest)),
    remove: () => Effect.sync(() => void (token = undefined))
  })
  const dial: Socket.WebSocketConstructor["Service"] = (url) => {
    if (isLost) delays.push(decided)
    isLost = false
    const socket = new WebSocket(url)
    let opened = false
    socket.addEventListener("open", () => void (opened = true))
    socket.addEventListener("close", () => {
      isLost = opened
      decided = 0
    })
    return socket
  }
  const clock = yield* Clock.Clock
  const noting: Clock.Clock = {
    currentTimeMillisUnsafe: () => clock.currentTimeMillisUnsafe(),
    currentTimeMillis: clock.currentTimeMillis,
    currentTimeNanosUnsafe: () => clock.currentTimeNanosUnsafe(),
    currentTimeNanos: clock.currentTimeNanos,
    monotonicTimeNanosUnsafe: () => clock.monotonicTimeNanosUnsafe(),
    monotonicTimeNanos: clock.monotonicTimeNanos,
    sleep: (duration) => {
      // The schedule of attempts adds none of its own.
      if (isLost && Duration.toMillis(duration) > 0) decided = Duration.toMillis(duration)
      return clock.sleep(duration)
    }
  }
  const client = LiveClient.layer().pipe(
    Layer.provide(Link.layerWebSocket({ url })),
    Layer.provide(Layer.succeed(Socket.WebSocketConstructor, dial)),
    Layer.provide(Layer.succeed(StateCache.StateCache, cache)),
    Layer.provide(Layer.succeed(Clock.Clock, noting))
  )
  const live = Context.get(yield* Layer.build(client), LiveClient)
  const tally = yield* live.mount(CounterFixture, { cacheKey: "tally" })
  return { number, tally, delays, sealed: () => (token === undefined ? undefined : countIn(token)) }
})

/** The count in a token: what is signed is not hidden. */
const countIn = (token: string): number => {
  const payload = token.split(".")[3] ?? ""
  return JSON.parse(Buffer.from(payload, "base64url").toString()).state.count
}

/** Lets each of them do this at the same time. */
export const each = <A, E>(crowd: ReadonlyArray<Member>, work: (member: Member) => Effect.Effect<A, E>) =>
  Effect.forEach(crowd, work, { concurrency: "unbounded" })

/** Waits until this is so for every one of them. */
export const all = (
  crowd: ReadonlyArray<Member>,
  is: (member: Member) => Effect.Effect<boolean>
): Effect.Effect<void> =>
  Effect.forEach(crowd, (member) => Effect.repeat(is(member), { until: (is) => is, schedule: Schedule.spaced(10) }), {
    discard: true
  })
