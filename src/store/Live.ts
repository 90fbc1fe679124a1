/** What everything that is mounted on a page needs: the client, and its connection. */
import type { KeptMounts } from "./KeptMounts.ts"
import type { PageConnection } from "./PageConnection.ts"
import type { SharedClient } from "./SharedClient.ts"

/** A client and its connection. */
export interface Live {
  readonly client: SharedClient
  readonly connection: PageConnection
  /** Without it, what no view shows any more ends at once. */
  readonly kept?: KeptMounts | undefined
}
