/** Who calls an action. */
import type { ConnectionId } from "./LiveId.ts"
import type { Principal } from "./Principal.ts"

/** Whose call is handled. */
export interface Caller {
  /** Whom the server knows it to be; undefined for an anonymous one. */
  readonly principal: Principal | undefined
  /** Which client, one page or one process, of those that are the same principal's; it survives drops. */
  readonly connection: ConnectionId
}
