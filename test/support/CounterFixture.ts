/** A count without a limit, for what is counted by processes. */
import * as Effect from "effect/Effect"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import { Component } from "../../src/index.ts"

/** A private count. */
export class CounterFixture extends Component.Service<CounterFixture>()("CounterFixture", {
  state: { count: Schema.Int },
  initial: () => ({ count: 0 }),
  actions: [Rpc.make("Add", { payload: { by: Schema.Int }, success: Schema.Int })]
}) {}

/** Its behaviour. */
export const CounterFixtureLayer = CounterFixture.toLayer(
  Effect.map(Effect.service(CounterFixture), (self) =>
    CounterFixture.of({
      Add: ({ by }) =>
        Effect.map(
          self.update(({ count }) => ({ count: count + by })),
          ({ count }) => count
        )
    })
  )
)
