/** The answers to the requests of the RPC wire that may take their time: what is said when they come, or are not to come any more. */
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

/** What a client wants to hear: what came of it, that it has begun (effect/rpc calls that `discard`), or nothing. */
type Wanted = "answer" | "beginning" | "nothing"

/** The answer to one request. */
abstract class RpcReply<Answer> extends PendingReply<Answer> implements Unanswered {
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

  /** It is under way, unless it has been answered at once. */
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

  /** Whether the client wants to hear no more than that it has begun. */
  protected get isDiscarded(): boolean {
    return this.#wanted === "beginning"
  }

  /** What it succeeded with, in JSON, for a client that wants to hear it. */
  protected success(value: string): string {
    return RpcResponse.success(this.id, this.isDiscarded ? "null" : value)
  }

  protected get outbox(): RpcReplies["outbox"] {
    return this.#replies.outbox
  }

  protected write(answer: Answer): void {
    this.#replies.delete(this)
    if (this.#wanted !== "nothing") this.send(answer)
  }

  protected forget(): void {
    this.#replies.delete(this)
    if (this.#wanted !== "nothing") this.outbox.answer(RpcResponse.interrupted(this.id))
  }

  /** Sends the answer to a client that wants to hear of it. */
  protected abstract send(answer: Answer): void
}

/** The answer to a call. */
export class CallReply extends RpcReply<CallOutcome> {
  protected send(outcome: CallOutcome): void {
    // What an action fails with comes after its beginning.
    const isSaid = outcome._tag === "Refused" || !this.isDiscarded
    this.outbox.answer(isSaid ? RpcResponse.outcome(this.id, outcome) : RpcResponse.success(this.id, "null"))
  }
}

/** The answer to a mount: it goes out before any event of the instance. */
export class MountReply extends RpcReply<Exit.Exit<Mounted, LiveError>> {
  readonly #session: Session

  constructor(replies: RpcReplies, request: RpcRequest, size: number, callId: CallId | undefined, session: Session) {
    super(replies, request, size, callId)
    this.#session = session
  }

  protected send(exit: Exit.Exit<Mounted, LiveError>): void {
    if (Exit.isFailure(exit)) return this.outbox.reply(RpcResponse.failed(this.id, exit.cause))
    const isOnItsWay = this.outbox.first(this.success(JSON.stringify(exit.value)))
    if (isOnItsWay) this.#session.announce(exit.value.componentId)
  }
}

/** The answer to the end of a mount. */
export class UnmountReply extends RpcReply<Exit.Exit<Unmounted, LiveError>> {
  protected send(exit: Exit.Exit<Unmounted, LiveError>): void {
    this.outbox.reply(
      Exit.isSuccess(exit) ? this.success(JSON.stringify(exit.value)) : RpcResponse.failed(this.id, exit.cause)
    )
  }
}
