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
