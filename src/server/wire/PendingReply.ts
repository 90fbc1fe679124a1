/**
 * The answer to one message, from when it is asked until it is given, or nobody waits for it any more. For so long the message takes
 * up what its connection may ask at once; that begins and ends here, so it cannot be forgotten.
 */
import type { ReplyListener } from "../session/ReplyListener.ts"
import type { Ingress } from "./Ingress.ts"

/** What one connection may ask at once. */
export type Budget = Pick<Ingress<never>, "waits" | "waitsNoMore">

/** An answer that is waited for. */
export abstract class PendingReply<Answer> implements ReplyListener<Answer> {
  readonly #budget: Budget
  readonly #size: number
  #isOver = false

  constructor(budget: Budget, size: number) {
    this.#budget = budget
    this.#size = size
    budget.waits(size)
  }

  /** Whether it is waited for no more. */
  get isOver(): boolean {
    return this.#isOver
  }

  answered(answer: Answer): void {
    if (this.#ends()) this.write(answer)
  }

  dropped(): void {
    if (this.#ends()) this.forget()
  }

  /** Sends the answer. */
  protected abstract write(answer: Answer): void

  /** There will be no answer. */
  protected abstract forget(): void

  /** False when it was over before. */
  #ends(): boolean {
    if (this.#isOver) return false
    this.#isOver = true
    this.#budget.waitsNoMore(this.#size)
    return true
  }
}
