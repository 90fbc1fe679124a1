/**
 * Setting fields of the state that the contract declares writable. A write is a message in the mailbox of the instance.
 */
import * as Effect from "effect/Effect"
import type * as Context from "effect/Context"
import type { Handlers } from "../../actor/Activation.ts"
import type * as Component from "../../Component.ts"
import { tagOf } from "../../FieldTag.ts"

type SelfKey = Context.Key<never, { readonly update: (f: (state: object) => object) => Effect.Effect<unknown> }>

/** The handlers for these messages. */
export const handlers = (component: Component.Any): Handlers => {
  const self = component as unknown as SelfKey
  return Object.fromEntries(
    Array.from(component.codec.writable.keys(), (field) => [
      tagOf(field),
      (value: unknown) =>
        Effect.flatMap(Effect.service(self), ({ update }) => update((state) => ({ ...state, [field]: value })))
    ])
  )
}
