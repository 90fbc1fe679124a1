/** Many clients in this process, each with a connection and a tally of its own. */
import { Context, Effect, Layer, Schedule, type Scope } from "effect"
import { Socket } from "effect/socket"
import { Link, LiveClient, type LiveHandle, StateCache } from "fibra/client"
import { Tally } from "./Tally.ts"

/** One of them. */
export interface Member {
  /** What is added to its tally. */
  readonly own: number
  readonly tally: LiveHandle<typeof Tally>
  /** The count that its last token has; undefined for none. */
  readonly sealed: () => number | undefined
  /** When it tried to connect, as `performance.now` has it. */
  readonly dials: ReadonlyArray<number>
}

/** So many clients of this server, and each has mounted its tally. */
export const make = (size: number, url: string): Effect.Effect<ReadonlyArray<Member>, unknown, Scope.Scope> =>
  Effect.forEach(Array.from({ length: size }), (_, index) => member(index + 1, url), { concurrency: 32 })

const member = Effect.fnUntraced(function* (own: number, url: string) {
  let token: string | undefined
  const dials: Array<number> = []
  const cache = StateCache.StateCache.of({
    get: () => Effect.sync(() => token),
    set: (_, newest) => Effect.sync(() => void (token = newest)),
    remove: () => Effect.sync(() => void (token = undefined))
  })
  const dial: Socket.WebSocketConstructor["Service"] = (url) => {
    dials.push(performance.now())
    return new WebSocket(url)
  }
  const client = LiveClient.layer().pipe(
    Layer.provide(Link.layerWebSocket({ url })),
    Layer.provide(Layer.succeed(Socket.WebSocketConstructor, dial)),
    Layer.provide(Layer.succeed(StateCache.StateCache, cache))
  )
  const live = Context.get(yield* Layer.build(client), LiveClient)
  const tally = yield* live.mount(Tally, { cacheKey: "tally" })
  return { own, tally, dials, sealed: () => (token === undefined ? undefined : countIn(token)) }
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
export const all = (crowd: ReadonlyArray<Member>, is: (member: Member) => Effect.Effect<boolean>): Effect.Effect<void> =>
  Effect.forEach(crowd, (member) => Effect.repeat(is(member), { until: (is) => is, schedule: Schedule.spaced(10) }), {
    discard: true
  })
