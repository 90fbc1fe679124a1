/**
 * A reference to an instance, on whichever server it runs. Through it a session sends messages and follows the state.
 * Each reference counts as one holder, and is released once.
 */
import type * as Effect from "effect/Effect"
import type { Resume, SendOptions } from "../../actor/Message.ts"
import type * as Component from "../../Component.ts"
import type { LiveError } from "../../LiveError.ts"
import type { ComponentId } from "../../LiveId.ts"
import type { Mounted, ResumePoint } from "../../LiveProtocol.ts"
import type { StateCursor } from "../sync/StateCursor.ts"
import type { Subscriber } from "./Subscriber.ts"

/** A session that holds instances. The object itself stands for the session. */
export interface Holder {
  /** Its principal, or the address of an anonymous client; undefined where there are no addresses. */
  readonly owner: string | undefined
}

/**
 * Is given a reference as soon as it counts as a holder, before the one who asked can be interrupted. Whoever asks
 * releases the last that was given when it gets none.
 */
export type OnHeld = (ref: InstanceRef) => void

/** A reference to an instance. */
export interface InstanceRef {
  readonly id: ComponentId
  /** Undefined for a private instance. */
  readonly key: string | undefined
  /** The life of the instance. */
  readonly epoch: number
  /** The contract. */
  readonly component: Component.Any
  /** The number of messages that may wait. */
  readonly capacity: number
  /**
   * About how many bytes are held for this subscriber: of a private instance all it holds, of a shared one what the
   * client has brought.
   */
  readonly bytesFor: (cursor: StateCursor<Subscriber>) => number
  /**
   * Calls the listener when the instance has stopped; the function returned removes it. What runs for the instance ends
   * then.
   */
  readonly onStop: (listener: () => void) => () => void
  /** Sends a message. The listener is called once with the outcome, unless the returned function cancels it before. */
  readonly send: (tag: string, payload: unknown, options: SendOptions, listener: Resume) => () => void
  /**
   * Adds a subscriber, which follows from the current state. Fails when the view of the client throws, or when the
   * client would be in too many rooms. It begins at once, and what is done then is an Exit.
   */
  readonly subscribe: (subscriber: Subscriber) => Effect.Effect<StateCursor<Subscriber>, LiveError>
  /** Removes a subscriber. */
  readonly unsubscribe: (cursor: StateCursor<Subscriber>) => void
  /** The client of the subscriber has disconnected. */
  readonly detach: (cursor: StateCursor<Subscriber>) => void
  /** The client is connected again, and has the state up to `from`; undefined: it has nothing. */
  readonly resume: (cursor: StateCursor<Subscriber>, from: ResumePoint | undefined) => void
  /** The client is connected again, and is going to be sent the mount again. */
  readonly startAgain: (cursor: StateCursor<Subscriber>) => void
  /**
   * What the client is told of its mount. `index` is that of the last event it knows; undefined: it knows all of them.
   * A token follows: at once with `seals`, otherwise with the next round.
   */
  readonly snapshot: (
    cursor: StateCursor<Subscriber>,
    options: { readonly index: number | undefined; readonly seals: boolean }
  ) => Mounted
  /**
   * Releases the reference. A private instance stops with its last holder; a keyed one is passivated when it has been
   * without holders for its idle time.
   */
  readonly release: Effect.Effect<void>
  /** The last token of a private instance, for a client that has released it. */
  readonly farewell: Effect.Effect<string | undefined>
}
