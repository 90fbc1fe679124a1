/** The principal of a client: whom `Authentication` says it is. Sessions and state tokens belong to it. */
import type { Json } from "./Patch.ts"

/** Somebody whom the server knows. Anonymous clients have no principal. */
export interface Principal {
  /** The same for everything of one person, and of nobody else. Presence shows it to other people. */
  readonly id: string
  /** What else is known, such as roles. Those of the newest connection count; sessions and tokens compare ids only. */
  readonly claims?: Readonly<Record<string, Json>>
}

/** Whether both are the same principal, or both anonymous. */
export const isSame = (a: Principal | undefined, b: Principal | undefined): boolean => a?.id === b?.id

/** A copy, which may be renewed. Throws when it is no principal: one without an id would be like anybody else without one. */
export const copy = ({ claims, id }: Principal): Principal => {
  if (typeof id !== "string" || id === "") {
    throw new TypeError(
      "A principal has no id. Give it one that nobody else has, or give undefined for an anonymous client"
    )
  }
  if (claims === undefined) return { id }
  if (typeof claims !== "object" || claims === null) throw new TypeError("The claims of a principal are no object")
  return { id, claims }
}

/** Gives the claims of the newer connection to the principal that sessions and instances hold. */
export const renew = (held: { claims?: Principal["claims"] }, { claims }: Principal): void => {
  if (claims === undefined) delete held.claims
  else held.claims = claims
}
