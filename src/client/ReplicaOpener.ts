/**
 * Opens replicas of a client. `fibra/react` renders before anything has arrived, which needs more than the public `mount`; what it
 * needs is found on each client that `LiveClient.layer` makes, under a name that no one else has.
 */
import type * as Component from "../Component.ts"
import type { ClientConnection } from "./ClientConnection.ts"
import type { MountTarget } from "./Mounter.ts"
import type { Replica } from "./Replica.ts"

/** Begins to mount, and returns the replica at once. Call its `release` when it is not needed any more. */
export type OpenReplica = <C extends Component.Typed>(
  component: C,
  target: MountTarget & { readonly props?: Component.Props<C> | undefined }
) => Replica<C>

/** The connection of a client, as a page shows it. */
export type ConnectionAccess = Pick<
  ClientConnection,
  "listeners" | "monitor" | "reconnect" | "retry" | "slot" | "timing"
>

/** A client that opens replicas: one that `LiveClient.layer` has made, or that of a page. */
export type ReplicaSource = object

interface Insides {
  readonly openReplica: OpenReplica
  readonly connection: ConnectionAccess
}

const insides = Symbol("ReplicaOpener")

/** The client, able to open replicas and to show its connection. */
export const withReplicas = <Client extends object>(
  client: Client,
  openReplica: OpenReplica,
  connection: ConnectionAccess
): Client => Object.defineProperty(client, insides, { value: { openReplica, connection } satisfies Insides })

/** Opens replicas of this client. Throws when it was not made by `LiveClient.layer`. */
export const of = (client: ReplicaSource): OpenReplica => insidesOf(client).openReplica

/** The connection of this client. Throws when it was not made by `LiveClient.layer`. */
export const connectionOf = (client: ReplicaSource): ConnectionAccess => insidesOf(client).connection

const insidesOf = (client: ReplicaSource): Insides => {
  const found = (client as { readonly [insides]?: Insides })[insides]
  if (found === undefined) {
    throw new Error("Give a client that LiveClient.layer has made.")
  }
  return found
}
