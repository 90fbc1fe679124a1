/** A message on its way through one actor: the envelope for the mailbox, and the callbacks of its sender. */
import type * as Duration from "effect/Duration"
import type * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import type { Activation, Turn } from "./Activation.ts"
import type { ActorErrorReason } from "./ActorError.ts"
import type { Envelope, Lane } from "./Mailbox.ts"

/** How a message is sent. */
export interface SendOptions {
  /** Messages with `control` come first. */
  readonly lane?: Lane | undefined
  /** How long the message may wait in the mailbox; by default without a limit. */
  readonly timeToLive?: Duration.Input | undefined
  /** The sender: passed to the handler, and to the fibers that it forks. */
  readonly from?: unknown
  /** A reference for observers: what the message was sent for. */
  readonly reference?: string | undefined
  /** What an observer traces the message with. */
  readonly trace?: unknown
}

/** Called at most once with the outcome of a message. */
export type Resume = (exit: Exit.Exit<unknown, unknown>) => void

/** Called at most once: when the mailbox has accepted a message, or with the reason why it has not. */
export type Accepted = (refusal: ActorErrorReason | undefined) => void

/** A message on its way. */
export interface Message extends Envelope, Turn {
  /** Set for internal messages, which no handler of a behaviour sees. */
  readonly run: (() => Exit.Exit<unknown, unknown>) | undefined
  /** Undefined when nobody asks, or when it was called. */
  accepted: Accepted | undefined
  /** Undefined when nobody asks, or when it was called. */
  resume: Resume | undefined
  /** The activation that handles it; undefined before that. */
  activation: Activation | undefined
  readonly reference: string | undefined
  readonly trace: unknown
  depth: number
  /** The fiber of the handler, unless that ended at once. */
  fiber: Fiber.Fiber<unknown, unknown> | undefined
  cancelled: boolean
  /** Whether the handler was interrupted because it ran too long. */
  overdue: boolean
  /** For observers, on a clock of theirs: since when it waits, and since when its handler runs; 0 when not observed. */
  queuedAt: number
  begunAt: number
}

/** A message for a handler of the behaviour. */
export const make = (
  tag: string,
  payload: unknown,
  options: SendOptions | undefined,
  expiresAt: number,
  resume: Resume | undefined,
  accepted: Accepted | undefined
): Message => ({
  tag,
  payload,
  lane: options?.lane ?? "normal",
  from: options?.from,
  reference: options?.reference,
  trace: options?.trace,
  expiresAt,
  key: undefined,
  run: undefined,
  accepted,
  resume,
  activation: undefined,
  depth: 0,
  fiber: undefined,
  cancelled: false,
  overdue: false,
  queuedAt: 0,
  begunAt: 0
})

/** A message of the runtime itself. */
export const internal = (tag: string, run: () => Exit.Exit<unknown, unknown>, resume: Resume): Message => ({
  tag,
  payload: undefined,
  lane: "internal",
  from: undefined,
  reference: undefined,
  trace: undefined,
  expiresAt: Infinity,
  key: undefined,
  run,
  accepted: undefined,
  resume,
  activation: undefined,
  depth: 0,
  fiber: undefined,
  cancelled: false,
  overdue: false,
  queuedAt: 0,
  begunAt: 0
})
