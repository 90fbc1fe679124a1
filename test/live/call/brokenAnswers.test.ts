/** A server that answers with a defect instead of an answer: the client says so, and goes on where it can. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Layer, Logger, Schema } from "effect"
import { TestClock } from "effect/testing"
import { Rpc, type RpcMessage } from "effect/rpc"
import { Component, type LiveError } from "fibra"
import { Link, LiveClient, StateCache } from "fibra/client"
import { LiveTest, type RawLink } from "fibra/testing"
import { TextFrame } from "../../../src/client/FrameQueue.ts"
import * as ReplicaOpener from "../../../src/client/ReplicaOpener.ts"

class Count extends Component.Service<Count>()("Count", {
  state: { n: Schema.Int },
  initial: () => ({ n: 0 }),
  actions: [Rpc.make("Add")]
}) {}

const CountLayer = Count.toLayer(
  Effect.gen(function* () {
    const self = yield* Count
    return Count.of({ Add: () => Effect.asVoid(self.update(({ n }) => ({ n: n + 1 }))) })
  })
)

const died = { _tag: "Failure", cause: [{ _tag: "Die", defect: "the server has a bug" }] } as const

/** Those of one turn are one frame. */
const messagesOf = (frame: RpcMessage.FromClientEncoded): ReadonlyArray<RpcMessage.FromClientEncoded> =>
  frame instanceof TextFrame ? frame.toJSON() : [frame]

/** What is wrong with the way to the server. */
class Faults {
  /** Requests that never get there, and are answered with this. */
  readonly answers = new Map<string, unknown>()
  /** Changes are lost. */
  loses = false
  readonly asked: Array<string> = []
  readonly callIds: Array<unknown> = []
  /** Below which number all calls are settled, as it was told last. */
  settled: unknown

  through(link: RawLink): Link.Link["Service"] {
    return {
      ...link.client,
      open: (hooks) =>
        Effect.map(link.client.open(hooks), (protocol) => {
          let answer: (message: never) => Effect.Effect<void> = () => Effect.void
          return {
            ...protocol,
            run: (clientId, f) => {
              answer = f
              return protocol.run(clientId, (message) => {
                if (message._tag !== "Chunk" || !this.loses) return f(message)
                const values = message.values.filter((value) => (value as { readonly _tag: string })._tag !== "Patched")
                return values.length === 0 ? Effect.void : f({ ...message, values: values as never })
              })
            },
            send: (clientId, frame, transferables) =>
              Effect.forEach(
                messagesOf(frame),
                (message) => {
                  if (message._tag !== "Request") return protocol.send(clientId, message, transferables)
                  this.asked.push(message.tag)
                  const { callId, settled } = message.payload as {
                    readonly callId?: unknown
                    readonly settled?: unknown
                  }
                  if (settled !== undefined) this.settled = settled
                  if (callId !== undefined) this.callIds.push(callId)
                  const exit = this.answers.get(message.tag)
                  if (exit === undefined) return protocol.send(clientId, message, transferables)
                  return Effect.asVoid(
                    Effect.forkDetach(answer({ _tag: "Exit", requestId: message.id, exit } as never))
                  )
                },
                { discard: true }
              )
          }
        })
    }
  }
}

/** A client of its own behind faults of its own. */
const visit = Effect.gen(function* () {
  const live = yield* LiveTest
  const link = live.link()
  const faults = new Faults()
  const services = Layer.merge(Layer.succeed(Link.Link, faults.through(link)), StateCache.layerMemory)
  const context = yield* Layer.build(Layer.fresh(Layer.provide(LiveClient.layer(), services)))
  const client = yield* Effect.provideContext(Effect.service(LiveClient), context)
  yield* live.settle
  const comeBack = link.disconnect.pipe(Effect.andThen(link.connect), Effect.andThen(live.settle))
  return { client, comeBack, faults, live, mount: client.mount }
})

const tested = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  effect.pipe(
    Effect.scoped,
    Effect.provide(
      LiveTest.layer({ components: [Count] }).pipe(Layer.provide(CountLayer), Layer.provideMerge(Logger.layer([])))
    )
  )

const reasonOf = (error: LiveError.LiveError | undefined) => error?.reason._tag

describe("a call", () => {
  it.effect("a call that is answered with a defect is not waited for by the server any more", () =>
    tested(
      Effect.gen(function* () {
        const { faults, mount } = yield* visit
        const count = yield* mount(Count, {})
        faults.answers.set("Call", died)
        assert.isTrue(Exit.isFailure(yield* Effect.exit(Effect.timeout(count.call.Add(), "1 second").pipe(running))))
        faults.answers.clear()
        yield* count.call.Add()
        assert.strictEqual(faults.settled, faults.callIds.at(-1))
      })
    )
  )
})

