// #region contract
import { Schema } from "effect"
import { Rpc } from "effect/rpc"
import { Component } from "fibra"

export class NameTaken extends Schema.TaggedError<NameTaken>()("NameTaken", { name: Schema.String }) {
  override get message() {
    return `“${this.name}” is taken.`
  }
}

export class NotValid extends Schema.TaggedError<NotValid>()("NotValid", { problem: Schema.String }) {
  override get message() {
    return this.problem
  }
}

export class Incomplete extends Schema.TaggedError<Incomplete>()("Incomplete", { missing: Schema.String }) {
  override get message() {
    return `There is no ${this.missing} yet.`
  }
}

/** A form that the server checks while it is filled in. */
export class Registration extends Component.Service<Registration>()("Registration", {
  state: { name: Schema.String, email: Schema.String, number: Schema.NullOr(Schema.Int) },
  initial: () => ({ name: "", email: "", number: null }),
  placement: "private",
  actions: [
    Rpc.make("SetName", { payload: { name: Schema.String }, error: Schema.Union([NameTaken, NotValid]) }),
    Rpc.make("SetEmail", { payload: { email: Schema.String }, error: NotValid }),
    Rpc.make("Register", { success: Schema.Int, error: Schema.Union([Incomplete, NameTaken]) }),
    Rpc.make("StartOver")
  ]
}) {}
// #endregion contract
