/** Setting a field of the state that the contract lists as writable: a message in the mailbox of the instance like any other. */
import * as Effect from "effect/Effect"
import type * as Context from "effect/Context"
import type { Handlers } from "../../actor/Activation.ts"
import type * as Component from "../../Component.ts"

const prefix = "set "

/** The tag of the messages that set a field. */
export const tagOf = (field: string): string => prefix + field

/** The field that messages of this tag set; undefined for those that do something else. */
export const fieldOf = (tag: string): string | undefined =>
  tag.startsWith(prefix) ? tag.slice(prefix.length) : undefined

type SelfKey = Context.Key<never, { readonly update: (f: (state: object) => object) => Effect.Effect<unknown> }>

/** What sets the fields of a component. */
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
