// Relies on effect's insides: test/actor/effectInternals.test.ts fails when an upgrade changes them.
/**
 * The way of messages into one actor: a message is handled in place when the actor is free, and waits otherwise.
 * Messages are taken one after the other, on the stack of whoever freed the actor. A refused message becomes a dead
 * letter with a reason. An inbox knows neither handlers nor state.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import { CurrentTurn } from "./Activation.ts"
import { ActorError, type ActorErrorReason, MailboxFull, MessageExpired, MessageReplaced } from "./ActorError.ts"
import * as Log from "../Log.ts"
import * as DeadLetters from "./DeadLetters.ts"
import { Mailbox, Overflow } from "./Mailbox.ts"
import type * as Message from "./Message.ts"
import * as Monotonic from "./Monotonic.ts"

/** What an inbox has to know of its actor. */
export interface InboxOptions {
  readonly address: string
  readonly context: Context.Context<never>
  readonly capacity: number
  readonly overflow: Overflow
}

/** Messages in a row, after which other fibers get a turn. */
const messagesPerTurn = 64

/** Handlers that run in place inside each other, after which the next one gets a stack of its own. */
const maxDepth = 32

/** The number of handlers that the current fiber is inside of. */
const depthOfStack = (): number => {
  const fiber = Fiber.getCurrent()
  const turn = fiber === undefined ? undefined : Context.get(fiber.context, CurrentTurn)
  return turn === undefined ? 0 : turn.depth + 1
}

/** The messages of one actor, which extends it: as an object of its own it would be 56 bytes of every idle actor. */
export abstract class Inbox {
  abstract readonly options: InboxOptions
  #mailbox: Mailbox<Message.Message> | undefined
  /** Whether a loop, on this stack or in the next turn, is about to take a message. */
  #pumping = false

  /** Whether the actor can handle a message now. */
  protected abstract get free(): boolean

  /** Handles a message. If the actor is not free afterwards, it calls `pump` once it is. */
  protected abstract handle(message: Message.Message): void

  /** A message has to wait. */
  protected abstract queued(message: Message.Message): void

  /** No message is left. */
  protected abstract idle(): void

  /** Messages that wait. */
  get pending(): number {
    return this.#mailbox?.size ?? 0
  }

  /** The message of a sender that has waited longest. */
  get oldest(): Message.Message | undefined {
    return this.#mailbox?.oldest
  }

  /** Whether neither messages nor senders wait. */
  protected get isEmpty(): boolean {
    return this.#mailbox === undefined
  }

  /** Handles a message at once if the actor is free; otherwise the overflow policy decides. */
  protected accept(message: Message.Message): void {
    if (this.#mailbox !== undefined || this.#pumping || !this.free) {
      this.#enqueue(message)
      return this.pump()
    }
    message.depth = depthOfStack()
    if (message.depth < maxDepth) {
      this.#accepted(message)
      return this.pump(message)
    }
    message.depth = 0
    this.#enqueue(message)
    this.#pumpNextTurn()
  }

  /** Handles messages, `first` before the others, until one has to wait, none is left, or other fibers need a turn. */
  protected pump(first?: Message.Message): void {
    if (this.#pumping || !this.free) return
    this.#pumping = true
    let next = first
    for (let handled = 0; this.free; handled++) {
      if (handled === messagesPerTurn) return this.#pumpNextTurn()
      next ??= this.#take()
      if (next === undefined) break
      this.handle(next)
      next = undefined
    }
    this.#pumping = false
  }

  /** Removes a message that waits. */
  protected remove(message: Message.Message): void {
    this.#mailbox?.remove(message)
    this.#promote()
  }

  /** Refuses all messages that wait. */
  protected refuseAll(reason: () => ActorErrorReason, letter: DeadLetters.Reason): void {
    for (let message = this.#mailbox?.take(); message !== undefined; message = this.#mailbox?.take()) {
      this.#promote()
      this.refuse(message, reason(), letter)
    }
    this.#mailbox = undefined
  }

  /** Answers the internal messages that wait, without running them. */
  protected answerInternal(exit: Exit.Exit<unknown, unknown>): void {
    const mailbox = this.#mailbox
    for (let message = mailbox?.takeInternal(); message !== undefined; message = mailbox?.takeInternal()) {
      this.answer(message, exit)
    }
  }

  /** Calls the asker, once, with the outcome of a message. */
  protected answer(message: Message.Message, exit: Exit.Exit<unknown, unknown>): void {
    const { resume } = message
    message.resume = undefined
    if (resume === undefined) return
    // As `guarded`, without a closure for each message.
    try {
      resume(exit)
    } catch (cause) {
      this.#failed(cause)
    }
  }

  /** Calls code outside the actor, which must not harm it. */
  protected guarded(act: () => void): void {
    try {
      act()
    } catch (cause) {
      this.#failed(cause)
    }
  }

  #failed(cause: unknown): void {
    const { address: actor, context } = this.options
    Effect.runForkWith(context)(Log.error("An observer of an actor failed", { actor, cause }))
  }

