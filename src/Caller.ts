/** The client that calls an action, as a handler sees it. */
import type { ConnectionId } from "./LiveId.ts"
import type { Principal } from "./Principal.ts"

/** The client that calls an action. */
export interface Caller {
  /** Undefined for an anonymous client. */
  readonly principal: Principal | undefined
  /** Tells the clients of one principal apart: one page or one process. It survives a lost connection. */
  readonly connection: ConnectionId
}
