/** The components under test: a counter of one's own, and a board that everyone shares and one writes on. */
import * as Effect from "effect/Effect"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import { Component } from "../src/index.ts"

/** A counter of one's own. */
export class Counter extends Component.Service<Counter>()("Counter", {
  props: { start: Schema.Int },
  state: { count: Schema.Int },
  initial: ({ start }) => ({ count: start }),
  actions: [Rpc.make("Increment", { payload: { by: Schema.Int }, success: Schema.Int })]
}) {}

/** A text that everyone sees. */
export class Board extends Component.Service<Board>()("Board", {
  state: { text: Schema.String },
  initial: () => ({ text: "" }),
  actions: [Rpc.make("Write", { payload: { text: Schema.String } })]
}) {}

/** The behaviour of Counter. */
export const CounterLayer = Counter.toLayer(
  Effect.map(Effect.service(Counter), (self) =>
    Counter.of({
      Increment: ({ by }) =>
        Effect.map(
          self.update(({ count }) => ({ count: count + by })),
          ({ count }) => count
        )
    })
  )
)

/** The behaviour of Board. */
export const BoardLayer = Board.toLayer(
  Effect.map(Effect.service(Board), (self) => Board.of({ Write: ({ text }) => self.set({ text }) }))
)