describe("a mount", () => {
  it.effect("a mount that is refused stays refused for that reason, and does not time out as well", () =>
    tested(
      Effect.gen(function* () {
        const { client, faults, live } = yield* visit
        faults.answers.set("Mount", died)
        const replica = ReplicaOpener.of(client)(Count, {})
        yield* live.settle
        assert.strictEqual(reasonOf(replica.view.error), "ComponentCrashed")
        yield* TestClock.adjust("5 minutes")
        assert.strictEqual(reasonOf(replica.view.error), "ComponentCrashed")
        replica.release()
      })
    )
  )

  it.effect("a mount that is answered with a defect is refused at once, and mounted with the next connection", () =>
    tested(
      Effect.gen(function* () {
        const { comeBack, faults, live, mount } = yield* visit
        faults.answers.set("Mount", died)
        const error = yield* Effect.flip(Effect.timeout(mount(Count, {}), "1 second").pipe(running))
        assert.strictEqual(error._tag === "LiveError" ? reasonOf(error) : error._tag, "ComponentCrashed")
        faults.answers.clear()
        yield* comeBack
        const count = yield* mount(Count, {})
        yield* live.settle
        assert.isTrue((yield* count.view).connected)
      })
    )
  )

  it.effect("a mount that was answered with a defect is a new request when the session continues", () =>
    tested(
      Effect.gen(function* () {
        const { comeBack, faults, live, mount } = yield* visit
        const first = yield* mount(Count, {})
        faults.answers.set("Mount", died)
        yield* Effect.flip(Effect.timeout(mount(Count, {}), "1 second").pipe(running))
        faults.answers.clear()
        yield* comeBack
        yield* mount(Count, {})
        assert.strictEqual((yield* first.view).activation, "resumed")
        assert.strictEqual((yield* live.open).instances, 2)
        // The server may keep the defect as its answer to the one that was asked.
        assert.deepStrictEqual([faults.callIds.length, new Set(faults.callIds).size], [3, 3])
      })
    )
  )

  it.effect("a mount whose answer does not fit the protocol is refused as one of another contract", () =>
    tested(
      Effect.gen(function* () {
        const { faults, mount } = yield* visit
        faults.answers.set("Mount", { _tag: "Success", value: { nothing: "of a mount" } })
        const error = yield* Effect.flip(Effect.timeout(mount(Count, {}), "1 second").pipe(running))
        assert.strictEqual(error._tag === "LiveError" ? reasonOf(error) : error._tag, "ContractMismatch")
      })
    )
  )

  it.effect("a mount that is answered with a defect after a lost connection is refused, and calls are told", () =>
    tested(
      Effect.gen(function* () {
        const { comeBack, faults, live, mount } = yield* visit
        const count = yield* mount(Count, {})
        yield* TestClock.adjust("2 seconds")
        yield* live.kill
        yield* live.start
        faults.answers.set("Mount", died).set("Rehydrate", died)
        yield* comeBack
        const { connected, error } = yield* count.view
        assert.deepStrictEqual([connected, reasonOf(error)], [false, "ComponentCrashed"])
        const call = yield* Effect.exit(Effect.timeout(count.call.Add(), "1 second").pipe(running))
        assert.isTrue(Exit.isFailure(call))
        assert.include(String(call), "crashed")
        faults.answers.clear()
        yield* comeBack
        assert.isTrue((yield* count.view).connected)
        yield* count.call.Add()
      })
    )
  )
})

describe("asking for a state whose changes were missed", () => {
  for (const age of ["0 seconds", "2 seconds"] as const) {
    it.effect(`a request for a missed state that gets a defect leads to another mount, ${age} after the first`, () =>
      tested(
        Effect.gen(function* () {
          const { faults, live, mount } = yield* visit
          const count = yield* mount(Count, {})
          yield* count.call.Add()
          yield* TestClock.adjust(age)
          faults.answers.set("Resync", died)
          faults.loses = true
          yield* count.call.Add()
          yield* live.settle
          faults.loses = false
          yield* count.call.Add()
          yield* live.settle
          yield* TestClock.adjust("1 second")
          yield* live.settle
          assert.include(faults.asked, "Resync")
          assert.deepStrictEqual(yield* count.state, { n: 3 })
          assert.deepInclude(yield* count.view, { connected: true, status: "running", activation: "rehydrated" })
          yield* count.call.Add()
          yield* live.settle
          assert.deepStrictEqual(yield* count.state, { n: 4 })
          // What it was before is not left behind.
          assert.strictEqual((yield* live.open).instances, 1)
        })
      )
    )
  }
})

/** Gives what comes of an effect, though time stands still while nobody moves it. */
const running = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(effect, { startImmediately: true })
    yield* (yield* LiveTest).settle
    yield* TestClock.adjust("1 second")
    return yield* fiber.pollUnsafe() ?? Effect.die(new Error("It has not ended"))
  })
