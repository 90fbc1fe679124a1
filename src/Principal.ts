/** Who is connected, as far as the server knows: what sessions and state tokens belong to. */
import type { Json } from "./Patch.ts"

/** Somebody the server knows by name; undefined where it says "or nobody" means anonymous. */
export interface Principal {
  /** The same for everything that is one person's, and never anybody else's. Who is present with others is known to them by it. */
  readonly id: string
  /** What else is known, such as roles. Those of the newest connection hold; sessions and tokens compare ids only. */
  readonly claims?: Readonly<Record<string, Json>>
}

/** Whether these are the same; all that is anonymous is. */
export const isSame = (a: Principal | undefined, b: Principal | undefined): boolean => a?.id === b?.id

/** A principal of one's own, which may be renewed. */
export const copy = ({ claims, id }: Principal): Principal => (claims === undefined ? { id } : { id, claims })

/** Whoever holds the one has the claims of the other from now on. */
export const renew = (held: { claims?: Principal["claims"] }, { claims }: Principal): void => {
  if (claims === undefined) delete held.claims
  else held.claims = claims
}
