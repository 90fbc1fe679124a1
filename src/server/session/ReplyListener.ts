/** Those who wait for an answer. */

/** Waits for an answer: one of the two is called, once. */
export interface ReplyListener<Answer> {
  readonly answered: (answer: Answer) => void
  /** There will be no answer: the request was cancelled, or its connection has closed. */
  readonly dropped: () => void
  /** What the request counts as while it waits. */
  readonly size?: number | undefined
}

/** Something that runs, and can be cancelled until it has its answer. */
export interface Pending {
  readonly cancel: () => void
}

/** Something that has ended already. */
export const over: Pending = { cancel: () => {} }
