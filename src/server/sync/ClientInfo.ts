/**
 * A client as other clients may know of it: its principal, and the name of its connection. The same object for as long
 * as its session lasts.
 */
import type { Caller } from "../../Caller.ts"
import type { ConnectionId } from "../../LiveId.ts"
import type { Principal } from "../../Principal.ts"

/** A client, as other clients may know of it. */
export class ClientInfo implements Caller {
  readonly principal: Principal | undefined
  readonly connection: ConnectionId

  constructor(principal: Principal | undefined, connection: string) {
    this.principal = principal
    this.connection = connection as ConnectionId
  }
}
