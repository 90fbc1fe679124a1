/** The contract in docs/components.md that says whether it is shared, and with which keys. */
import { assert, layer } from "@effect/vitest"
import { Effect, Layer, Schema } from "effect"
import { Component } from "fibra"
import { LiveTest } from "fibra/testing"

// #region contract
class Retro extends Component.Service<Retro>()("Retro", {
  placement: "shared", // or "private"; without it, each mount decides
  key: Schema.String.check(Schema.isPattern(/^team-[a-z0-9]+$/)),
  state: { cards: Schema.Array(Schema.String) },
  initial: () => ({ cards: [] })
}) {}
// #endregion contract

const retro = Retro.toLayer(Effect.succeed(Retro.of({})))

layer(LiveTest.layer({ components: [Retro] }).pipe(Layer.provide(retro)))(
  "the shared component of the documentation",
  (it) => {
    it.effect("the component of the example is mounted with the key of a team, and with nothing else", () =>
      Effect.gen(function* () {
        const live = yield* LiveTest
        yield* live.mount(Retro, { key: "team-7" })
        const error = yield* Effect.flip(live.mount(Retro, { key: "7" }))
        assert.strictEqual(error.reason._tag, "KeyRejected")
      }).pipe(Effect.scoped)
    )
  }
)
