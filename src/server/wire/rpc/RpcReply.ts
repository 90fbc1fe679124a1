/** The pending replies of the RPC wire. */
import * as Exit from "effect/Exit"
import type { LiveError } from "../../../LiveError.ts"
import type { CallId, Mounted } from "../../../LiveProtocol.ts"
import type { CallOutcome } from "../../session/CallOutcome.ts"
import type { Pending } from "../../session/ReplyListener.ts"
import type { Session } from "../../session/Session.ts"
import type { Unmounted } from "../../session/SessionMounts.ts"
import { PendingReply } from "../PendingReply.ts"
import type { RpcRequest, RpcRequestId } from "./RpcEnvelope.ts"
import type { RpcReplies, Unanswered } from "./RpcReplies.ts"
import * as RpcResponse from "./RpcResponse.ts"

/**
 * What a client wants to know of a request: its outcome, only that it has begun (`discard` in effect/rpc), or nothing.
 */
type Wanted = "answer" | "beginning" | "nothing"

/** The reply to one request. */
export abstract class RpcReply<Answer> extends PendingReply<Answer> implements Unanswered {
  readonly id: RpcRequestId
  readonly callId: CallId | undefined
  readonly #replies: RpcReplies
  #wanted: Wanted
  #running: Pending | undefined = undefined

  constructor(replies: RpcReplies, request: RpcRequest, size: number, callId?: CallId) {
    super(replies.budget, size)
    this.#replies = replies
    this.id = request.id
    this.callId = callId
    this.#wanted = request.isNotification === true ? "nothing" : request.discard === true ? "beginning" : "answer"
  }

  /** Keeps the run for `cancel`, unless the answer was given already. */
  begun(running: Pending): void {
    if (this.isOver) return
    this.#running = running
    this.#replies.add(this)
    if (this.#wanted !== "beginning") return
    this.#wanted = "nothing"
    this.outbox.answer(RpcResponse.success(this.id, "null"))
  }

  cancel(): void {
    this.dropped()
    this.#running?.cancel()
  }

  /** Whether the client only wants to know that the request has begun. */
  protected get isDiscarded(): boolean {
    return this.#wanted === "beginning"
  }

  /** The success with this JSON, if the client wants it. */
  protected success(value: string): string {
    return RpcResponse.success(this.id, this.isDiscarded ? "null" : value)
  }

  protected get outbox(): RpcReplies {
    return this.#replies
  }

  protected write(answer: Answer): void {
    this.#replies.delete(this)
    if (this.#wanted !== "nothing") this.send(answer)
  }

  protected forget(): void {
    this.#replies.delete(this)
    if (this.#wanted !== "nothing") this.outbox.answer(RpcResponse.interrupted(this.id))
  }

  /** Sends the answer to a client that wants it. */
  protected abstract send(answer: Answer): void
}

/** The reply to a call. */
export class CallReply extends RpcReply<CallOutcome> {
  protected send(outcome: CallOutcome): void {
    // The error of an action comes after its beginning.
    const isSaid = outcome._tag === "Refused" || !this.isDiscarded
    this.outbox.answer(isSaid ? RpcResponse.outcome(this.id, outcome) : RpcResponse.success(this.id, "null"))
  }
}

/** The reply to a mount, which is sent before all events of the instance. */
export class MountReply extends RpcReply<Exit.Exit<Mounted, LiveError>> {
  readonly #session: Session

  constructor(replies: RpcReplies, request: RpcRequest, size: number, callId: CallId | undefined, session: Session) {
    super(replies, request, size, callId)
    this.#session = session
  }

  protected send(exit: Exit.Exit<Mounted, LiveError>): void {
    if (Exit.isFailure(exit)) return this.outbox.reply(RpcResponse.failed(this.id, exit.cause))
    const { componentId } = exit.value
    const text = this.success(JSON.stringify(exit.value))
    if (!this.outbox.fits(text)) {
      return this.outbox.reply(RpcResponse.refused(this.id, this.#session.tooLarge(componentId)))
    }
    if (this.outbox.first(text)) this.#session.announce(componentId)
  }
}

/** The reply to an unmount. */
export class UnmountReply extends RpcReply<Exit.Exit<Unmounted, LiveError>> {
  protected send(exit: Exit.Exit<Unmounted, LiveError>): void {
    this.outbox.reply(
      Exit.isSuccess(exit) ? this.success(JSON.stringify(exit.value)) : RpcResponse.failed(this.id, exit.cause)
    )
  }
}
