/** What ends interrupted by itself is answered, over both wires and with the same words. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Logger, Schema } from "effect"
import { Rpc } from "effect/rpc"
import { Component } from "fibra"
import { MemoryWires, type Told } from "../../support/MemoryWires.ts"

class Quitter extends Component.Service<Quitter>()("Quitter", {
  props: { builds: Schema.Boolean },
  state: { count: Schema.Int },
  initial: () => ({ count: 0 }),
  actions: [Rpc.make("Quit"), Rpc.make("QuitLater")]
}) {}

const QuitterLayer = Quitter.toLayer(
  Effect.gen(function* () {
    const self = yield* Quitter
    if (!self.props.builds) return yield* Effect.andThen(Effect.yieldNow, Effect.interrupt)
    return Quitter.of({
      Quit: () => Effect.interrupt,
      QuitLater: () => Effect.andThen(Effect.yieldNow, Effect.interrupt)
    })
  })
)

const served = MemoryWires.layer([Quitter]).pipe(Layer.provide([QuitterLayer, Logger.layer([])]))

const settled = Effect.gen(function* () {
  for (let turn = 0; turn < 10; turn++) yield* Effect.yieldNow
  ;(yield* MemoryWires).flush()
})

const rpc = Effect.gen(function* () {
  const connection = (yield* MemoryWires).connect("rpc")
  let id = 0
  return Effect.fnUntraced(function* (tag: string, payload: object) {
    connection.send({ _tag: "Request", id: ++id, tag, payload, headers: [] })
    yield* settled
    const { exit } = connection.told.find(({ requestId }) => requestId === id) as { readonly exit: Told }
    const cause = exit["cause"] as ReadonlyArray<{ readonly error: { readonly reason: Told } }> | undefined
    return { value: exit["value"] as Told | undefined, reason: cause?.[0]?.error.reason }
  })
})

const json = Effect.gen(function* () {
  const connection = (yield* MemoryWires).connect("json")
  let requestId = 0
  return Effect.fnUntraced(function* (type: string, fields: object) {
    connection.send({ type, requestId: ++requestId, ...fields })
    yield* settled
    const reply = connection.told.find((message) => message["requestId"] === requestId)
    return { value: reply?.["result"] as Told | undefined, reason: reply?.["reason"] as Told | undefined }
  })
})

const expired = (action: string) => ({ _tag: "CallExpired", component: "Quitter", action, outcome: "interrupted" })

describe("the caller of a handler that ends interrupted, and who mounts what cannot be built for that", () => {
  it.effect("a client is told of a handler or build that ends interrupted, over the RPC wire", () =>
    Effect.gen(function* () {
      const ask = yield* rpc
      const { value } = yield* ask("Mount", { component: "Quitter", props: { builds: true } })
      const call = (action: string) => ask("Call", { componentId: value?.["componentId"], action })
      assert.deepStrictEqual((yield* call("Quit")).reason, expired("Quit"))
      assert.deepStrictEqual((yield* call("QuitLater")).reason, expired("QuitLater"))
      const { reason } = yield* ask("Mount", { component: "Quitter", props: { builds: false } })
      assert.deepStrictEqual(reason, expired("Mount"))
    }).pipe(Effect.provide(served))
  )

  it.effect("a client is told of a handler or build that ends interrupted, over the open wire", () =>
    Effect.gen(function* () {
      const ask = yield* json
      const mount = (builds: boolean) =>
        ask("COMPONENT_MOUNT", { payload: { component: "Quitter", props: { builds } } })
      const { value } = yield* mount(true)
      const call = (action: string) => ask("CALL_ACTION", { componentId: value?.["componentId"], action })
      assert.deepStrictEqual((yield* call("Quit")).reason, expired("Quit"))
      assert.deepStrictEqual((yield* call("QuitLater")).reason, expired("QuitLater"))
      assert.deepStrictEqual((yield* mount(false)).reason, expired("Mount"))
    }).pipe(Effect.provide(served))
  )
})
