/** A server that is replaced by its next version, over real sockets: what its clients see, keep and are told. */
import { createServer } from "node:http"
import { NodeHttpServer } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Context, Duration, Effect, Exit, Fiber, Latch, Layer, Schema, Scope, Stream } from "effect"
import { HttpRouter, HttpServer } from "effect/http"
import { Rpc } from "effect/rpc"
import { Socket } from "effect/socket"
import { Component, Migration } from "fibra"
import { Link, LiveClient, type LiveHandle, StateCache } from "fibra/client"
import { LiveConfig, LiveServer, Secrets, SnapshotStore } from "fibra/server"
import { connect } from "../../support/RawSocket.ts"

const contract = {
  props: { start: Schema.Int },
  actions: [
    Rpc.make("Add", { payload: { by: Schema.Int } }),
    Rpc.make("Slow", { success: Schema.String }),
    Rpc.make("Stuck")
  ]
} as const

class First extends Component.Service<First>()("Tally", {
  ...contract,
  version: 1,
  state: { count: Schema.Int },
  initial: ({ start }) => ({ count: start })
}) {}

class Second extends Component.Service<Second>()("Tally", {
  ...contract,
  version: 2,
  state: { total: Schema.Int, unit: Schema.String },
  initial: ({ start }) => ({ total: start, unit: "" })
}) {}

/** Opened by a test, for the handler that waits for it. */
const gate = Latch.makeUnsafe(false)

const FirstLayer = First.toLayer(
  Effect.gen(function* () {
    const self = yield* First
    const add = (by: number) => Effect.asVoid(self.update(({ count }) => ({ count: count + by })))
    return First.of({
      Add: ({ by }) => add(by),
      Slow: () => Effect.andThen(gate.await, Effect.as(add(100), "slow but sure")),
      Stuck: () => Effect.never
    })
  }),
  // Longer than any server of these tests may take to end.
  { shutdown: "15 seconds" }
)

const SecondLayer = Second.toLayer(
  Effect.gen(function* () {
    const self = yield* Second
    return Second.of({
      Add: ({ by }) => Effect.asVoid(self.update((state) => ({ ...state, total: state.total + by }))),
      Slow: () => Effect.succeed("fast"),
      Stuck: () => Effect.void
    })
  }),
  { migrations: Migration.from(1, { count: Schema.Int }, ({ count }) => ({ total: count, unit: "pieces" })) }
)

const first = LiveServer.layer({ components: [First] }).pipe(Layer.provide(FirstLayer))
const second = LiveServer.layer({ components: [Second] }).pipe(Layer.provide(SecondLayer))

/** A server that can be ended. */
interface Running {
  readonly port: number
  readonly end: Effect.Effect<void>
}

/** What a deploy keeps: the secret and the store. */
class Site extends Context.Service<
  Site,
  { readonly serve: (app: typeof first | typeof second, port?: number) => Effect.Effect<Running> }
>()("test/Site") {}

const site = (numbers: Partial<LiveConfig.Settings> = {}) =>
  Layer.effect(
    Site,
    Effect.gen(function* () {
      const outer = yield* Effect.scope
      const services = yield* Layer.build(
        Layer.mergeAll(SnapshotStore.layerMemory, Secrets.layerRandom, LiveConfig.layer(numbers))
      )
      return Site.of({
        serve: (app, port = 0) =>
          Effect.gen(function* () {
            const scope = yield* Scope.fork(outer)
            const http = NodeHttpServer.layer(createServer, {
              port,
              host: "127.0.0.1",
              disablePreemptiveShutdown: true
            })
            const server = HttpRouter.serve(app, { disableLogger: true, disableListenLog: true }).pipe(
              Layer.provideMerge(http)
            )
            const context = yield* Effect.provideContext(Layer.buildWithScope(Layer.fresh(server), scope), services)
            const { address } = Context.get(context, HttpServer.HttpServer)
            return { port: "port" in address ? address.port : 0, end: Scope.close(scope, Exit.void) }
          }).pipe(Effect.orDie)
      })
    })
  )

