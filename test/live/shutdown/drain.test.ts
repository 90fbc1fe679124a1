/** The end of a server, when something does not go along with it. */
import { EventEmitter } from "node:events"
import { assert, it, describe } from "@effect/vitest"
import { Context, Effect, Fiber, Latch, Layer, Option, Queue, Stream } from "effect"
import { TestClock } from "effect/testing"
import { RpcClient } from "effect/rpc"
import { LiveProtocol } from "fibra"
import { SnapshotStore } from "fibra/server"
import { LiveTest } from "fibra/testing"
import { HttpServers } from "../../../src/server/http/ShutdownResponder.ts"
import { behaviors, components, Gate, Lab } from "../../support/Lab.ts"
import { Notes, NotesLayer } from "../../support/Notes.ts"

/** Opened when a test is over, so that the server can end. */
let over = Latch.makeUnsafe(false)
const ended = Effect.sync(() => over.openUnsafe())

/** A store that, for some addresses, does not answer any more. */
const stuckFor = (isStuck: (address: string) => boolean) =>
  Layer.effect(
    SnapshotStore.SnapshotStore,
    Effect.map(Layer.build(SnapshotStore.layerMemory), (context) => {
      over = Latch.makeUnsafe(false)
      const store = Context.get(context, SnapshotStore.SnapshotStore)
      return {
        ...store,
        write: (address, ...rest) => (isStuck(address) ? Effect.as(over.await, true) : store.write(address, ...rest))
      } as SnapshotStore.SnapshotStore["Service"]
    })
  )

describe("a store that hangs", () => {
  it.effect("a store that hangs does not keep a server from ending within drainTimeout", () =>
    Effect.gen(function* () {
      const live = yield* LiveTest
      const notes = yield* live.mount(Notes, { key: "stuck" })
      yield* notes.call.Write({ line: "a" })
      const stopping = yield* Effect.forkChild(live.stop, { startImmediately: true })
      for (let second = 0; second < 60; second++) {
        yield* live.settle
        yield* TestClock.adjust("1 second")
      }
      yield* live.settle
      assert.isDefined(stopping.pollUnsafe(), "still not ended after a minute, drainTimeout is 10 seconds")
    }).pipe(
      Effect.ensuring(ended),
      Effect.scoped,
      Effect.provide(
        LiveTest.layer({ components: [Notes] }).pipe(Layer.provide(NotesLayer), Layer.provide(stuckFor(() => true))),
        { local: true }
      )
    )
  )

  it.effect("a store that hangs for one instance does not keep the others from being stored", () =>
    Effect.gen(function* () {
      const live = yield* LiveTest
      const store = yield* SnapshotStore.SnapshotStore
      const [stuck, fine] = [yield* live.mount(Notes, { key: "stuck" }), yield* live.mount(Notes, { key: "fine" })]
      yield* stuck.call.Write({ line: "a" })
      yield* fine.call.Write({ line: "a" })
      yield* TestClock.adjust("30 seconds")
      assert.isTrue(Option.isSome(yield* store.read("Notes/fine")))
    }).pipe(
      Effect.ensuring(ended),
      Effect.scoped,
      Effect.provide(
        LiveTest.layer({ components: [Notes] }).pipe(
          Layer.provide(NotesLayer),
          Layer.provideMerge(stuckFor((address) => address.endsWith("stuck")))
        ),
        { local: true }
      )
    )
  )
})

describe("who connects while the server ends", () => {
  it.effect("a client that connects while the server ends is told that it ends", () =>
    Effect.gen(function* () {
      const live = yield* LiveTest
      const { latch } = yield* Gate
      const lab = yield* live.mount(Lab, { props: { start: 0 } })
      yield* Effect.forkChild(Effect.exit(lab.call.Wait()), { startImmediately: true })
      yield* live.settle
      const link = live.link()
      const protocol = yield* link.client.open({
        onConnect: Effect.void,
        onDisconnect: Effect.void,
        onFailure: () => {},
        reconnectWithin: () => undefined
      })
      const client = yield* RpcClient.make(LiveProtocol.LiveProtocol).pipe(
        Effect.provideService(RpcClient.Protocol, protocol)
      )
      yield* live.settle
      yield* link.connect
      const stopping = yield* Effect.forkChild(live.stop, { startImmediately: true })
      yield* Effect.yieldNow
      const events = yield* Queue.unbounded<LiveProtocol.LiveEvent>()
      yield* client.Connect({}).pipe(
        Stream.runForEach((event) => Queue.offer(events, event)),
        Effect.ignore,
        Effect.forkScoped({ startImmediately: true })
      )
      for (let i = 0; i < 20; i++) yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
      const tags = (yield* Queue.takeAll(events)).map(({ _tag }) => _tag)
      yield* latch.open
      yield* TestClock.adjust("20 seconds")
      yield* Fiber.join(stopping)
      assert.deepStrictEqual(tags, ["ConnectionEstablished", "Draining"])
    }).pipe(
      Effect.scoped,
      Effect.provide(LiveTest.layer({ components }).pipe(Layer.provideMerge(behaviors)), { local: true })
    )
  )
})

describe("two live servers on one HTTP server", () => {
  it("two live servers on one HTTP server answer 503 when they end", () => {
    const server = new EventEmitter()
    const incoming = { socket: { server } } as never
    for (const shutdownResponder of [new HttpServers(), new HttpServers()]) {
      shutdownResponder.see(incoming)
      shutdownResponder.begin()
    }
    let status: number | undefined
    const response = { writeHead: (code: number) => ((status = code), response), end: () => {} }
    server.emit("request", {}, response)
    assert.strictEqual(status, 503)
  })
})
