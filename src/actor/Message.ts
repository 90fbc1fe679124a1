/** A message on its way through one actor: the envelope the mailbox sees, and who wants to know what became of it. */
import type * as Duration from "effect/Duration"
import type * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import type { Activation, Turn } from "./Activation.ts"
import type { ActorErrorReason } from "./ActorError.ts"
import type { Envelope, Lane } from "./Mailbox.ts"

/** How a message is sent. */
export interface SendOptions {
  /** `control` jumps the queue. */
  readonly lane?: Lane | undefined
  /** Time the message may wait in the mailbox; by default as long as it takes. */
  readonly timeToLive?: Duration.Input | undefined
  /** Who sends it: given to the handler, and to whatever it does meanwhile. */
  readonly from?: unknown
  /** Names what it is sent for, to whoever observes what becomes of it. */
  readonly reference?: string | undefined
}

/** Called at most once with the outcome of a message. */
export type Resume = (exit: Exit.Exit<unknown, unknown>) => void

/** Called at most once when the mailbox took a message, or with the reason why it did not. */
export type Accepted = (refusal: ActorErrorReason | undefined) => void

/** A message on its way. */
export interface Message extends Envelope, Turn {
  /** Set for messages of the runtime itself, which no handler of the author sees. */
  readonly run: (() => Exit.Exit<unknown, unknown>) | undefined
  /** Undefined when nobody wants to know, or everybody knows already. */
  accepted: Accepted | undefined
  /** Undefined when nobody wants to know, or everybody knows already. */
  resume: Resume | undefined
  /** The life of the actor that handles it; undefined before. */
  activation: Activation | undefined
  readonly reference: string | undefined
  depth: number
  /** The handler, while it runs and has not ended at once. */
  fiber: Fiber.Fiber<unknown, unknown> | undefined
  cancelled: boolean
  /** Whether the handler was told to end, because it ran too long. */
  overdue: boolean
}

/** A message for a handler of the author. */
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
  expiresAt,
  key: undefined,
  run: undefined,
  accepted,
  resume,
  activation: undefined,
  depth: 0,
  fiber: undefined,
  cancelled: false,
  overdue: false
})

/** A message of the runtime itself. */
export const internal = (tag: string, run: () => Exit.Exit<unknown, unknown>, resume: Resume): Message => ({
  tag,
  payload: undefined,
  lane: "internal",
  from: undefined,
  reference: undefined,
  expiresAt: Infinity,
  key: undefined,
  run,
  accepted: undefined,
  resume,
  activation: undefined,
  depth: 0,
  fiber: undefined,
  cancelled: false,
  overdue: false
})
