/**
 * The reply to one request, from its beginning until it is written or not wanted any more. As long as it is pending,
 * the request counts against the limit of its connection.
 */
import type { ReplyListener } from "../session/ReplyListener.ts"
import type { Ingress } from "./Ingress.ts"

/** The limit for waiting requests of one connection. */
export type Budget = Pick<Ingress<never>, "waits" | "waitsNoMore">

/** A pending reply. */
export abstract class PendingReply<Answer> implements ReplyListener<Answer> {
  readonly size: number
  readonly #budget: Budget
  #isOver = false

  constructor(budget: Budget, size: number) {
    this.#budget = budget
    this.size = size
    budget.waits(size)
  }

  /** Whether it is not pending any more. */
  get isOver(): boolean {
    return this.#isOver
  }

  answered(answer: Answer): void {
    if (this.#ends()) this.write(answer)
  }

  dropped(): void {
    if (this.#ends()) this.forget()
  }

  /** Writes the answer. */
  protected abstract write(answer: Answer): void

  /** There will be no answer. */
  protected abstract forget(): void

  /** False when it had ended before. */
  #ends(): boolean {
    if (this.#isOver) return false
    this.#isOver = true
    this.#budget.waitsNoMore(this.size)
    return true
  }
}
