/** Asks Authorization when a call or a write is handled, in the turn of its handler. */
import * as Effect from "effect/Effect"
import type { Handlers } from "../../actor/Activation.ts"
import * as Handled from "../../actor/Handled.ts"
import type * as Component from "../../Component.ts"
import type { Principal } from "../../Principal.ts"
import type * as Authorization from "../security/Authorization.ts"
import * as Permission from "../security/Permission.ts"
import type { ClientInfo } from "../sync/ClientInfo.ts"
import * as WritableFields from "./WritableFields.ts"

/** Handlers of an instance that check the permission of their caller first. */
export const guard = (
  handlers: Handlers,
  { call, set }: Authorization.Rights,
  { codec, componentName: component }: Component.Any,
  key: string | undefined
): Handlers => {
  const guarded = (tag: string, handler: Handlers[string]): Handlers[string] => {
    const property = WritableFields.fieldOf(tag)
    if (property !== undefined) {
      const what = () => nameOf(component, tag)
      return (value, from) => {
        const asking = { component, key, principal: principalOf(from) }
        const right = set?.({ ...asking, property, value }) ?? call?.({ ...asking, action: tag, payload: value })
        return allowed(right ?? Effect.succeed(true), what, () => Handled.effectOf(tag, handler(value, from)))
      }
    }
    if (call !== undefined && codec.actions.has(tag)) {
      const what = () => nameOf(component, tag)
      return (payload, from) =>
        allowed(call({ component, key, principal: principalOf(from), action: tag, payload }), what, () =>
          Handled.effectOf(tag, handler(payload, from))
        )
    }
    return handler
  }
  return Object.fromEntries(Object.entries(handlers).map(([tag, handler]) => [tag, guarded(tag, handler)]))
}

/** What a message with this tag does, as the subject of a sentence. */
export const nameOf = (component: string, tag: string): string => {
  const property = WritableFields.fieldOf(tag)
  return property === undefined ? `Calling "${tag}" of "${component}"` : `Setting "${property}" of "${component}"`
}

const principalOf = (from: ClientInfo | undefined): Principal | undefined => from?.principal

const allowed = (
  isAllowed: Effect.Effect<boolean>,
  what: () => string,
  handle: () => Effect.Effect<unknown, unknown, unknown>
): Effect.Effect<unknown, unknown, unknown> => Effect.andThen(Permission.check(isAllowed, what), Effect.suspend(handle))
