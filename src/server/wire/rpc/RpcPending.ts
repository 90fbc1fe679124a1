/** The mounts and calls of one connection that have no answer yet, by the ids of their requests, and how to cancel them. */
import type { CallId } from "../../../LiveProtocol.ts"
import type { RpcRequestId } from "./RpcEnvelope.ts"

interface Pending {
  readonly callId: CallId | undefined
  readonly cancel: () => void
}

/** Begins something, and gives how to cancel it; undefined when nobody is there to do it. `done` takes how to answer. */
export type Begin = (done: (answer: () => void) => void) => (() => void) | undefined

/** Whether an id is free: of this very request again, or of another one. */
export type Claim = "free" | "same" | "taken"

/** The requests under way. */
export class RpcPending {
  #pending: Map<RpcRequestId, Pending> | undefined

  claim(id: RpcRequestId, callId: CallId | undefined): Claim {
    const pending = this.#pending?.get(id)
    if (pending === undefined) return "free"
    return callId !== undefined && callId === pending.callId ? "same" : "taken"
  }

  /** Begins something that has an answer, and remembers how to cancel it until then; says when it is over, either way. */
  start(id: RpcRequestId, callId: CallId | undefined, over: () => void, begin: Begin): void {
    let answered = false
    const cancel = begin((answer) => {
      if (answered) return
      answered = true
      this.#forget(id)
      over()
      answer()
    })
    if (answered) return
    if (cancel === undefined) return over()
    this.#pending ??= new Map()
    this.#pending.set(id, {
      callId,
      cancel: () => {
        answered = true
        over()
        cancel()
      }
    })
  }

  /** Cancels a request; false when there is none of this id. */
  cancel(id: RpcRequestId): boolean {
    const pending = this.#forget(id)
    pending?.cancel()
    return pending !== undefined
  }

  #forget(id: RpcRequestId): Pending | undefined {
    const pending = this.#pending?.get(id)
    if (pending === undefined) return undefined
    this.#pending?.delete(id)
    if (this.#pending?.size === 0) this.#pending = undefined
    return pending
  }
}
