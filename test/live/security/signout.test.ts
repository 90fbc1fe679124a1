/** Somebody is signed out: what they have on the server ends, and what they carry is worth nothing, here and elsewhere. */
import { assert, describe, it, layer } from "@effect/vitest"
import { Clock, Context, Effect, Exit, Fiber, Latch, Layer, Logger, Schema } from "effect"
import { Rpc } from "effect/rpc"
import { Socket } from "effect/socket"
import { TestClock } from "effect/testing"
import { Component } from "fibra"
import { Link, LiveClient, StateCache } from "fibra/client"
import { Authentication, Principals, Secrets, SnapshotStore } from "fibra/server"
import { LiveTest } from "fibra/testing"
import { knock, request } from "../../support/Handshake.ts"
import { behaviors, components, Lab } from "../../support/Lab.ts"
import { connect } from "../../support/RawSocket.ts"
import { listen, rehydrate } from "../../support/Rpc.ts"
import { Address, served } from "../../support/server.ts"
import * as ReplicaOpener from "../../../src/client/ReplicaOpener.ts"

const disconnect = (id: string) => Principals.Principals.use((principals) => principals.disconnect({ id }))

const quiet = Logger.layer([])
const subject = LiveTest.layer({ components }).pipe(Layer.provideMerge(behaviors), Layer.provide(quiet))

layer(subject)("a principal that is signed out", (it) => {
  it.effect("a principal that is signed out loses its connections and sessions, and others do not", () =>
    Effect.gen(function* () {
      const live = yield* LiveTest
      const [here, away, other, nobody] = [
        yield* listen({ principal: "ada" }),
        yield* listen({ principal: "ada" }),
        yield* listen({ principal: "bob" }),
        yield* listen()
      ]
      for (const client of [here, away, other, nobody]) yield* client.mount("Lab", { start: 1 })
      yield* away.disconnect
      const before = yield* live.open
      assert.deepInclude(before, { connections: 4, sessions: 5, parked: 1, instances: 4 })
      yield* disconnect("ada")
      yield* live.settle
      assert.deepInclude(yield* live.open, { connections: 3, sessions: 3, parked: 0, instances: 2 })
      for (const { established } of [here, away]) {
        const resume = { sessionToken: established.sessionToken, components: [], pending: [] }
        const again = yield* listen({ principal: "ada", resume })
        assert.strictEqual(again.established.rejected?.reason, "session")
      }
    }).pipe(Effect.scoped)
  )

  it.effect("a principal that is signed out cannot use tokens from before, and can use tokens from after", () =>
    Effect.gen(function* () {
      const tokenOf = Effect.fnUntraced(function* (principal: string) {
        const client = yield* listen({ principal })
        yield* client.mount("Lab", { start: 1 })
        yield* TestClock.adjust("1 second")
        const token = yield* client.sealed
        assert.notStrictEqual(token, "")
        return token
      })
      const [before, others] = [yield* tokenOf("ada"), yield* tokenOf("bob")]
      yield* disconnect("ada")
      const [ada, bob] = [yield* listen({ principal: "ada" }), yield* listen({ principal: "bob" })]
      assert.deepInclude((yield* rehydrate(ada, before)).reason, { _tag: "TokenRejected", reason: "revoked" })
      assert.isUndefined((yield* rehydrate(bob, others)).reason)
      yield* TestClock.adjust("1 millis")
      const after = yield* tokenOf("ada")
      yield* TestClock.adjust("1 millis")
      assert.isUndefined((yield* rehydrate(ada, after)).reason)
      assert.deepInclude((yield* rehydrate(ada, before)).reason, { _tag: "TokenRejected", reason: "revoked" })
    }).pipe(Effect.scoped)
  )

  it.effect("a principal that is signed out begins anew when its client connects again", () =>
    Effect.gen(function* () {
      const live = yield* LiveTest
      const client = yield* live.connect({ principal: "ada" })
      const lab = yield* client.mount(Lab, { props: { start: 1 }, cacheKey: "mine" })
      yield* lab.call.Add({ by: 5 })
      yield* TestClock.adjust("1 second")
      yield* disconnect("ada")
      yield* client.settle
      assert.isFalse((yield* lab.view).connected)
      yield* TestClock.adjust("1 second")
      yield* client.reconnect
      yield* TestClock.adjust("1 second")
      assert.deepInclude(yield* lab.view, { connected: true, activation: "mounted" })
      assert.strictEqual((yield* lab.state).count, 1)
    }).pipe(Effect.scoped)
  )
})

