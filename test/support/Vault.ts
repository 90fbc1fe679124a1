/** A component with a secret wherever one can be, for what keeps or shows messages. */
import { Effect, Schema } from "effect"
import { Rpc } from "effect/rpc"
import { Component } from "fibra"

/** What must be found nowhere. */
export const secrets = ["s3cret-state", "s3cret-prop", "s3cret-call", "s3cret-answer", "s3cret-error", "s3cret-event"]
const [inState = "", inProps = "", inCall = "", inAnswer = "", inError = "", inEvent = ""] = secrets

const Secret = Component.secret(Schema.String)

class Locked extends Schema.TaggedError<Locked>()("Locked", { why: Schema.String, code: Secret }) {}

export class Vault extends Component.Service<Vault>()("Vault", {
  props: { owner: Schema.String, key: Secret },
  state: {
    title: Schema.String,
    pin: Secret,
    drawers: Schema.Array(Schema.Struct({ label: Schema.String, content: Secret })),
    ticks: Schema.Int
  },
  initial: ({ owner }) => ({ title: owner, pin: inState, drawers: [], ticks: 0 }),
  writable: ["pin", "title"],
  actions: [
    Rpc.make("Store", { payload: { label: Schema.String, content: Secret }, success: Secret }),
    Rpc.make("Open", { error: Locked }),
    Rpc.make("Rename", { payload: { title: Schema.String } }),
    Rpc.make("Crash")
  ],
  events: { Stored: Schema.Struct({ label: Schema.String, content: Secret }) }
}) {}

/** What it is mounted with, and what is stored in it. */
export const props = { owner: "ada", key: inProps }
export const drawer = { label: "top", content: inCall }

export const VaultLayer = Vault.toLayer(
  Effect.map(Effect.service(Vault), (self) =>
    Vault.of({
      Store: ({ content, label }) =>
        self
          .update((state) => ({
            ...state,
            pin: `${inState} ${state.ticks}`,
            drawers: [...state.drawers, { label, content }]
          }))
          .pipe(
            Effect.andThen(Effect.orDie(self.broadcast("Stored", { label, content: inEvent }))),
            Effect.as(inAnswer)
          ),
      Open: () => Effect.fail(new Locked({ why: "closed on Sundays", code: inError })),
      Rename: ({ title }) => Effect.asVoid(self.update((state) => ({ ...state, title }))),
      Crash: () => Effect.die(new Error("It burst."))
    })
  )
)
