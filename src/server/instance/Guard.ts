/** Asks Authorization when a call or a write is handled, in the turn of its handler. */
import * as Effect from "effect/Effect"
import type { Handlers } from "../../actor/Activation.ts"
import * as Handled from "../../actor/Handled.ts"
import type * as Component from "../../Component.ts"
import type { Principal } from "../../Principal.ts"
import type { RightsInForce } from "../security/RightsInForce.ts"
import * as Permission from "../security/Permission.ts"
import type { ClientInfo } from "../sync/ClientInfo.ts"
import * as FieldTag from "../../FieldTag.ts"

/** Handlers of an instance that check the permission of their caller first. */
export const guard = (
  handlers: Handlers,
  rights: RightsInForce,
  { codec, componentName: component }: Component.Any,
  key: string | undefined
): Handlers => {
  const guarded = (tag: string, handler: Handlers[string]): Handlers[string] => {
    const property = FieldTag.fieldOf(tag)
    if (property === undefined && !codec.actions.has(tag)) return handler
    const what = () => nameOf(component, tag)
    return (payload, from) => {
      const asking = { component, key, principal: principalOf(from) }
      const right =
        property === undefined
          ? rights.call({ ...asking, action: tag, payload })
          : rights.set({ ...asking, property, value: payload })
      if (right === undefined) return handler(payload, from)
      return allowed(right, what, () => Handled.effectOf(tag, handler(payload, from)))
    }
  }
  return Object.fromEntries(Object.entries(handlers).map(([tag, handler]) => [tag, guarded(tag, handler)]))
}

/** What a message with this tag does, as the subject of a sentence. */
export const nameOf = (component: string, tag: string): string => {
  const property = FieldTag.fieldOf(tag)
  return property === undefined ? `Calling "${tag}" of "${component}"` : `Setting "${property}" of "${component}"`
}

const principalOf = (from: ClientInfo | undefined): Principal | undefined => from?.principal

const allowed = (
  isAllowed: Effect.Effect<boolean>,
  what: () => string,
  handle: () => Effect.Effect<unknown, unknown, unknown>
): Effect.Effect<unknown, unknown, unknown> => Effect.andThen(Permission.check(isAllowed, what), Effect.suspend(handle))
