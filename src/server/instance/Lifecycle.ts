/** What happens to instances, one event for each: for logs and for monitors. No event has a state or a payload in it. */
import * as Schema from "effect/Schema"
import { ComponentId } from "../../LiveId.ts"

/** What may happen to an instance. */
export const Happening = Schema.Literals([
  "mounted",
  "stopped",
  "passivated",
  "crashed",
  "restarted",
  "faulted",
  "degraded",
  "unhealthy",
  "recovered",
  "interrupted",
  "killed",
  "probed"
])

/** What may happen to an instance. */
export type Happening = typeof Happening.Type

/** What the log says of it. A crash has a report of its own. */
export const lines: { readonly [What in Happening]: readonly [level: "info" | "warning", text: string] | undefined } = {
  mounted: ["info", "An instance has started"],
  stopped: ["info", "An instance has stopped"],
  passivated: ["info", "An instance was passivated"],
  crashed: undefined,
  restarted: ["info", "An instance runs again"],
  faulted: ["warning", "An instance has crashed too often, and is probed later"],
  degraded: ["info", "An instance is degraded"],
  unhealthy: ["warning", "An instance is unhealthy"],
  recovered: ["info", "An instance is healthy again"],
  interrupted: ["warning", "A handler was interrupted, because it ran too long"],
  killed: ["warning", "A handler did not end when it was interrupted, and was left behind"],
  probed: ["info", "An instance that had crashed too often is probed"]
}

/** Something that happened to an instance. */
export const LifecycleEvent = Schema.Struct({
  happening: Happening,
  /** Milliseconds since 1970. */
  at: Schema.Finite,
  id: ComponentId,
  component: Schema.String,
  /** Undefined for a private instance. */
  key: Schema.UndefinedOr(Schema.String),
  /** A few words: the message that crashed, or why it is unhealthy. */
  detail: Schema.UndefinedOr(Schema.String)
})

/** Something that happened to an instance. */
export interface LifecycleEvent extends Schema.Schema.Type<typeof LifecycleEvent> {}
