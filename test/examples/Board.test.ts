import { assert, layer } from "@effect/vitest"
import { Effect, Fiber, Layer } from "effect"
import { LiveTest } from "fibra/testing"
import { Board } from "../../examples/board/Board.ts"
import { BoardLayer } from "../../examples/board/BoardLayer.ts"

const test = LiveTest.layer({ components: [Board] }).pipe(Layer.provide(BoardLayer))

/** Somebody at a board, and all that was sent to them. */
const open = Effect.fnUntraced(function* (key: string, principal?: string) {
  const live = yield* LiveTest
  const frames: Array<string> = []
  const client = yield* live.connect({
    ...(principal === undefined ? {} : { principal }),
    onFrame: (from, text) => {
      if (from === "server") frames.push(text)
    }
  })
  const board = yield* client.mount(Board, { key })
  const columns = Effect.map(board.state, ({ cards }) => cards.map(({ column, title }) => `${title}: ${column}`))
  return { ...client, board, columns, received: () => frames.join("\n") }
})

layer(test)("the board", (it) => {
  it.effect("everyone sees what one member does", () =>
    Effect.gen(function* () {
      const [ada, bob] = [yield* open("all", "ada"), yield* open("all")]
      const id = yield* ada.board.call.Add({ title: "write" })
      yield* bob.board.call.Add({ title: "read" })
      yield* bob.board.call.Move({ id, column: "doing" })
      assert.deepStrictEqual(yield* ada.columns, ["read: todo", "write: doing"])
      assert.deepStrictEqual(yield* bob.columns, ["read: todo", "write: doing"])
      yield* ada.board.call.Remove({ id })
      assert.deepStrictEqual(yield* bob.columns, ["read: todo"])
    }).pipe(Effect.scoped)
  )

  it.effect("a note never reaches a guest: not as a change, not with the state, not after an absence", () =>
    Effect.gen(function* () {
      const [ada, guest] = [yield* open("notes", "ada"), yield* open("notes")]
      const id = yield* ada.board.call.Add({ title: "call them" })
      yield* ada.board.call.SetNote({ id, note: "hush 1" })
      yield* guest.board.call.Move({ id, column: "doing" })
      yield* guest.disconnect
      yield* ada.board.call.SetNote({ id, note: "hush 2" })
      yield* ada.board.call.Move({ id, column: "done" })
      yield* guest.reconnect
      const late = yield* open("notes")
      const bob = yield* open("notes", "bob")

      const card = { id, title: "call them", column: "done" as const }
      for (const { board } of [ada, bob]) {
        assert.deepStrictEqual((yield* board.state).cards, [{ ...card, note: "hush 2" }])
      }
      for (const { board, received } of [guest, late]) {
        assert.deepStrictEqual((yield* board.state).cards, [card])
        assert.include(received(), "call them")
        assert.notMatch(received(), /hush|note/)
      }
      assert.include(ada.received(), "hush 1")
      yield* ada.board.call.SetNote({ id, note: "" })
      assert.deepStrictEqual((yield* bob.board.state).cards, [card])
    }).pipe(Effect.scoped)
  )

  it.effect("only members write notes", () =>
    Effect.gen(function* () {
      const guest = yield* open("guests")
      const id = yield* guest.board.call.Add({ title: "mine" })
      const error = yield* Effect.flip(guest.board.call.SetNote({ id, note: "x" }))
      assert.strictEqual(error._tag, "MembersOnly")
      assert.deepStrictEqual((yield* guest.board.state).cards, [{ id, title: "mine", column: "todo" }])
    }).pipe(Effect.scoped)
  )

  it.effect("a card moves before the server has received the call", () =>
    Effect.gen(function* () {
      const [ada, bob] = [yield* open("fast"), yield* open("fast")]
      const [first, second] = [yield* ada.board.call.Add({ title: "a" }), yield* ada.board.call.Add({ title: "b" })]
      yield* ada.hold
      const moving = yield* Effect.forkChild(ada.board.call.Move({ id: first, column: "done" }), {
        startImmediately: true
      })
      assert.deepStrictEqual(yield* ada.columns, ["b: todo", "a: done"])
      assert.deepStrictEqual(yield* bob.columns, ["a: todo", "b: todo"])
      // What others do is put beneath it.
      yield* bob.board.call.Move({ id: second, column: "doing" })
      assert.deepStrictEqual(yield* ada.columns, ["b: doing", "a: done"])
      yield* ada.unhold
      yield* Fiber.join(moving)
      assert.deepStrictEqual(yield* ada.columns, ["b: doing", "a: done"])
      assert.deepStrictEqual(yield* bob.columns, ["b: doing", "a: done"])
    }).pipe(Effect.scoped)
  )

  it.effect("a card that does not fit goes back, and so does one that was not there to remove", () =>
    Effect.gen(function* () {
      const [ada, bob] = [yield* open("full"), yield* open("full")]
      for (const title of ["a", "b", "c"]) {
        const id = yield* ada.board.call.Add({ title })
        yield* ada.board.call.Move({ id, column: "doing" })
      }
      const id = yield* ada.board.call.Add({ title: "d" })
      yield* ada.hold
      const moving = yield* Effect.forkChild(Effect.flip(ada.board.call.Move({ id, column: "doing" })), {
        startImmediately: true
      })
      assert.include(yield* ada.columns, "d: doing")
      yield* ada.unhold
      assert.deepInclude(yield* Fiber.join(moving), { _tag: "ColumnFull", column: "doing", max: 3 })
      assert.deepStrictEqual(yield* ada.columns, ["a: doing", "b: doing", "c: doing", "d: todo"])

      yield* ada.hold
      const removing = yield* Effect.forkChild(Effect.flip(ada.board.call.Remove({ id })), { startImmediately: true })
      assert.notInclude(yield* ada.columns, "d: todo")
      yield* bob.board.call.Remove({ id })
      yield* ada.unhold
      assert.strictEqual((yield* Fiber.join(removing))._tag, "UnknownCard")
      assert.deepStrictEqual(yield* ada.columns, ["a: doing", "b: doing", "c: doing"])
    }).pipe(Effect.scoped)
  )

  it.effect("the board is as large as its columns", () =>
    Effect.gen(function* () {
      const { board } = yield* open("large")
      yield* Effect.forEach(Array.from({ length: 20 }), (_, index) => board.call.Add({ title: `${index}` }))
      assert.strictEqual((yield* Effect.flip(board.call.Add({ title: "one more" })))._tag, "ColumnFull")
    }).pipe(Effect.scoped)
  )
})
