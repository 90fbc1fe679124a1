// #region contract
import { Schema } from "effect"
import { Rpc } from "effect/rpc"
import { Component } from "fibra"

/** 1 to 32 characters that can be seen, and spaces between them. */
export const Name = Schema.Trim.check(
  Schema.isPattern(/^(?:(?!\p{DI})[\p{L}\p{M}\p{N}\p{P}\p{S} ]){1,32}$/u, {
    expected: "a name of 1 to 32 characters that can be seen"
  })
)

export const Said = Schema.Struct({ name: Name, text: Schema.String, at: Schema.DateTimeUtc })

/** One person in a room: mounted with `room`, each has an instance of their own. */
export class Chat extends Component.Service<Chat>()("Chat", {
  props: { name: Name },
  state: {},
  initial: () => ({}),
  actions: [
    Rpc.make("Say", { payload: { text: Schema.Trim.check(Schema.isNonEmpty(), Schema.isMaxLength(500)) } }),
    Rpc.make("Typing", { payload: { typing: Schema.Boolean } })
  ],
  events: { Said },
  presence: {
    metadata: { name: Name, typing: Schema.Boolean },
    initial: ({ name }) => ({ name, typing: false })
  }
}) {}

/** What was said in a room: mounted with the room's name as its `key`, it is everyone's. */
export class History extends Component.Service<History>()("History", {
  state: { messages: Schema.Array(Schema.Struct({ id: Schema.Int, ...Said.fields })) },
  initial: () => ({ messages: [] }),
  events: { Said }
}) {}
// #endregion contract