describe("servers with one store and one secret", () => {
  it.effect("servers with one store refuse the tokens of a principal that one of them has signed out, for good", () =>
    Effect.gen(function* () {
      const services = yield* Layer.build(Layer.merge(SnapshotStore.layerMemory, Secrets.layerRandom))
      const server = Layer.build(
        Layer.fresh(
          LiveTest.layer({ components }).pipe(Layer.provide(behaviors), Layer.provide(Layer.succeedContext(services)))
        )
      )
      const [one, two] = [yield* server, yield* server]
      const on = (context: Context.Context<LiveTest>) => Effect.provideContext(listen({ principal: "ada" }), context)
      const a = yield* on(one)
      yield* a.mount("Lab", { start: 1 })
      yield* TestClock.adjust("1 second")
      const token = yield* a.sealed
      yield* Effect.provideContext(disconnect("ada"), one)
      assert.deepInclude((yield* rehydrate(yield* on(two), token)).reason, { reason: "revoked" })
      const live = Context.get(one, LiveTest)
      yield* live.kill
      yield* live.start
      assert.deepInclude((yield* rehydrate(yield* on(one), token)).reason, { reason: "revoked" })
    }).pipe(Effect.scoped, Effect.provide(quiet))
  )

  it.effect("servers accept no token while the store does not answer, and tell the one who signs out", () =>
    Effect.gen(function* () {
      const store = yield* Effect.map(Layer.build(SnapshotStore.layerMemory), Context.get(SnapshotStore.SnapshotStore))
      let answers = true
      const unsteady = Layer.succeed(
        SnapshotStore.SnapshotStore,
        SnapshotStore.SnapshotStore.of({
          ...store,
          read: (address) => (answers ? store.read(address) : Effect.never),
          write: (address, snapshot, time) => (answers ? store.write(address, snapshot, time) : Effect.never)
        })
      )
      const context = yield* Layer.build(
        Layer.fresh(LiveTest.layer({ components }).pipe(Layer.provide(behaviors), Layer.provide(unsteady)))
      )
      yield* Effect.gen(function* () {
        const ada = yield* listen({ principal: "ada" })
        const { componentId } = yield* ada.mount("Lab", { start: 1 })
        yield* ada.call(componentId, "Add", { by: 1 })
        yield* TestClock.adjust("1 second")
        const token = yield* ada.sealed
        answers = false
        const again = yield* listen({ principal: "ada" })
        const asking = yield* Effect.forkChild(rehydrate(again, token), { startImmediately: true })
        yield* TestClock.adjust("5 seconds")
        assert.deepInclude((yield* Fiber.join(asking)).reason, { _tag: "SnapshotRejected", reason: "unavailable" })
        const leaving = yield* Effect.forkChild(Effect.exit(disconnect("ada")), { startImmediately: true })
        // Nobody waits for the store to be rid of them.
        assert.strictEqual((yield* (yield* LiveTest).open).connections, 1)
        yield* TestClock.adjust("5 seconds")
        assert.isTrue(Exit.isFailure(yield* Fiber.join(leaving)))
        answers = true
        const later = yield* listen({ principal: "ada" })
        assert.deepInclude((yield* rehydrate(later, token)).reason, { reason: "revoked" })
      }).pipe(Effect.provideContext(context))
    }).pipe(Effect.scoped, Effect.provide(quiet))
  )
})

