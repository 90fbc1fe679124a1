/**
 * The components under test: a counter of one's own or of all, a board that everyone shares and one writes on, one that changes
 * later, one that speaks in a room, and one that takes files.
 */
import * as Effect from "effect/Effect"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import { Component, Upload } from "../src/index.ts"

/** A counter, of one's own or with a key of all. */
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

/** A counter that changes a moment after it was asked to, whether anybody is there to see it or not. */
export class Later extends Component.Service<Later>()("Later", {
  state: { count: Schema.Int },
  initial: () => ({ count: 0 }),
  actions: [Rpc.make("Start", { payload: { changes: Schema.Int } })]
}) {}

/** Somebody who is in a room with others, and says something there. */
export class Talk extends Component.Service<Talk>()("Talk", {
  state: {},
  initial: () => ({}),
  actions: [Rpc.make("Say", { payload: { id: Schema.Int, text: Schema.String } })],
  events: { Said: Schema.Struct({ id: Schema.Int, text: Schema.String }) }
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

/** The behaviour of Later. */
export const LaterLayer = Later.toLayer(
  Effect.gen(function* () {
    const self = yield* Later
    const scope = yield* Effect.scope
    return Later.of({
      Start: ({ changes }) =>
        self
          .update(({ count }) => ({ count: count + 1 }))
          .pipe(Effect.repeat({ times: changes - 1 }), Effect.delay("200 millis"), Effect.forkIn(scope), Effect.asVoid)
    })
  })
)

/** The behaviour of Talk. */
export const TalkLayer = Talk.toLayer(
  Effect.map(Effect.service(Talk), (self) => Talk.of({ Say: (said) => self.broadcast("Said", said) }))
)

/** Takes files, and keeps none. */
export class Depot extends Component.Service<Depot>()("Depot", {
  state: {},
  initial: () => ({}),
  uploads: { file: Upload.policy({ maxFileSize: "1 GiB" }) }
}) {}

/** The behaviour of Depot. */
export const DepotLayer = Depot.toLayer(Depot.of({ uploads: { file: () => Upload.refuse("nothing is kept") } }))
