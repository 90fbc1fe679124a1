// #region contract
import { Schema } from "effect"
import { Rpc } from "effect/rpc"
import { Component } from "fibra"

export class LimitReached extends Schema.TaggedError<LimitReached>()("LimitReached", { max: Schema.Int }) {}

export class Counter extends Component.Service<Counter>()("Counter", {
  version: 1,
  props: { start: Schema.Int },
  state: { count: Schema.Int },
  initial: ({ start }) => ({ count: start }),
  actions: [
    Rpc.make("Increment", { payload: { by: Schema.Int }, success: Schema.Int, error: LimitReached }),
    Rpc.make("Reset")
  ],
  events: { Milestone: Schema.Struct({ count: Schema.Int }) }
}) {}
// #endregion contract
