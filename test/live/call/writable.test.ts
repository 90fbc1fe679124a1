/** Fields that a contract lists as writable are set without an action, over the RPC wire as over the open one. */
import { assert, describe, it } from "@effect/vitest"
import { Cause, DateTime, Effect, Exit, Fiber, Layer, Schema } from "effect"
import { Rpc } from "effect/rpc"
import { Component } from "fibra"
import { Authorization } from "fibra/server"
import { LiveTest } from "fibra/testing"
import { listen } from "../../support/Rpc.ts"

const contract = {
  state: {
    title: Schema.String.check(Schema.isMaxLength(8)),
    due: Schema.DateTimeUtcFromMillis,
    words: Schema.Int,
    writes: Schema.Int
  },
  initial: () => ({ title: "", due: DateTime.makeUnsafe(0), words: 0, writes: 0 }),
  actions: [Rpc.make("Count", { success: Schema.Int })]
}

class Draft extends Component.Service<Draft>()("Draft", { ...contract, writable: ["title", "due"] }) {}

/** The contract of a client that wants more. */
class Greedy extends Component.Service<Greedy>()("Draft", { ...contract, writable: ["words"] }) {}

const DraftLayer = Draft.toLayer(
  Effect.map(Draft, (self) =>
    Draft.of({
      Count: () =>
        Effect.map(
          self.update((draft) => ({ ...draft, writes: draft.writes + 1 })),
          ({ title }) => title.length
        )
    })
  )
)

const tested = LiveTest.layer({ components: [Draft] }).pipe(Layer.provide(DraftLayer))

const reasonOf = <A>(set: Effect.Effect<A, { readonly reason: object }>) =>
  Effect.map(Effect.flip(set), ({ reason }) => reason)

describe("a writable field", () => {
  it.effect("a writable field is set to a value of its schema, which everybody sees", () =>
    Effect.gen(function* () {
      const live = yield* LiveTest
      const [mine, theirs] = [yield* live.mount(Draft, { key: "d" }), yield* live.mount(Draft, { key: "d" })]
      assert.isUndefined(yield* mine.set("title", "hello"))
      yield* mine.set("due", DateTime.makeUnsafe(86_400_000))
      const { due, title } = yield* theirs.state
      assert.deepStrictEqual([title, DateTime.formatIso(due)], ["hello", "1970-01-02T00:00:00.000Z"])
    }).pipe(Effect.scoped, Effect.provide(tested))
  )

  it.effect("a value that does not fit is refused, as is a field that is not writable or not there", () =>
    Effect.gen(function* () {
      const live = yield* LiveTest
      const draft = yield* live.mount(Draft, { key: "d" })
      assert.deepInclude(yield* reasonOf(draft.set("title", "far too long")), { _tag: "PayloadRejected" })
      assert.deepInclude(yield* reasonOf(draft.set("words" as never, 1 as never)), { _tag: "UnknownAction" })
      // The server does not believe that its client has checked.
      const greedy = yield* live.mount(Greedy, { key: "d" })
      assert.deepInclude(yield* reasonOf(greedy.set("words", 1)), { _tag: "UnknownAction" })
      const raw = yield* listen()
      const { componentId } = yield* raw.mount("Draft", {}, { key: "d" })
      for (const [action, value, says] of [
        ["set title", "far too long", /"title" was not accepted/],
        ["set writes", 7, /has no action "set writes"/],
        ["set constructor", 7, /has no action "set constructor"/],
        ["set title", undefined, /"title" was not accepted/]
      ] as const) {
        const exit = yield* Effect.exit(raw.call(componentId, action, value))
        assert.match(Exit.isFailure(exit) ? String(Cause.squash(exit.cause)) : "done", says)
      }
      assert.deepInclude(yield* draft.state, { title: "", words: 0, writes: 0 })
    }).pipe(Effect.scoped, Effect.provide(tested))
  )

  it.effect("a write is done once, though its answer is lost, and before the calls that were made after it", () =>
    Effect.gen(function* () {
      const live = yield* LiveTest
      const draft = yield* live.mount(Draft, { key: "d" })
      yield* live.disconnect
      const both = yield* Effect.forkChild(
        Effect.all([draft.set("title", "hello"), draft.call.Count()], { concurrency: 2 }),
        { startImmediately: true }
      )
      yield* live.reconnect
      assert.strictEqual((yield* Fiber.join(both))[1], 5)
      const other = yield* (yield* live.connect()).mount(Draft, { key: "d" })
      // The server sets it, and its answer is lost. Somebody else sets it before it is asked again.
      yield* live.lose
      const lost = yield* Effect.forkChild(draft.set("title", "mine"), { startImmediately: true })
      yield* live.settle
      yield* other.set("title", "theirs")
      yield* live.disconnect
      yield* live.reconnect
      yield* Fiber.join(lost)
      assert.strictEqual((yield* draft.state).title, "theirs")
    }).pipe(Effect.scoped, Effect.provide(tested))
  )

  it.effect("a write is asked for by the right to set, with the value and who sets it", () =>
    Effect.gen(function* () {
      const live = yield* LiveTest
      const ada = yield* (yield* live.connect({ principal: "ada" })).mount(Draft, { key: "d" })
      const bob = yield* (yield* live.connect({ principal: "bob" })).mount(Draft, { key: "d" })
      yield* ada.set("title", "mine")
      assert.deepInclude(yield* reasonOf(bob.set("title", "mine")), {
        _tag: "NotAllowed",
        what: 'Setting "title" of "Draft"'
      })
      assert.strictEqual((yield* bob.state).title, "mine")
    }).pipe(
      Effect.scoped,
      Effect.provide(
        tested.pipe(
          Layer.provide(
            Authorization.for(Draft, { set: { title: (_, { principal }) => Effect.succeed(principal?.id === "ada") } })
          )
        )
      )
    )
  )

  it("a contract has no action that is called as a write is", () => {
    class Twice extends Component.Service<Twice>()("Twice", {
      state: { title: Schema.String },
      initial: () => ({ title: "" }),
      actions: [Rpc.make("set title")],
      writable: ["title"]
    }) {}
    assert.throws(() => Twice.codec, /declares the action "set title", and "title" is writable/)
  })
})
