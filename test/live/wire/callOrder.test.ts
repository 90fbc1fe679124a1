/** A server that keeps the calls of a connection in order waits for a refused call only as long as it may come again. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Schema } from "effect"
import { Rpc } from "effect/rpc"
import { TestClock } from "effect/testing"
import { Component } from "fibra"
import { MemoryWires, type Told } from "../../support/MemoryWires.ts"

class Busy extends Component.Service<Busy>()("Busy", {
  state: { last: Schema.Int },
  initial: () => ({ last: 0 }),
  actions: [Rpc.make("Note", { payload: { n: Schema.Int } }), Rpc.make("Never")]
}) {}

const BusyLayer = Busy.toLayer(
  Effect.gen(function* () {
    const self = yield* Busy
    return Busy.of({
      Note: ({ n }) => Effect.asVoid(self.update(() => ({ last: n }))),
      Never: () => Effect.never
    })
  })
)

const served = MemoryWires.layer([Busy], { rate: 1, rateBurst: 8, rateTolerance: 100 }).pipe(Layer.provide(BusyLayer))

/** A client that wants its calls in order, and has one without an answer below all others. */
const begun = Effect.gen(function* () {
  const { connect, flush } = yield* MemoryWires
  const connection = connect("rpc")
  let requests = 0
  const ask = (tag: string, payload: unknown): number => {
    connection.send({ _tag: "Request", id: ++requests, tag, payload, headers: [] })
    return requests
  }
  const turn = Effect.gen(function* () {
    for (let n = 0; n < 20; n++) yield* Effect.yieldNow
    flush()
  })
  /** What a request was answered with: the tag of the reason it was refused for, or how it ended. */
  const answer = (id: number): Effect.Effect<string | undefined> =>
    Effect.map(turn, () => {
      const told = connection.told.find(({ _tag, requestId }: Told) => _tag === "Exit" && requestId === id)
      if (told === undefined) return undefined
      const text = JSON.stringify(told["exit"])
      return /"reason":\{"_tag":"(\w+)"/.exec(text)?.[1] ?? (told["exit"] as { readonly _tag: string })._tag
    })
  ask("Connect", { inOrder: true })
  const mounted = Effect.suspend(() => {
    const mount = ask("Mount", { component: "Busy", props: {} })
    return Effect.map(turn, () => {
      const told = connection.told.find(({ requestId }) => requestId === mount)
      const exit = told?.["exit"] as { readonly value: { readonly componentId: string } } | undefined
      return exit?.value.componentId ?? assert.fail("It is not mounted.")
    })
  })
  const [blocked, componentId] = [yield* mounted, yield* mounted]
  const call = (callId: number, payload: unknown = { n: callId }) =>
    ask("Call", { componentId, action: "Note", callId, payload, settled: 0 })
  const never = ask("Call", { componentId: blocked, action: "Never", callId: 0, payload: null, settled: 0 })
  assert.isUndefined(yield* answer(never))
  /** Calls until one is refused; gives the ids of that call, and of its request. */
  const refused = Effect.gen(function* () {
    for (let callId = 1; callId < 20; callId++) {
      const request = call(callId)
      if ((yield* answer(request)) === "RateLimited") return { callId, request }
    }
    return assert.fail("none was refused")
  })
  return { answer, ask, call, connection, refused }
})

const deep = JSON.parse(`${"[".repeat(300)}${"]".repeat(300)}`) as unknown

describe("a refused call of a client that wants its calls in order", () => {
  it.effect("keeps those after it waiting until it is sent again", () =>
    Effect.gen(function* () {
      const { answer, call, refused } = yield* begun
      const { callId } = yield* refused
      yield* TestClock.adjust("5 seconds")
      assert.strictEqual(yield* answer(call(callId + 1)), "RateLimited")
      assert.strictEqual(yield* answer(call(callId)), "Success")
      assert.strictEqual(yield* answer(call(callId + 1)), "Success")
    }).pipe(Effect.provide(served))
  )

  const ends = {
    "its client tells that it is abandoned": ({ callId, ask }) => ask("Received", { batch: 0, abandoned: [callId] }),
    "its client interrupts it before it knows that it was refused": ({ connection, request }) =>
      connection.send({ _tag: "Interrupt", requestId: request }),
    "it is not valid when it is sent again": ({ ask, callId }) => ask("Call", { componentId: 1, callId }),
    "it is nested too deeply when it is sent again": ({ call, callId }) => call(callId, deep)
  } satisfies Record<
    string,
    (
      options: Pick<Effect.Success<typeof begun>, "ask" | "call" | "connection"> & {
        readonly callId: number
        readonly request: number
      }
    ) => unknown
  >
  for (const [end, act] of Object.entries(ends)) {
    it.effect(`keeps none after it waiting when ${end}`, () =>
      Effect.gen(function* () {
        const client = yield* begun
        const { callId, request } = yield* client.refused
        yield* TestClock.adjust("5 seconds")
        act({ ...client, callId, request })
        assert.strictEqual(yield* client.answer(client.call(callId + 1)), "Success")
      }).pipe(Effect.provide(served))
    )
  }
})