  /**
   * Refuses a message, before or after it was handled: tells the sender and the asker why, and records a dead letter.
   */
  protected refuse(message: Message.Message, reason: ActorErrorReason, letter: DeadLetters.Reason): void {
    if (message.lane !== "internal") {
      const { address: actor, context } = this.options
      const { payload, tag } = message
      const at = this.#clock.currentTimeMillisUnsafe()
      const letters = Context.get(context, DeadLetters.DeadLetters)
      this.guarded(() => letters.recordUnsafe({ actor, tag, payload, reason: letter, at }))
    }
    this.#accepted(message, reason)
    this.answer(message, Exit.fail(new ActorError({ reason })))
  }

  get #clock(): Clock.Clock {
    return Context.get(this.options.context, Clock.Clock)
  }

  /** By `Monotonic`. */
  protected now(): number {
    return Monotonic.millisUnsafe(this.#clock)
  }

  /** When a message that is sent now expires. */
  protected expiry(timeToLive: Duration.Input | undefined): number {
    return timeToLive === undefined ? Infinity : this.now() + Duration.toMillis(Duration.fromInputUnsafe(timeToLive))
  }

  /** Tells the sender, once, that the mailbox has accepted the message, or why it has not. */
  #accepted(message: Message.Message, refusal?: ActorErrorReason): void {
    const { accepted } = message
    message.accepted = undefined
    if (accepted !== undefined) this.guarded(() => accepted(refusal))
  }

  #makeMailbox(): Mailbox<Message.Message> {
    const { capacity, overflow } = this.options
    if (overflow._tag !== "Coalesce") return new Mailbox(capacity, overflow)
    // A message whose key cannot be computed has none.
    const key = (tag: string, payload: unknown) => {
      let key: string | undefined
      this.guarded(() => (key = overflow.key(tag, payload)))
      return key
    }
    return new Mailbox(capacity, Overflow.coalesce(key))
  }

  #enqueue(message: Message.Message): void {
    const { address: actor, capacity } = this.options
    this.queued(message)
    const offered = (this.#mailbox ??= this.#makeMailbox()).offer(message)
    switch (offered._tag) {
      case "Waiting":
        return
      case "Refused":
        return this.refuse(message, new MailboxFull({ actor, capacity }), "MailboxFull")
      case "Accepted":
        return this.#accepted(message)
      case "Dropped": {
        const { dropped, reason } = offered
        this.#accepted(message)
        const replaced = reason === "Coalesced"
        const why = replaced ? new MessageReplaced({ actor, tag: dropped.tag }) : new MailboxFull({ actor, capacity })
        this.refuse(dropped, why, reason)
      }
    }
  }

  /** The next message that has not expired. */
  #take(): Message.Message | undefined {
    const mailbox = this.#mailbox
    for (let message = mailbox?.take(); message !== undefined; message = mailbox?.take()) {
      this.#promote()
      if (message.expiresAt === Infinity || message.expiresAt >= this.now()) return message
      this.refuse(message, new MessageExpired({ actor: this.options.address, tag: message.tag }), "Expired")
    }
    this.#mailbox = undefined
    this.idle()
    return undefined
  }

  #promote(): void {
    const promoted = this.#mailbox?.promote()
    if (promoted !== undefined) this.#accepted(promoted)
  }

  #pumpNextTurn(): void {
    this.#pumping = true
    const pump = Effect.sync(() => {
      this.#pumping = false
      this.pump()
    })
    Effect.runForkWith(this.options.context)(Effect.andThen(Effect.yieldNow, pump))
  }
}
