/** A component whose handlers take their time, and whose build does as a test says. */
import { Effect, Schema } from "effect"
import { Rpc } from "effect/rpc"
import { Component } from "fibra"

export class SlowHandlers extends Component.Service<SlowHandlers>()("SlowHandlers", {
  state: { sum: Schema.Int },
  initial: () => ({ sum: 0 }),
  actions: [Rpc.make("Add"), Rpc.make("AddSlowly"), Rpc.make("AddVerySlowly"), Rpc.make("AddBeforeLong")]
}) {}

export const build = Effect.gen(function* () {
  const self = yield* SlowHandlers
  const add = (by: number) => Effect.asVoid(self.update(({ sum }) => ({ sum: sum + by })))
  return SlowHandlers.of({
    Add: () => add(1),
    AddSlowly: () => Effect.delay(add(10), "3 seconds"),
    AddVerySlowly: () => Effect.delay(add(1000), "1 minute"),
    AddBeforeLong: () => Effect.andThen(add(100), Effect.never)
  })
})
