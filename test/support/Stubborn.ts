/** A component that nothing ends: neither its handler, nor what its build leaves to be done. */
import { Effect } from "effect"
import { Rpc } from "effect/rpc"
import { Component } from "../../src/index.ts"

export class Stubborn extends Component.Service<Stubborn>()("Stubborn", {
  state: {},
  initial: () => ({}),
  actions: [Rpc.make("Hang")]
}) {}

export const StubbornLayer = Stubborn.toLayer(
  Effect.gen(function* () {
    yield* Effect.addFinalizer(() => Effect.never)
    yield* Effect.forkScoped(Effect.uninterruptible(Effect.never))
    return Stubborn.of({ Hang: () => Effect.uninterruptible(Effect.never) })
  }),
  { persist: true }
)
