/**
 * Opens replicas of a client. `fibra/react` renders before anything has arrived, which needs more than the public `mount`; what it
 * needs is found on each client that `LiveClient.layer` makes, under a name that no one else has.
 */
import type * as Component from "../Component.ts"
import type { MountTarget } from "./Mounter.ts"
import type { Replica } from "./Replica.ts"

/** Begins to mount, and returns the replica at once. Call its `release` when it is not needed any more. */
export type OpenReplica = <C extends Component.Typed>(
  component: C,
  target: MountTarget & { readonly props?: Component.Props<C> | undefined }
) => Replica<C>

const open = Symbol("fibra/client/ReplicaOpener")

/** The client, able to open replicas. */
export const withReplicas = <Client extends object>(client: Client, openReplica: OpenReplica): Client =>
  Object.defineProperty(client, open, { value: openReplica })

/** Opens replicas of this client. Throws when it was not made by `LiveClient.layer`. */
export const of = (client: object): OpenReplica => {
  const found = (client as { readonly [open]?: OpenReplica })[open]
  if (found === undefined) {
    throw new Error("fibra/react was given a client that LiveClient.layer did not make. Give it one of those.")
  }
  return found
}