const open = ({ port }: Running) =>
  LiveClient.layerWebSocket({ url: `ws://127.0.0.1:${port}/api/live/rpc`, maxBackoff: "50 millis" }).pipe(
    Layer.fresh,
    Layer.build,
    Effect.map(Context.get(LiveClient))
  )

/** A client that notes what it sends, and when it has said that it knows that its server ends. */
const openNoting = Effect.fnUntraced(function* ({ port }: Running) {
  const knows = Latch.makeUnsafe(false)
  const sent: Array<string> = []
  const dial: Socket.WebSocketConstructor["Service"] = (url) => {
    const socket = new WebSocket(url)
    let isTold = false
    socket.addEventListener("message", ({ data }) => void (isTold ||= String(data).includes(`"_tag":"Draining"`)))
    const send = socket.send.bind(socket)
    socket.send = (data) => {
      sent.push(String(data))
      send(data)
      if (isTold && String(data).includes(`"tag":"Received"`)) knows.openUnsafe()
    }
    return socket
  }
  const client = LiveClient.layer().pipe(
    Layer.provide(Link.layerWebSocket({ url: `ws://127.0.0.1:${port}/api/live/rpc`, maxBackoff: "50 millis" })),
    Layer.provide([Layer.succeed(Socket.WebSocketConstructor, dial), StateCache.layerMemory])
  )
  const live = Context.get(yield* Layer.build(Layer.fresh(client)), LiveClient)
  return { live, sent, knows: knows.await }
})

const seen = <C extends Component.Typed>(handle: LiveHandle<C>, predicate: (state: Component.State<C>) => boolean) =>
  handle.changes.pipe(Stream.filter(predicate), Stream.take(1), Stream.runDrain)

/** Waits until what is to be seen of a component is so. */
const until = <A>(look: Effect.Effect<A>, predicate: (value: A) => boolean): Effect.Effect<A> =>
  Effect.repeat(Effect.delay(look, "5 millis"), { until: predicate })

const deploys = <A, E>(
  name: string,
  run: Effect.Effect<A, E, Site | Scope.Scope>,
  numbers?: Partial<LiveConfig.Settings>
) => it.live(name, () => run.pipe(Effect.scoped, Effect.provide(site(numbers))))