/** Signs out whoever calls it. */
class Door extends Component.Service<Door>()("Door", {
  state: { open: Schema.Boolean },
  initial: () => ({ open: true }),
  actions: [Rpc.make("Leave", { payload: { who: Schema.String } })]
}) {}

const leaving = { done: 0 }

const DoorLayer = Door.toLayer(
  Effect.gen(function* () {
    const principals = yield* Principals.Principals
    return Door.of({
      Leave: ({ who }) =>
        principals.disconnect({ id: who }).pipe(Effect.orDie, Effect.andThen(Effect.sync(() => void leaving.done++)))
    })
  })
)

layer(LiveTest.layer({ components: [Door] }).pipe(Layer.provide(DoorLayer), Layer.provideMerge(Principals.layer)))(
  "an action that signs out its caller",
  (it) => {
    it.effect("an action that signs out its caller ends, and does not wait for itself", () =>
      Effect.gen(function* () {
        const live = yield* LiveTest
        const client = yield* live.connect({ principal: "ada" })
        const door = yield* client.mount(Door, {})
        yield* Effect.forkChild(door.call.Leave({ who: "ada" }), { startImmediately: true })
        yield* live.settle
        assert.strictEqual(leaving.done, 1)
        assert.deepInclude(yield* live.open, { connections: 1, instances: 0 })
      }).pipe(Effect.scoped)
    )
  }
)

/** Says what the server knows of its caller. */
class Whoami extends Component.Service<Whoami>()("Whoami", {
  state: {},
  initial: () => ({}),
  actions: [Rpc.make("Role", { success: Schema.String })]
}) {}

const WhoamiLayer = Whoami.toLayer(
  Whoami.of({ Role: (_, { principal }) => Effect.succeed(String(principal?.claims?.["role"] ?? "none")) })
)

describe("the claims of a principal", () => {
  it.effect("the claims of a principal are those of its latest connection, also in a session that was resumed", () =>
    Effect.gen(function* () {
      const live = yield* LiveTest
      const owner = yield* listen({ principal: { id: "ada", claims: { role: "admin" } } })
      const { componentId } = yield* owner.mount("Whoami", {})
      assert.strictEqual(yield* owner.call(componentId, "Role"), "admin")
      yield* owner.disconnect
      const resume = {
        sessionToken: owner.established.sessionToken,
        components: [{ componentId, epoch: 1, revision: 0, index: 0 }],
        pending: []
      }
      const back = yield* listen({ principal: { id: "ada", claims: { role: "guest" } }, resume })
      assert.isTrue(back.established.resumed)
      assert.strictEqual(yield* back.call(componentId, "Role"), "guest")
      yield* back.disconnect
      const without = { ...resume, sessionToken: back.established.sessionToken }
      const again = yield* listen({ principal: "ada", resume: without })
      assert.strictEqual(yield* again.call(componentId, "Role"), "none")
      yield* live.settle
    }).pipe(Effect.scoped, Effect.provide(LiveTest.layer({ components: [Whoami] }).pipe(Layer.provide(WhoamiLayer))))
  )
})

const latch = Latch.makeUnsafe(false)
let asked = 0

/** Who says who they are is believed; "slow" only when the latch is open. */
const trusting = Authentication.layer(({ headers }) =>
  Effect.gen(function* () {
    asked++
    const id = headers["x-account"]
    if (id === "slow") yield* latch.await
    return id === undefined ? undefined : { id }
  })
)

const as = (account: string) => ({ headers: { "x-account": account } })

