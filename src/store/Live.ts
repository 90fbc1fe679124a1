/** What everything that is mounted on a page needs: the client, its connection, and what is mounted already. */
import type { Adoption } from "../client/Adoption.ts"
import type { KeptMounts } from "./KeptMounts.ts"
import type { PageConnection } from "./PageConnection.ts"
import type { SharedClient } from "./SharedClient.ts"

/** A client, its connection, and what a server has mounted for the page. */
export interface Live {
  readonly client: SharedClient
  readonly connection: PageConnection
  /** Without it, what no view shows any more ends at once. */
  readonly kept?: KeptMounts | undefined
  /** Undefined where no server has rendered the page with it. */
  readonly ssr?: Adoption | undefined
}
