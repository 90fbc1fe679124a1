/** The settings of a client, whatever it connects with. */
import type * as Duration from "effect/Duration"
import type { Adoption } from "./Adoption.ts"

/** The settings of a client; each has a default. */
export interface ClientSettings {
  /**
   * How long mounting may take, including the wait for a connection, before it fails (30 seconds). It is tried again
   * with the next connection.
   */
  readonly mountTimeout?: Duration.Input
  /** How long a call waits for a lost connection, and how long one is sent again that the server refuses (45 seconds). */
  readonly offlineTimeout?: Duration.Input
  /**
   * How many calls of one component may wait for a connection, or until the server takes more, and how many of its files
   * may be under way or wait (4 000).
   */
  readonly maxQueuedCalls?: number
  /**
   * What a page carries that a server has rendered, by `ssrOf`: the first connection takes up its session, and each mount with the same
   * component, props, key and room the instance that is mounted there.
   */
  readonly ssr?: Adoption | undefined
}
