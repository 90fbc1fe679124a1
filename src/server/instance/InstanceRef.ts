/**
 * An instance as a session holds it, on whichever server it runs: a way to send it messages and to follow its state, for as long as
 * the holder wants it. One reference is one holder; it is released once.
 */
import type * as Effect from "effect/Effect"
import type { Resume, SendOptions } from "../../actor/Message.ts"
import type * as Component from "../../Component.ts"
import type { LiveError } from "../../LiveError.ts"
import type { ComponentId } from "../../LiveId.ts"
import type { Mounted, ResumePoint } from "../../LiveProtocol.ts"
import type { StateCursor } from "../sync/StateCursor.ts"
import type { Subscriber } from "./Subscriber.ts"

/** An instance that is held. */
export interface InstanceRef {
  readonly id: ComponentId
  /** Undefined for a private one. */
  readonly key: string | undefined
  /** Its contract. */
  readonly component: Component.Any
  /** Messages that may wait for it. */
  readonly capacity: number
  /** Roughly what it holds for its readers: its state and the changes they have not seen, in bytes of ASCII. */
  readonly bytes: number
  /** Sends it a message; the listener is called once with the outcome, and not at all when the function returned has cancelled it. */
  readonly send: (tag: string, payload: unknown, options: SendOptions, listener: Resume) => () => void
  /** A cursor at the present. Fails when the view of this client does, or when it would be in too many rooms. */
  readonly subscribe: (subscriber: Subscriber) => Effect.Effect<StateCursor<Subscriber>, LiveError>
  /** The subscriber wants no more. */
  readonly unsubscribe: (cursor: StateCursor<Subscriber>) => void
  /** The subscriber's client is away. */
  readonly detach: (cursor: StateCursor<Subscriber>) => void
  /** It is back, and was told this much; undefined: it is to be told everything. */
  readonly resume: (cursor: StateCursor<Subscriber>, from: ResumePoint | undefined) => void
  /** It is back, and is going to be told of the mount again. */
  readonly startAgain: (cursor: StateCursor<Subscriber>) => void
  /**
   * What the client is told of its mount, knowing of what was said up to the event of this index; by default of all of it. A token
   * follows: at once when it `seals`, or else with the next round.
   */
  readonly snapshot: (
    cursor: StateCursor<Subscriber>,
    options: { readonly index: number | undefined; readonly seals: boolean }
  ) => Mounted
  /** Lets go: a private instance stops with its last holder, a keyed one is passivated when nobody has held it for long enough. */
  readonly release: Effect.Effect<void>
  /** The token for one who has let go of a private instance: of the state as it is, or of the last one when nobody holds it. */
  readonly farewell: Effect.Effect<string | undefined>
}
