/** A component that has changed twice since states of it were kept first: for docs/state.md and its tests. */
// #region contract
import { Effect, Schema } from "effect"
import { Rpc } from "effect/rpc"
import { Component, Migration } from "fibra"

const Note = Schema.Struct({ text: Schema.String, done: Schema.Boolean })

export class Notes extends Component.Service<Notes>()("Notes", {
  version: 3,
  state: { title: Schema.String, notes: Schema.Array(Note) },
  initial: () => ({ title: "", notes: [] }),
  actions: [Rpc.make("Add", { payload: { text: Schema.String }, success: Schema.Int })]
}) {}
// #endregion contract

// #region migrations
/** As it was in version 2, and stays; what is a note today may change. */
const NoteOf2 = Schema.Struct({ text: Schema.String, done: Schema.Boolean })

export const migrations = Migration.from(1, { notes: Schema.Array(Schema.String) }, ({ notes }) => ({
  notes: notes.map((text) => ({ text, done: false }))
})).from(2, { notes: Schema.Array(NoteOf2) }, (state) => ({ ...state, title: "Untitled" }))
// #endregion migrations

// #region behavior
export const NotesLayer = Notes.toLayer(
  Effect.gen(function* () {
    const self = yield* Notes
    return Notes.of({
      Add: Effect.fn("Notes.Add")(function* ({ text }) {
        const { notes } = yield* self.update((state) => ({ ...state, notes: [...state.notes, { text, done: false }] }))
        return notes.length
      })
    })
  }),
  { persist: true, migrations }
)
// #endregion behavior