layer(served.pipe(Layer.provide(trusting)))("over a socket, a principal that is signed out", (it) => {
  it.effect("a principal that is signed out is closed with 4003, and what it still sends is ignored", () =>
    Effect.gen(function* () {
      const { url } = yield* Address
      const [ada, bob] = [yield* connect(url, as("ada")), yield* connect(url, as("bob"))]
      for (const socket of [ada, bob]) {
        socket.send(request(1, "Ping", null))
        yield* socket.answer(1)
      }
      yield* disconnect("ada")
      assert.strictEqual(yield* ada.closed, 4003)
      bob.send(request(2, "Ping", null))
      assert.deepNestedInclude(yield* bob.answer(2), { "exit._tag": "Success" })
    }).pipe(Effect.scoped)
  )

  it.effect("a principal that is signed out is not admitted by an authentication that was running meanwhile", () =>
    Effect.gen(function* () {
      const { url } = yield* Address
      const before = asked
      const knocking = yield* Effect.forkChild(knock(url, as("slow")), { startImmediately: true })
      yield* TestClock.withLive(Effect.repeat(Effect.sleep("2 millis"), { until: () => asked > before }))
      yield* disconnect("slow")
      yield* latch.open
      assert.strictEqual((yield* Fiber.join(knocking)).status, 401)
      yield* TestClock.adjust("1 millis")
      assert.strictEqual((yield* knock(url, as("slow"))).status, 101)
    }).pipe(Effect.scoped)
  )
})

const everyone = Authentication.layer(() => Effect.succeed({ id: "ada" }))

/** A connection that was let in: from when to when, in milliseconds of virtual time. */
interface Visit {
  readonly came: number
  left: number | undefined
}

/** A client that notes its connections. */
const visitor = Effect.fnUntraced(function* (url: string) {
  const clock = yield* Clock.Clock
  const visits: Array<Visit> = []
  const dial: Socket.WebSocketConstructor["Service"] = (url) => {
    const came = clock.currentTimeMillisUnsafe()
    const socket = new WebSocket(url)
    socket.addEventListener("open", () => {
      const visit: Visit = { came, left: undefined }
      visits.push(visit)
      socket.addEventListener("close", () => void (visit.left = clock.currentTimeMillisUnsafe()))
    })
    return socket
  }
  const client = LiveClient.layer().pipe(
    Layer.provide(Link.layerWebSocket({ url, backoff: "40 millis" })),
    Layer.provide([Layer.succeed(Socket.WebSocketConstructor, dial), StateCache.layerMemory])
  )
  return { visits, live: Context.get(yield* Layer.build(Layer.fresh(client)), LiveClient) }
})

describe("a client of ours whose principal is signed out", () => {
  it.effect("a client of fibra that is signed out does not come back by itself, and does when it is asked to", () =>
    Effect.gen(function* () {
      const context = yield* Layer.build(Layer.fresh(served.pipe(Layer.provide(everyone))))
      const { disconnect } = Context.get(context, Principals.Principals)
      const { live, visits } = yield* visitor(Context.get(context, Address).url)
      const lab = ReplicaOpener.of(live)(Lab, { props: { start: 7 } })
      yield* Effect.repeat(passing, { until: () => lab.view.connected })
      yield* disconnect({ id: "ada" })
      yield* Effect.repeat(passing, { until: () => lab.view.error !== undefined })
      yield* TestClock.adjust("1 hour")
      yield* Effect.repeat(passing, { times: 20 })
      assert.deepStrictEqual([visits.length, (yield* live.connection).status], [1, "unauthorized"])
      assert.strictEqual(lab.view.state.count, 7)
      assert.deepNestedInclude(lab.view.error, { "reason._tag": "Disconnected", "reason.connection.code": 4003 })
      yield* live.reconnect
      yield* Effect.repeat(passing, { until: () => lab.view.connected })
      assert.deepStrictEqual([visits.length, lab.view.error], [2, undefined])
    }).pipe(Effect.scoped, Effect.provide(quiet))
  )
})

/** However long the sockets take, no virtual time that is not counted passes. */
const passing = Effect.andThen(TestClock.withLive(Effect.sleep("1 millis")), TestClock.adjust("1 millis"))
