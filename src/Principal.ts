/** Who is connected, as far as the server knows: what sessions and state tokens belong to. */

/** Somebody the server knows by name; undefined where it says "or nobody" means anonymous. */
export interface Principal {
  /** The same for everything that is one person's, and never anybody else's. Who is present with others is known to them by it. */
  readonly id: string
}

/** Whether these are the same; all that is anonymous is. */
export const isSame = (a: Principal | undefined, b: Principal | undefined): boolean => a?.id === b?.id
