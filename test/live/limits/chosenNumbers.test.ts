/** A Map hashes numbers alike in every process: ten thousand that were chosen to collide hold the server up for half a second. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Schema } from "effect"
import { Rpc } from "effect/rpc"
import { Component } from "fibra"
import { MemoryWires } from "../../support/MemoryWires.ts"
import { usedAsKeys } from "../../support/usedAsKeys.ts"

class Slow extends Component.Service<Slow>()("Slow", {
  state: { count: Schema.Int },
  initial: () => ({ count: 0 }),
  actions: [Rpc.make("Wait"), Rpc.make("Run")]
}) {}

const SlowLayer = Slow.toLayer(Effect.succeed(Slow.of({ Wait: () => Effect.never, Run: () => Effect.void })))

/** As a client may choose them, and as no part of the server would come upon them. */
const chosen = Array.from({ length: 40 }, (_, i) => 987_654_321 + i * 8192)
const callIds = chosen.slice(0, 20)
const requestIds = chosen.slice(20)

const subject = MemoryWires.layer([Slow]).pipe(Layer.provide(SlowLayer))

describe("numbers that a client chooses", () => {
  it.effect(
    "are no keys of a map or a set, whether they name calls, requests, or what the client still waits for",
    () =>
      Effect.gen(function* () {
        const wires = yield* MemoryWires
        const client = wires.connect("rpc")
        const ask = (id: unknown, tag: string, payload: unknown) =>
          client.send({ _tag: "Request", id, tag, payload, headers: [] })
        ask("e", "Connect", {})
        ask("m", "Mount", { component: "Slow", props: {}, callId: 0 })
        wires.flush()
        const text = JSON.stringify(client.told)
        const [, componentId] = /"componentId":"([^"]+)"/.exec(text) ?? []
        const [, sessionToken] = /"sessionToken":"([^"]+)"/.exec(text) ?? []
        assert.isDefined(componentId)
        const used = usedAsKeys(chosen, () => {
          callIds.forEach((callId, index) => {
            const call = { componentId, action: index % 2 === 0 ? "Wait" : "Run", callId }
            ask(requestIds[index], "Call", call)
            ask(requestIds[index], "Call", call)
          })
          wires.flush()
          ask("r", "Received", { batch: 1, settled: callIds[3], abandoned: callIds.slice(5, 9) })
          client.drop()
          const again = wires.connect("rpc")
          const resume = { sessionToken, components: [], pending: chosen }
          again.send({ _tag: "Request", id: "e", tag: "Connect", payload: { resume }, headers: [] })
          wires.flush()
          assert.include(JSON.stringify(again.told), '"resumed":true')
        })
        assert.deepStrictEqual(used, [])
      }).pipe(Effect.provide(subject))
  )
})
