// #region contract
import { Schema } from "effect"
import { Rpc } from "effect/rpc"
import { Component } from "fibra"

export class UnknownZone extends Schema.TaggedError<UnknownZone>()("UnknownZone", { zone: Schema.String }) {
  override get message() {
    return `There is no time zone "${this.zone}".`
  }
}

export class Clock extends Component.Service<Clock>()("Clock", {
  state: { now: Schema.NullOr(Schema.DateTimeUtc), zone: Schema.String },
  initial: () => ({ now: null, zone: "UTC" }),
  actions: [Rpc.make("SetZone", { payload: { zone: Schema.String }, error: UnknownZone })]
}) {}
// #endregion contract
