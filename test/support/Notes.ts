/** A component that persists: lines that are written down, for the tests of what is stored. */
import { Effect, Schema } from "effect"
import { Rpc } from "effect/rpc"
import { Component } from "../../src/index.ts"

export class Notes extends Component.Service<Notes>()("Notes", {
  state: { lines: Schema.Array(Schema.String) },
  initial: () => ({ lines: [] }),
  actions: [Rpc.make("Write", { payload: { line: Schema.String } })]
}) {}

export const NotesLayer = Notes.toLayer(
  Effect.gen(function* () {
    const self = yield* Notes
    return Notes.of({
      Write: ({ line }) => Effect.asVoid(self.update(({ lines }) => ({ lines: [...lines, line] })))
    })
  }),
  { persist: true, maxIdleTime: "1 minute" }
)
