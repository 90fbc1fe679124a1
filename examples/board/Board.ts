// #region contract
import { Schema } from "effect"
import { Rpc } from "effect/rpc"
import { Component } from "fibra"

export const Column = Schema.Literals(["todo", "doing", "done"])

export const Card = Schema.Struct({
  id: Schema.Int,
  title: Schema.String,
  column: Column,
  /** For those the server knows; everyone else gets cards that have none. */
  note: Schema.optionalKey(Schema.String)
})

export class UnknownCard extends Schema.TaggedError<UnknownCard>()("UnknownCard", { id: Schema.Int }) {
  override get message() {
    return "This card is not there any more."
  }
}

export class ColumnFull extends Schema.TaggedError<ColumnFull>()("ColumnFull", { column: Column, max: Schema.Int }) {
  override get message() {
    return `There is room for ${this.max} cards in "${this.column}".`
  }
}

export class MembersOnly extends Schema.TaggedError<MembersOnly>()("MembersOnly", {}) {
  override get message() {
    return "Only members of the team write notes."
  }
}

// #region optimistic
/** Puts a card at the end of a column. */
export const moved = (cards: ReadonlyArray<typeof Card.Type>, id: number, column: typeof Column.Type) => [
  ...cards.filter((card) => card.id !== id),
  ...cards.filter((card) => card.id === id).map((card) => ({ ...card, column }))
]

const Title = Schema.Trim.check(Schema.isNonEmpty(), Schema.isMaxLength(80))

export class Board extends Component.Service<Board>()("Board", {
  state: { cards: Schema.Array(Card), added: Schema.Int },
  initial: () => ({ cards: [], added: 0 }),
  actions: [
    Rpc.make("Add", { payload: { title: Title }, success: Schema.Int, error: ColumnFull }),
    Rpc.make("Move", { payload: { id: Schema.Int, column: Column }, error: Schema.Union([UnknownCard, ColumnFull]) }),
    Rpc.make("Remove", { payload: { id: Schema.Int }, error: UnknownCard }),
    Rpc.make("SetNote", {
      payload: { id: Schema.Int, note: Schema.Trim.check(Schema.isMaxLength(200)) },
      error: Schema.Union([UnknownCard, MembersOnly])
    })
  ],
  // Shown at once, and taken back when the server says otherwise.
  optimistic: {
    Move: (state, { column, id }) => ({ ...state, cards: moved(state.cards, id, column) }),
    Remove: (state, { id }) => ({ ...state, cards: state.cards.filter((card) => card.id !== id) })
  }
}) {}
// #endregion optimistic
// #endregion contract
