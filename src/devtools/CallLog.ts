/** The last calls of a page: when each began, how long it took, and how it ended. A call that is sent again is the same call. */
import type { Json } from "../Json.ts"
import type { Outcome } from "./WireMessage.ts"

/** A call. */
export interface LoggedCall {
  readonly callId: number
  readonly component: string
  readonly action: string
  readonly payload: Json
  /** Milliseconds since the epoch. */
  readonly startedAt: number
  /** How often it was sent: again after the connection was lost, or when the server has refused it for a while. */
  readonly sent: number
  /** Milliseconds until it was answered; undefined while it is not. */
  readonly took: number | undefined
  readonly outcome: Outcome | undefined
}

/** How many calls are kept at most. */
export const maxCalls = 200

/** The calls, in their order. */
export class CallLog {
  readonly #calls = new Map<number, LoggedCall>()

  /** A call leaves, for the first time or again. */
  sent(call: Pick<LoggedCall, "callId" | "component" | "action" | "payload">, now: number): void {
    const { callId } = call
    const before = this.#calls.get(callId)
    const anew = { ...call, startedAt: now, sent: 0, took: undefined, outcome: undefined }
    this.#calls.set(callId, { ...anew, ...before, sent: (before?.sent ?? 0) + 1, took: undefined, outcome: undefined })
    for (const oldest of this.#calls.keys()) {
      if (this.#calls.size <= maxCalls) return
      this.#calls.delete(oldest)
    }
  }

  ended(callId: number, outcome: Outcome, now: number): void {
    const call = this.#calls.get(callId)
    if (call === undefined || call.outcome !== undefined) return
    this.#calls.set(callId, { ...call, outcome, took: now - call.startedAt })
  }

  /** The client waits for none below this id any more: those without an answer were given up. */
  settled(below: number, now: number): void {
    for (const { callId, outcome } of this.#calls.values()) {
      if (callId < below && outcome === undefined) this.ended(callId, givenUp, now)
    }
  }

  clear(): void {
    this.#calls.clear()
  }

  get calls(): ReadonlyArray<LoggedCall> {
    return Array.from(this.#calls.values())
  }
}

const givenUp: Outcome = { kind: "interrupted", error: "given up", value: null }