describe("a deploy", () => {
  deploys(
    "takes no change with it, however late it was made, and every client comes back",
    Effect.gen(function* () {
      const { serve } = yield* Site
      const server = yield* serve(first)
      const live = yield* open(server)
      const tallies = yield* Effect.forEach([1, 2, 3], (start) => live.mount(First, { props: { start } }))
      yield* Effect.forEach(tallies, (tally) => tally.call.Add({ by: 10 }))
      yield* server.end
      yield* serve(first, server.port)
      for (const [index, tally] of tallies.entries()) {
        yield* until(tally.view, ({ connected }) => connected)
        assert.deepStrictEqual(yield* tally.state, { count: index + 11 })
        assert.strictEqual(yield* tally.activation, "rehydrated")
      }
    })
  )

  deploys(
    "lets a call that has begun be finished and answered, and hands a new one to the next server",
    Effect.gen(function* () {
      const { serve } = yield* Site
      const server = yield* serve(first)
      const { knows, live, sent } = yield* openNoting(server)
      const tally = yield* live.mount(First, { props: { start: 0 } })
      yield* tally.call.Add({ by: 1 })
      const slow = yield* Effect.forkChild(tally.call.Slow(), { startImmediately: true })
      yield* live.ping
      const ended = yield* Effect.forkChild(server.end, { startImmediately: true })
      yield* knows
      const late = yield* Effect.forkChild(tally.call.Add({ by: 1000 }), { startImmediately: true })
      yield* gate.open
      assert.strictEqual(yield* Fiber.join(slow), "slow but sure")
      yield* Fiber.join(ended)
      yield* gate.close
      assert.notInclude(sent.join("\n"), `"by":1000`)
      yield* serve(first, server.port)
      yield* Fiber.join(late)
      assert.include(sent.join("\n"), `"by":1000`)
      yield* seen(tally, ({ count }) => count === 1101)
      assert.strictEqual(yield* tally.activation, "rehydrated")
    })
  )

  deploys(
    "waits for a handler that does not end no longer than it may",
    Effect.gen(function* () {
      const { serve } = yield* Site
      const server = yield* serve(first)
      const live = yield* open(server)
      const tally = yield* live.mount(First, { props: { start: 0 } })
      const stuck = yield* Effect.forkChild(Effect.flip(tally.call.Stuck()), { startImmediately: true })
      yield* live.ping
      const [took] = yield* Effect.timed(server.end)
      // As it would, if it waited until the component has shut down.
      assert.isBelow(Duration.toMillis(took), 10_000)
      const error = yield* Fiber.join(stuck)
      assert.deepInclude(error.reason, { _tag: "CallExpired", outcome: "interrupted" })
    }),
    { drainTimeout: Duration.millis(200) }
  )

  deploys(
    "lets nobody in who comes while the server ends",
    Effect.gen(function* () {
      const { serve } = yield* Site
      const server = yield* serve(first)
      const url = `ws://127.0.0.1:${server.port}/api/live/rpc`
      const live = yield* open(server)
      const tally = yield* live.mount(First, { props: { start: 0 } })
      yield* Effect.forkChild(tally.call.Slow(), { startImmediately: true })
      yield* live.ping
      const watcher = yield* connect(url)
      watcher.send({ _tag: "Request", id: 0, tag: "Connect", payload: {}, headers: [] })
      yield* watcher.next("Chunk")
      const ended = yield* Effect.forkChild(server.end, { startImmediately: true })
      const { values } = yield* watcher.next("Chunk")
      assert.deepInclude(values?.[0], { _tag: "Draining", within: 2000 })
      assert.include((yield* Effect.flip(connect(url))).message, "503")
      yield* gate.open
      yield* Fiber.join(ended)
      yield* gate.close
      assert.strictEqual(yield* watcher.closed, 1001)
    })
  )

  deploys(
    "of a later version brings the state over, and tells a page of the earlier one that it is outdated",
    Effect.gen(function* () {
      const { serve } = yield* Site
      const cache = yield* Layer.build(StateCache.layerMemory)
      const server = yield* serve(first)
      const reload = Effect.provideContext(open(server), cache)
      const page = yield* reload
      const tally = yield* page.mount(First, { props: { start: 0 }, cacheKey: "mine" })
      yield* tally.call.Add({ by: 7 })
      yield* server.end
      const next = yield* serve(second, server.port)
      const { error } = yield* until(tally.view, ({ status }) => status === "outdated")
      assert.deepInclude(error?.reason, { _tag: "VersionMismatch", client: 1, server: 2 })
      assert.deepStrictEqual(yield* tally.state, { count: 7 })
      const called = yield* Effect.flip(tally.call.Add({ by: 1 }))
      assert.strictEqual(called.reason._tag, "VersionMismatch")
      const reloaded = yield* (yield* reload).mount(Second, { props: { start: 0 }, cacheKey: "mine" })
      assert.deepStrictEqual(yield* reloaded.state, { total: 7, unit: "pieces" })
      assert.strictEqual(yield* reloaded.activation, "rehydrated")
      yield* reloaded.call.Add({ by: 1 })
      yield* next.end
      // The deploy is rolled back: a page of the earlier version meets a state of the later.
      yield* serve(first, server.port)
      const waiting = yield* Effect.flip(
        (yield* reload).mount(First, { props: { start: 0 }, cacheKey: "mine", whenNewer: "wait" })
      )
      assert.deepInclude(waiting.reason, { _tag: "TokenRejected", reason: "newer" })
      const anew = yield* (yield* reload).mount(First, { props: { start: 0 }, cacheKey: "mine" })
      assert.deepStrictEqual([yield* anew.state, yield* anew.activation], [{ count: 0 }, "mounted"])
    })
  )
})
