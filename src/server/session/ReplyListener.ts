/** Who waits for an answer. */

/** Who waits for an answer: it gets the answer, or is told that there will be none; one of the two, once. */
export interface ReplyListener<Answer> {
  readonly answered: (answer: Answer) => void
  /** Nobody is going to answer: what was asked was taken back, or its connection is gone. */
  readonly dropped: () => void
}

/** What is under way, and can be taken back as long as it has no answer. */
export interface Pending {
  readonly cancel: () => void
}

/** What is over already. */
export const over: Pending = { cancel: () => {} }
