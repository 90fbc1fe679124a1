/** The rights of one component, typed by its contract. */
import type * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Rpc from "effect/rpc/Rpc"
import type * as Component from "../../Component.ts"
import type { Principal } from "../../Principal.ts"
import type { DeclaredFile } from "../../Upload.ts"
import * as RightsInForce from "./RightsInForce.ts"

/** A client that asks for something of an instance. */
export interface RightsCaller {
  /** Undefined for an anonymous client; for a room, that of a private instance. */
  readonly principal: Principal | undefined
  /** The key of the instance; undefined for a private one. */
  readonly key: string | undefined
}

/** A component is mounted or rehydrated. */
export interface RightsMount<Props> {
  /** Undefined for a private instance. */
  readonly key: string | undefined
  /** Decoded by the contract. They are the client's: decide by the key. */
  readonly props: Props
}

type Answer = Effect.Effect<boolean, never, unknown>

/** The rights of a component. What is left out is allowed, unless there is `denyByDefault` or another right about it. */
export interface ContractRights<C extends Component.Typed> {
  /** Asked before it is mounted, and before it is activated. */
  readonly mount?: (mount: RightsMount<Component.Props<C>>, principal: Principal | undefined) => Answer
  /** By action: asked when it is the call's turn, before its handler runs. */
  readonly call?: {
    readonly [Action in Component.Actions<C> as Action["_tag"]]?: (
      payload: Rpc.Payload<Action>,
      caller: RightsCaller
    ) => Answer
  }
  /** By writable field: asked when it is the message's turn, before the field is set. */
  readonly set?: {
    readonly [Field in keyof Component.State<C>]?: (value: Component.State<C>[Field], caller: RightsCaller) => Answer
  }
  /** By upload: asked before it begins. */
  readonly upload?: {
    readonly [Name in keyof Component.Uploads<C>]?: (file: DeclaredFile, caller: RightsCaller) => Answer
  }
  /** Asked before an instance joins a room. */
  readonly join?: (room: string, caller: RightsCaller) => Answer
}

/** Stands in a type error for a right about what is not in the contract. */
export interface NotInContract<Name> {
  readonly "~notInContract": Name
}

type Nothing<Given, Known extends PropertyKey> = {
  readonly [Name in Exclude<keyof NonNullable<Given>, Known>]: NotInContract<Name>
}

type Part<H, Name extends string> = H extends { readonly [N in Name]?: infer Given } ? Given : {}

/** Rights are about what is in the contract, and about nothing else. */
export type NoOtherRights<C extends Component.Typed, H> = {
  readonly call?: Nothing<Part<H, "call">, Component.Actions<C>["_tag"]>
  readonly set?: Nothing<Part<H, "set">, keyof Component.State<C>>
  readonly upload?: Nothing<Part<H, "upload">, keyof Component.Uploads<C>>
} & Nothing<H, keyof ContractRights<C>>

/** The services that rights need. */
export type ServicesOf<H> = {
  [Name in keyof H]: H[Name] extends (...asked: never) => Effect.Effect<boolean, never, infer R>
    ? R
    : H[Name] extends object
      ? ServicesOf<H[Name]>
      : never
}[keyof H]

type AnyRight = (asked: never, by: never) => Answer

interface AnyRights {
  readonly mount?: AnyRight
  readonly call?: Readonly<Record<string, AnyRight>>
  readonly set?: Readonly<Record<string, AnyRight>>
  readonly upload?: Readonly<Record<string, AnyRight>>
  readonly join?: AnyRight
}

/** The rights as the server asks for them. Throws when a field is not writable. */
export const sourceOf = (
  { codec, componentName }: Component.Any,
  rights: object
): ((context: Context.Context<never>) => RightsInForce.RightsSource) => {
  const { call, join, mount, set, upload } = rights as AnyRights
  for (const field of Object.keys(set ?? {})) {
    if (codec.writable.has(field)) continue
    throw new Error(
      `There is a right to set "${field}" of "${componentName}", which is not writable. List it as writable, or remove the right.`
    )
  }
  return (context) => {
    const provided = RightsInForce.providing(context)
    const ask = (right: AnyRight | undefined) =>
      right && provided(right as (asked: unknown, by: unknown) => Effect.Effect<boolean>)
    const each = (part: Readonly<Record<string, AnyRight>> | undefined) =>
      new Map(Object.entries(part ?? {}).map(([name, right]) => [name, ask(right)]))
    const [mounts, joins, calls, sets, uploads] = [ask(mount), ask(join), each(call), each(set), each(upload)]
    return {
      component: componentName,
      mount: mounts && (({ key, principal, props }) => mounts({ key, props }, principal)),
      call: call && (({ action, key, payload, principal }) => calls.get(action)?.(payload, { principal, key })),
      set: set && (({ key, principal, property, value }) => sets.get(property)?.(value, { principal, key })),
      upload: upload && (({ file, key, principal, upload }) => uploads.get(upload)?.(file, { principal, key })),
      join: joins && (({ key, principal, room }) => joins(room, { principal, key }))
    }
  }
}
