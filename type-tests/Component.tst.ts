import { Context, Effect, Layer, Schema } from "effect"
import type { HttpRouter } from "effect/http"
import { Rpc } from "effect/rpc"
import { Component, type LiveError } from "fibra"
import type { LiveHandle } from "fibra/client"
import { LiveServer } from "fibra/server"
import { describe, expect, test } from "tstyche"

class Full extends Schema.TaggedError<Full>()("Full", { max: Schema.Int }) {}

class Board extends Component.Service<Board>()("Board", {
  props: { title: Schema.String },
  state: { cards: Schema.Array(Schema.String), open: Schema.Boolean },
  initial: ({ title }) => ({ cards: [title], open: true }),
  actions: [Rpc.make("Add", { payload: { card: Schema.String }, success: Schema.Int, error: Full }), Rpc.make("Close")],
  events: { Added: Schema.Struct({ card: Schema.String }) }
}) {}

class Audit extends Context.Service<Audit, { readonly record: (text: string) => Effect.Effect<void> }>()("Audit") {}

const handlers = { Add: () => Effect.succeed(1), Close: () => Effect.void }
const BoardLayer = Board.toLayer(handlers)

describe("a behaviour", () => {
  test("has a handler for every action of its contract", () => {
    expect(Board.toLayer).type.toBeCallableWith(handlers)
    expect(Board.toLayer).type.not.toBeCallableWith({ Add: handlers.Add })
    expect(Board.of).type.not.toBeCallableWith({ Close: handlers.Close })
  })

  test("answers with the success and the error its contract declares", () => {
    expect(Board.of).type.toBeCallableWith({ ...handlers, Add: () => Effect.fail(new Full({ max: 1 })) })
    expect(Board.of).type.not.toBeCallableWith({ ...handlers, Add: () => Effect.succeed("one") })
    expect(Board.of).type.not.toBeCallableWith({ ...handlers, Close: () => Effect.fail(new Full({ max: 1 })) })
  })

  test("requires the services of its build and of its handlers, but neither itself nor a Scope", () => {
    const ofBuild = Board.toLayer(
      Effect.gen(function* () {
        const self = yield* Board
        yield* Audit
        yield* Effect.forkScoped(self.update((state) => ({ ...state, open: false })))
        return Board.of(handlers)
      })
    )
    expect(ofBuild).type.toBe<Layer.Layer<Component.BehaviorOf<Board>, never, Audit>>()
    const ofHandler = Board.toLayer({ ...handlers, Close: () => Audit.use((audit) => audit.record("closed")) })
    expect(ofHandler).type.toBe<Layer.Layer<Component.BehaviorOf<Board>, never, Audit>>()
  })
})

describe("an instance", () => {
  const self = {} as typeof Board.Service

  test("has the state of its contract, and no other", () => {
    expect(self.get).type.toBe<Effect.Effect<{ readonly cards: ReadonlyArray<string>; readonly open: boolean }>>()
    expect(self.set).type.not.toBeCallableWith({ cards: [] })
    expect(self.set).type.not.toBeCallableWith({ cards: [1], open: true })
  })

  test("broadcasts the events of its contract, and no others", () => {
    expect(self.broadcast("Added", { card: "a" })).type.toBe<Effect.Effect<void>>()
    expect(self.broadcast).type.not.toBeCallableWith("Added", { card: 1 })
    expect(self.broadcast).type.not.toBeCallableWith("Removed", { card: "a" })
  })
})

describe("a server", () => {
  const app = LiveServer.layer({ components: [Board] })

  test("requires the behaviour of every component it lists", () => {
    expect(app).type.toBe<Layer.Layer<never, never, HttpRouter.HttpRouter | Component.BehaviorOf<Board>>>()
    expect(Layer.provide(app, BoardLayer)).type.toBe<Layer.Layer<never, never, HttpRouter.HttpRouter>>()
  })
})

describe("a mounted component", () => {
  const board = {} as LiveHandle<typeof Board>

  test("is called with the payload of each action, and fails with its error or the house's", () => {
    expect(board.call.Add({ card: "a" })).type.toBe<Effect.Effect<number, Full | LiveError>>()
    expect(board.call.Close()).type.toBe<Effect.Effect<void, LiveError>>()
    expect(board.call.Add).type.not.toBeCallableWith({ card: 1 })
    expect(board.call.Add).type.not.toBeCallableWith()
    expect(board.call).type.not.toHaveProperty("Remove")
  })

  test("has the state and the events of its contract", () => {
    expect(board.state).type.toBe<Effect.Effect<{ readonly cards: ReadonlyArray<string>; readonly open: boolean }>>()
    expect(board.events).type.not.toBeCallableWith("Removed")
  })
})
