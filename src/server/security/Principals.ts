/**
 * Those who are connected, by who they are. A live server gives this to whatever stands beside it; a behaviour that needs it has to
 * have it from below: provide `Principals.layer` to both.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type { Principal } from "../../Principal.ts"
import type { SnapshotStoreError } from "../store/SnapshotStoreError.ts"

/** Ends whatever a server has of a principal. */
export type SignOut = (principal: string) => Effect.Effect<void, SnapshotStoreError>

/** Those who are connected, by who they are. */
export class Principals extends Context.Service<
  Principals,
  {
    /**
     * Signs a principal out: every connection of it on this server is closed with 4003, every session ends, and its session tokens
     * and state tokens are refused from now on, the latter on every server that has the same SnapshotStore. Make sure first that
     * `Authentication` does not take its credentials any more: its clients try to connect again. Handlers that have begun are not
     * waited for, so that one of them may ask for this. Fails when the store does not answer; then only other servers, and this one
     * after a restart, may still take its state tokens.
     */
    readonly disconnect: (principal: Pick<Principal, "id">) => Effect.Effect<void, SnapshotStoreError>
    /** A live server asks to be told, until the Scope closes. */
    readonly serve: (signOut: SignOut) => Effect.Effect<void, never, Scope.Scope>
  }
>()("fibra/server/Principals") {}

/** Of the servers that are given it. */
export const layer: Layer.Layer<Principals> = Layer.sync(Principals, () => {
  const servers = new Set<SignOut>()
  return Principals.of({
    disconnect: ({ id }) =>
      Effect.suspend(() =>
        Effect.forEach(Array.from(servers), (signOut) => Effect.exit(signOut(id)), { concurrency: "unbounded" })
      ).pipe(
        Effect.flatMap((exits) => exits.find(Exit.isFailure) ?? Effect.void),
        // Whoever asks may be interrupted over it, when it is their own session that ends.
        Effect.forkDetach({ startImmediately: true }),
        Effect.flatMap(Fiber.join)
      ),
    serve: (signOut) =>
      Effect.asVoid(
        Effect.acquireRelease(
          Effect.sync(() => servers.add(signOut)),
          () => Effect.sync(() => servers.delete(signOut))
        )
      )
  })
})
