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
  state: { now: Schema.NullOr(Schema.DateTimeUtc), zone: Schema.String, hour12: Schema.Boolean },
  initial: () => ({ now: null, zone: "UTC", hour12: false }),
  writable: ["hour12"], // there is nothing to decide: no action is needed
  actions: [Rpc.make("SetZone", { payload: { zone: Schema.String }, error: UnknownZone })]
}) {}
// #endregion contract
