/** The settings of a client, whatever it connects with. */
import type * as Duration from "effect/Duration"

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
}
