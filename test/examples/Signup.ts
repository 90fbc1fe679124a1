/** A component that needs a service, shows what it is doing, and fails with an error of its own: for docs/ and its tests. */
// #region contract
import { Context, Effect, Schema } from "effect"
import { Rpc } from "effect/rpc"
import { Component } from "fibra"

export class AddressTaken extends Schema.TaggedError<AddressTaken>()("AddressTaken", { address: Schema.String }) {}

export class Signup extends Component.Service<Signup>()("Signup", {
  state: { step: Schema.Literals(["form", "sending", "done"]), note: Schema.optionalKey(Schema.String) },
  initial: () => ({ step: "form" as const }),
  actions: [Rpc.make("Submit", { payload: { address: Schema.String }, success: Schema.Int, error: AddressTaken })],
  events: { Sent: Schema.Struct({ address: Schema.String }) }
}) {}
// #endregion contract

// #region behavior
export class Mailer extends Context.Service<
  Mailer,
  { readonly welcome: (address: string) => Effect.Effect<number, AddressTaken> }
>()("app/Mailer") {}

export const SignupLayer = Signup.toLayer(
  Effect.gen(function* () {
    const self = yield* Signup
    const mailer = yield* Mailer // provided to the layer; the same for every instance
    return Signup.of({
      Submit: Effect.fn("Signup.Submit")(
        function* ({ address }) {
          yield* self.set({ step: "sending" }) // on every screen before the mail is on its way
          const number = yield* mailer.welcome(address)
          yield* self.set({ step: "done" })
          yield* self.broadcast("Sent", { address })
          return number
        },
        // A typed error is an answer, not a crash: what the handler has set stays, so take it back here.
        Effect.tapErrorTag("AddressTaken", ({ address }) => self.set({ step: "form", note: `${address} is taken` }))
      )
    })
  }),
  { callTimeout: "20 seconds", mailboxCapacity: 8 }
)
// #endregion behavior
