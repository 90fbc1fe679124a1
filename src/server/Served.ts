/**
 * A component with the behaviour that runs it, and everything about its instances that is the same for each: worked out once, so
 * that an instance holds what is its own.
 */
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import { Overflow } from "../actor/Mailbox.ts"
import * as RestartPolicy from "../actor/RestartPolicy.ts"
import type * as Component from "../Component.ts"
import type * as Migration from "../Migration.ts"

/** A component with the behaviour that runs it. */
export interface Served {
  readonly component: Component.Any
  readonly build: Component.Behavior["build"]
  readonly context: Context.Context<never>
  readonly capacity: number
  readonly overflow: Overflow
  readonly restart: RestartPolicy.RestartPolicy
  readonly handlerTimeout: Duration.Duration | undefined
  readonly shutdown: Duration.Duration
  readonly maxIdleTime: Duration.Duration
  readonly persist: boolean
  readonly migrations: Migration.Any | undefined
}

/** Puts a component and its behaviour together; `context` is the server's, the behaviour's own comes before it. */
export const make = (
  component: Component.Any,
  behavior: Component.Behavior,
  context: Context.Context<never>
): Served => {
  const { callTimeout, mailboxCapacity, maxIdleTime, migrations, persist, restart, shutdown } = behavior.options
  return {
    component,
    build: behavior.build,
    context: Context.merge(context, behavior.context),
    capacity: mailboxCapacity ?? 256,
    overflow: Overflow.fail,
    restart: RestartPolicy.make(restart),
    handlerTimeout: callTimeout === undefined ? undefined : Duration.fromInputUnsafe(callTimeout),
    shutdown: Duration.fromInputUnsafe(shutdown ?? "5 seconds"),
    maxIdleTime: Duration.fromInputUnsafe(maxIdleTime ?? "1 minute"),
    persist: persist ?? false,
    migrations
  }
}
