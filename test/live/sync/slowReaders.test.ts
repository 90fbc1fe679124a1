/** Changes on the wire: what they weigh, and what becomes of them when nobody reads. */
import { assert, describe, layer } from "@effect/vitest"
import { Effect, Exit, Layer, Scope, Stream } from "effect"
import { LiveTest } from "fibra/testing"
import { collectGarbage } from "../../support/heap.ts"
import { behaviors, components, Lab } from "../../support/Lab.ts"
import { connect, type RawSocket, type ServerMessage } from "../../support/RawSocket.ts"
import { Address, client, served } from "../../support/server.ts"
import { LiveClient } from "fibra/client"

const request = (id: number, tag: string, payload: unknown) => ({ _tag: "Request", id, tag, payload, headers: [] })

/** Mounts the shared lab on a socket of its own, with its stream of events open. */
const open = Effect.fnUntraced(function* (key: string) {
  const socket = yield* connect((yield* Address).url)
  socket.send(request(0, "Connect", null))
  yield* socket.next("Chunk")
  socket.send(request(1, "Mount", { component: "Lab", props: { start: 0 }, key }))
  const answer = yield* socket.answer(1)
  const { componentId } = (answer as unknown as { exit: { value: { componentId: string } } }).exit.value
  return { socket, componentId }
})

const changes = (chunk: ServerMessage) => (chunk.values ?? []).filter(({ _tag }) => _tag !== "ConnectionEstablished")

/** Reads batches, acknowledging each, until the count has this value. */
const readUntil = Effect.fnUntraced(function* (socket: RawSocket, count: number) {
  const batches: Array<ServerMessage> = []
  while (true) {
    const chunk = yield* socket.next("Chunk")
    batches.push(chunk)
    socket.send({ _tag: "Ack", requestId: 0 })
    const last = JSON.stringify(changes(chunk).at(-1))
    if (last.includes(`["set",["count"],${count}]`) || last.includes(`"count":${count},`)) return batches
  }
})

describe("a change on the wire", () => {
  layer(served)((it) => {
    it.effect("prepending one element to a list of 10 000 sends one element", () =>
      Effect.gen(function* () {
        const { componentId, socket } = yield* open("long list")
        const call = (id: number, action: string, payload: unknown) =>
          socket.send(request(id, "Call", { componentId, action, payload }))
        call(2, "Fill", { count: 10_000 })
        const whole = yield* socket.next("Chunk")
        assert.isAbove(JSON.stringify(whole).length, 300_000)
        call(3, "Prepend", { text: "newest" })
        const change = yield* socket.next("Chunk")
        assert.deepNestedInclude(changes(change)[0] ?? {}, {
          patch: [["splice", ["items"], 0, 0, [{ id: -1, text: "newest" }]]]
        })
        assert.isBelow(JSON.stringify(change).length, 250)
      })
    )

    it.effect("a client that does not read gets a window of batches, and then one merged change", () =>
      Effect.gen(function* () {
        const slow = yield* open("slow reader")
        const reader = yield* (yield* LiveClient).mount(Lab, { props: { start: 0 }, key: "slow reader" })
        slow.socket.pause()
        yield* reader.call.Burst({ times: 1000 })
        yield* reader.changes.pipe(
          Stream.filter(({ count }) => count === 1000),
          Stream.take(1),
          Stream.runDrain
        )
        slow.socket.resume()
        const batches = yield* readUntil(slow.socket, 1000)
        assert.isAtMost(batches.length, 17)
        assert.lengthOf(batches.slice(-1).flatMap(changes), 1)
      }).pipe(Effect.provide(client))
    )
  })
})

/** Bytes the server keeps for each update of a component whose client does not read. */
const bytesPerUpdate = Effect.fnUntraced(function* (updates: number) {
  const live = yield* LiveTest
  const [lab, other] = [
    yield* live.mount(Lab, { props: { start: 0 } }),
    yield* live.mount(Lab, { props: { start: 0 } })
  ]
  yield* live.stall
  const before = collectGarbage()
  yield* Effect.forkChild(lab.call.Burst({ times: updates }), { startImmediately: true })
  yield* live.settle
  const after = collectGarbage()
  yield* live.unstall
  while ((yield* lab.state).count < updates) yield* live.settle
  assert.strictEqual((yield* other.state).count, 0)
  return (after - before) / updates
}, Effect.scoped)

describe("a client that does not read", () => {
  layer(LiveTest.layer({ components }).pipe(Layer.provideMerge(behaviors)))((it) => {
    it.effect("a client that does not read costs no memory per update, and gets the last state when it reads", () =>
      Effect.gen(function* () {
        yield* bytesPerUpdate(1_000)
        assert.isBelow(yield* bytesPerUpdate(20_000), 4)
      })
    )
  })
})

describe("a client that leaves with something unread", () => {
  layer(LiveTest.layer({ components }).pipe(Layer.provideMerge(behaviors)))((it) => {
    it.effect("a client that leaves with unread changes takes nothing from those who stay", () =>
      Effect.gen(function* () {
        const live = yield* LiveTest
        const options = { props: { start: 0 }, key: "shared" }
        const own = yield* Scope.make()
        const leaving = yield* Scope.provide(live.mount(Lab, { props: { start: 0 } }), own)
        const staying = yield* live.mount(Lab, options)
        yield* live.stall
        for (let change = 0; change < 40; change++) {
          yield* Effect.forkChild(leaving.call.Add({ by: 1 }), { startImmediately: true })
          yield* Effect.forkChild(staying.call.Prepend({ text: String(change) }), { startImmediately: true })
          yield* live.settle
        }
        yield* Scope.close(own, Exit.void)
        yield* live.settle
        yield* live.unstall
        assert.lengthOf((yield* staying.state).items, 40)
        yield* staying.call.Prepend({ text: "last" })
        assert.strictEqual((yield* staying.state).items[0]?.text, "last")
      })
    )
  })
})
