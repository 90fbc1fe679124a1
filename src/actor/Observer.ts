/** What a component attaches to an actor to follow it. An observer does not change what an actor does. */
import type * as Cause from "effect/Cause"
import type * as Exit from "effect/Exit"
import type { Message } from "./Message.ts"

/** The phases in the life of an actor. */
export type Status = "starting" | "running" | "restarting" | "faulted" | "stopping" | "stopped"

/** An observer of an actor. Calls are synchronous. When `settled` or `suspended` throws, the actor crashes. */
export interface Observer<State> {
  /** The state was replaced: by a handler, or by restoring the last good one. */
  readonly changed: (state: State) => void
  /** A message ended without a crash; its changes are final. */
  readonly settled: () => void
  /** A handler that waits has changed the state. */
  readonly suspended: () => void
  readonly status: (status: Status) => void
  /** A message has to wait in the mailbox. This and the next four are called for no message of the runtime itself. */
  readonly queued: (message: Message) => void
  /** The handler of a message is about to begin. */
  readonly begun: (message: Message) => void
  /** The handler of a message has not ended at once. */
  readonly continued: (message: Message) => void
  /** The handler of a message has ended without a crash; `settled` follows. */
  readonly ended: (message: Message, exit: Exit.Exit<unknown, unknown>) => void
  /** The handler of a message was interrupted because it runs too long. */
  readonly overdue: (message: Message) => void
  /** The actor has crashed: in the handler of a message, or undefined. */
  readonly crashed: (message: Message | undefined, cause: Cause.Cause<unknown>) => void
  /** The actor is faulted, and tries to run again. */
  readonly probed: () => void
}

/** Follows the messages of an actor one by one, those of the runtime included. Calls are synchronous, and do not throw. */
export interface MessageObserver {
  /** A message is about to be handled. */
  readonly begun: (message: Message) => void
  /** It ended without a crash, and its changes are published. */
  readonly ended: (message: Message, exit: Exit.Exit<unknown, unknown>) => void
  /** The actor crashed, and is back at its last good state. The message is undefined when none was being handled. */
  readonly crashed: (message: Message | undefined, cause: Cause.Cause<unknown>) => void
}
