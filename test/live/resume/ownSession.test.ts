/** A connection that comes back for the session it has: nothing is lost, nothing is left behind, and nobody else is asked. */
import { assert, it } from "@effect/vitest"
import { Deferred, Effect, Layer, Logger } from "effect"
import { AnyJson, AnyJsonLayer, Gate } from "../../support/AnyJson.ts"
import { type MemoryConnection, MemoryWires, type Told } from "../../support/MemoryWires.ts"

const served = MemoryWires.layer([AnyJson], { maxBuffered: 64 * 1024 }).pipe(
  Layer.provide(AnyJsonLayer),
  Layer.provideMerge(Layer.effect(Gate, Deferred.make<void>())),
  Layer.provide(Logger.layer([]))
)

const large = "x".repeat(20_000)

const events = ({ told }: MemoryConnection) =>
  told.flatMap((message) => (message["_tag"] === "Chunk" ? (message["values"] as ReadonlyArray<Told>) : []))

/** How this request ended the last time. */
const exitOf = ({ told }: MemoryConnection, id: number) =>
  told.findLast(({ _tag, requestId }) => _tag === "Exit" && requestId === id)?.["exit"] as Told | undefined

const visit = Effect.gen(function* () {
  const { connect, flush, sessions } = yield* MemoryWires
  const connection = connect("rpc")
  const request = Effect.fnUntraced(function* (id: number, tag: string, payload: object) {
    connection.send({ _tag: "Request", id, tag, payload, headers: [] })
    for (let turn = 0; turn < 10; turn++) yield* Effect.yieldNow
    flush()
  })
  yield* request(1, "Connect", {})
  yield* request(2, "Mount", { component: "AnyJson", props: {} })
  const componentId = connection.session()?.components[0] ?? ""
  const wait = (id: number, callId: number) =>
    request(id, "Call", { componentId, action: "Wait", payload: { text: large }, callId })
  let stream = 1
  /** Stops reading its events, and comes back for its session. */
  const back = Effect.fnUntraced(function* (
    id: number,
    mounted: ReadonlyArray<string>,
    pending: ReadonlyArray<number>
  ) {
    const sessionToken = events(connection).findLast(({ _tag }) => _tag === "ConnectionEstablished")?.["sessionToken"]
    const components = mounted.map((componentId) => ({ componentId, epoch: 1, revision: 0, index: 0 }))
    connection.send({ _tag: "Interrupt", requestId: stream })
    stream = id
    yield* request(id, "Connect", { resume: { sessionToken, components, pending } })
    return events(connection).findLast(({ _tag }) => _tag === "ConnectionEstablished")
  })
  return { back, componentId, connection, request, sessions, wait }
})

it.effect("a session goes on over the connection that comes back for it, with what it has and what it waits for", () =>
  Effect.gen(function* () {
    const { back, componentId, connection, request, sessions, wait } = yield* visit
    yield* wait(3, 1)
    const established = yield* back(4, [componentId], [1])
    assert.deepInclude(established, { resumed: true, components: [componentId] })
    assert.deepStrictEqual([connection.code(), connection.isTold()], [undefined, true])
    assert.deepStrictEqual(yield* sessions.size, { sessions: 1, parked: 0 })
    // Its requests are as those of any client that comes back: what ran goes on, and is asked for again.
    assert.deepNestedInclude(exitOf(connection, 3), { _tag: "Failure", "cause[0]._tag": "Interrupt" })
    yield* wait(5, 1)
    assert.isUndefined(exitOf(connection, 5))
    yield* Deferred.succeed(yield* Gate, undefined)
    yield* request(6, "Ping", {})
    assert.deepInclude(exitOf(connection, 5), { _tag: "Success", value: 1 })
    assert.deepInclude(events(connection).at(-1), { _tag: "Patched", componentId, revision: 1 })
  }).pipe(Effect.provide(served))
)

it.effect("a session that its own connection comes back for keeps what is named, and holds nothing of the rest", () =>
  Effect.gen(function* () {
    const { back, componentId, connection, request, sessions, wait } = yield* visit
    let id = 2
    for (let round = 0; round < 5; round++) {
      // As much as may wait at once, each time.
      for (const callId of [1, 2, 3]) yield* wait(++id, round * 3 + callId)
      for (const asked of [id - 2, id - 1, id]) assert.isUndefined(exitOf(connection, asked), `${round} ${asked}`)
      const established = yield* back(++id, round < 4 ? [componentId] : [], [])
      assert.deepInclude(established, { resumed: true })
    }
    assert.deepStrictEqual(connection.session()?.components, [])
    yield* request(++id, "Ping", {})
    assert.deepStrictEqual(yield* sessions.size, { sessions: 1, parked: 0 })
    connection.drop()
    assert.deepStrictEqual(yield* sessions.size, { sessions: 0, parked: 0 })
  }).pipe(Effect.provide(served))
)
