// #region behavior
import { Effect } from "effect"
import { Board, type Card, ColumnFull, type Column, MembersOnly, moved, UnknownCard } from "./Board.ts"

const most = { todo: 20, doing: 3, done: 20 }

const withoutNote = ({ column, id, title }: typeof Card.Type) => ({ column, id, title })

export const BoardLayer = Board.toLayer(
  Effect.gen(function* () {
    const self = yield* Board
    const find = Effect.fnUntraced(function* (id: number) {
      const card = (yield* self.get).cards.find((card) => card.id === id)
      return card ?? (yield* new UnknownCard({ id }))
    })
    const checkRoom = Effect.fnUntraced(function* (column: typeof Column.Type) {
      const there = (yield* self.get).cards.filter((card) => card.column === column)
      if (there.length >= most[column]) return yield* new ColumnFull({ column, max: most[column] })
    })
    return Board.of({
      Add: Effect.fn("Board.Add")(function* ({ title }) {
        yield* checkRoom("todo")
        const { added } = yield* self.update(({ added, cards }) => ({
          cards: [...cards, { id: added + 1, title, column: "todo" }],
          added: added + 1
        }))
        return added
      }),
      Move: Effect.fn("Board.Move")(function* ({ column, id }) {
        if ((yield* find(id)).column === column) return
        yield* checkRoom(column)
        yield* self.update((state) => ({ ...state, cards: moved(state.cards, id, column) }))
      }),
      Remove: Effect.fn("Board.Remove")(function* ({ id }) {
        yield* find(id)
        yield* self.update((state) => ({ ...state, cards: state.cards.filter((card) => card.id !== id) }))
      }),
      SetNote: Effect.fn("Board.SetNote")(function* ({ id, note }, { principal }) {
        if (principal === undefined) return yield* new MembersOnly()
        const card = yield* find(id)
        const noted = note === "" ? withoutNote(card) : { ...card, note }
        yield* self.update((state) => ({
          ...state,
          cards: state.cards.map((other) => (other === card ? noted : other))
        }))
      })
    })
  }),
  // #region view
  {
    persist: true,
    // What a guest may not know does not leave the server.
    view: (state, principal) => (principal === undefined ? { ...state, cards: state.cards.map(withoutNote) } : state)
  }
  // #endregion view
)
// #endregion behavior
