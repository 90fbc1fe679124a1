/** Rights in words: who is signed in, has a role, or has a claim. */
import * as Effect from "effect/Effect"
import type { Json } from "../../Patch.ts"
import type { Principal } from "../../Principal.ts"
import type { RightsCaller } from "./ContractRights.ts"

/** A right that looks only at who asks. It may stand wherever `Authorization.for` takes a right. */
export type Rule = (asked: unknown, by: Principal | RightsCaller | undefined) => Effect.Effect<boolean>

const ruleOf =
  (isAllowed: (principal: Principal | undefined) => boolean): Rule =>
  (_, by) =>
    Effect.succeed(isAllowed(by !== undefined && "principal" in by ? by.principal : by))

/** Everybody, anonymous clients too. */
export const anyone: Rule = ruleOf(() => true)

/** Every principal. */
export const signedIn: Rule = ruleOf((principal) => principal !== undefined)

/** A principal whose claim is one of these values, or a list with one of them in it. */
export const claim = (name: string, ...values: readonly [Json, ...ReadonlyArray<Json>]): Rule =>
  ruleOf((principal) => hasClaim(principal, name, values))

/** A principal with one of these roles: its claim `role` is one of them, or its claim `roles` has one of them in it. */
export const role = (...roles: readonly [string, ...ReadonlyArray<string>]): Rule =>
  ruleOf((principal) => hasClaim(principal, "role", roles) || hasClaim(principal, "roles", roles))

/** Whom one of these rules allows it. */
export const anyOf =
  (...rules: readonly [Rule, ...ReadonlyArray<Rule>]): Rule =>
  (asked, by) =>
    rules.reduce<Effect.Effect<boolean>>(
      (before, rule) => Effect.flatMap(before, (isAllowed) => (isAllowed ? Effect.succeed(true) : rule(asked, by))),
      Effect.succeed(false)
    )

const hasClaim = (principal: Principal | undefined, name: string, values: ReadonlyArray<Json>): boolean => {
  const claims = principal?.claims
  if (claims === undefined || !Object.hasOwn(claims, name)) return false
  const given = claims[name]
  return Array.isArray(given) ? given.some((one: Json) => values.includes(one)) : values.includes(given as Json)
}
