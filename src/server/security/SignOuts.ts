/**
 * The live servers that `Principals` signs somebody out of. A server finds them at the service it is provided with, under a name that
 * no one else has: programs see only `disconnect`.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { SnapshotStoreError } from "../store/SnapshotStoreError.ts"

/** Ends everything that a server has of a principal. */
export type SignOut = (principal: string) => Effect.Effect<void, SnapshotStoreError>

/** How each live server signs out. */
export class SignOuts {
  readonly #signOuts = new Set<SignOut>()

  /** A copy, because servers come and go. */
  get all(): ReadonlyArray<SignOut> {
    return Array.from(this.#signOuts)
  }

  /** Registers a live server until the Scope closes. */
  register(signOut: SignOut): Effect.Effect<void, never, Scope.Scope> {
    return Effect.asVoid(
      Effect.acquireRelease(
        Effect.sync(() => this.#signOuts.add(signOut)),
        () => Effect.sync(() => this.#signOuts.delete(signOut))
      )
    )
  }
}

const key = Symbol("fibra/server/SignOuts")

/** The service, with these servers. */
export const attach = <S extends object>(service: S, signOuts: SignOuts): S =>
  Object.defineProperty(service, key, { value: signOuts })

/** The servers of a service. A service that a program has made itself has none: it signs out by itself. */
export const of = (service: object): SignOuts | undefined => (service as { readonly [key]?: SignOuts })[key]
