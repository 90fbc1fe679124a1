/** A component whose fields are edited: for docs/react.md and its tests. */
// #region contract
import { Effect, Schema } from "effect"
import { Rpc } from "effect/rpc"
import { Component } from "fibra"

class NameTaken extends Schema.TaggedError<NameTaken>()("NameTaken", { name: Schema.String }) {}

export class Profile extends Component.Service<Profile>()("Profile", {
  state: { name: Schema.String, about: Schema.String },
  initial: () => ({ name: "", about: "" }),
  actions: [
    Rpc.make("SetName", { payload: { name: Schema.String }, error: NameTaken }),
    Rpc.make("Describe", { payload: { about: Schema.String } })
  ]
}) {}
// #endregion contract

const reserved: ReadonlySet<string> = new Set(["ada", "root"])

export const ProfileLayer = Profile.toLayer(
  Effect.gen(function* () {
    const self = yield* Profile
    return Profile.of({
      SetName: Effect.fn("Profile.SetName")(function* ({ name }) {
        if (reserved.has(name.trim())) return yield* new NameTaken({ name: name.trim() })
        yield* self.update((profile) => ({ ...profile, name: name.trim() }))
      }),
      Describe: ({ about }) => Effect.asVoid(self.update((profile) => ({ ...profile, about })))
    })
  })
)
