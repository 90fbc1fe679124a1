/**
 * Signs principals out. A live server provides it to the rest of the program. A behaviour that needs it has to be given
 * the same one: provide `Principals.layer` to both.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import type { Principal } from "../../Principal.ts"
import type { SnapshotStoreError } from "../store/SnapshotStoreError.ts"
import * as SignOuts from "./SignOuts.ts"

/** Signs principals out. */
export class Principals extends Context.Service<
  Principals,
  {
    /**
     * Signs a principal out: on this server every connection of it is closed with 4003 and every session ends. Its
     * session tokens and state tokens are refused from now on, the latter on every server with the same SnapshotStore.
     * Make sure first that `Authentication` refuses its credentials, because its clients connect again. Handlers that
     * have begun are not waited for, so one of them may call this. Fails when the store does not answer: then other
     * servers, and this one after a restart, may still accept its state tokens.
     */
    readonly disconnect: (principal: Pick<Principal, "id">) => Effect.Effect<void, SnapshotStoreError>
  }
>()("fibra/server/Principals") {}

/** Signs out of the servers that are provided with it. */
export const layer: Layer.Layer<Principals> = Layer.sync(Principals, () => {
  const signOuts = new SignOuts.SignOuts()
  const principals = Principals.of({
    disconnect: ({ id }) =>
      Effect.suspend(() =>
        Effect.forEach(signOuts.all, (signOut) => Effect.exit(signOut(id)), { concurrency: "unbounded" })
      ).pipe(
        Effect.flatMap((exits) => exits.find(Exit.isFailure) ?? Effect.void),
        // The caller may be interrupted by this, when its own session ends.
        Effect.forkDetach({ startImmediately: true }),
        Effect.flatMap(Fiber.join)
      )
  })
  return SignOuts.attach(principals, signOuts)
})
