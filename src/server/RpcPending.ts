/** The mounts and calls of one connection that have no answer yet, by the ids of their requests, and how to cancel them. */
import type { CallId } from "../LiveProtocol.ts"
import type { RequestId } from "./ClientMessage.ts"

interface Pending {
  readonly callId: CallId | undefined
  readonly cancel: () => void
}

/** Whether an id is free: of this very request again, or of another one. */
export type Claim = "free" | "same" | "taken"

/** The requests under way. */
export class RpcPending {
  #pending: Map<RequestId, Pending> | undefined

  claim(id: RequestId, callId: CallId | undefined): Claim {
    const pending = this.#pending?.get(id)
    if (pending === undefined) return "free"
    return callId !== undefined && callId === pending.callId ? "same" : "taken"
  }

  /** Begins something that has an answer, and remembers how to cancel it until then. */
  start(
    id: RequestId,
    callId: CallId | undefined,
    begin: (done: (answer: () => void) => void) => (() => void) | undefined
  ): void {
    let answered = false
    const cancel = begin((answer) => {
      if (answered) return
      answered = true
      this.#forget(id)
      answer()
    })
    if (answered || cancel === undefined) return
    this.#pending ??= new Map()
    this.#pending.set(id, {
      callId,
      cancel: () => {
        answered = true
        cancel()
      }
    })
  }

  /** Cancels a request; false when there is none of this id. */
  cancel(id: RequestId): boolean {
    const pending = this.#forget(id)
    pending?.cancel()
    return pending !== undefined
  }

  #forget(id: RequestId): Pending | undefined {
    const pending = this.#pending?.get(id)
    if (pending === undefined) return undefined
    this.#pending?.delete(id)
    if (this.#pending?.size === 0) this.#pending = undefined
    return pending
  }
}
