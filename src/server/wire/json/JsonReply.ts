/** The pending replies of the JSON wire. */
import * as Cause from "effect/Cause"
import * as Exit from "effect/Exit"
import type { RequestId } from "../../../JsonProtocol.ts"
import { LiveError } from "../../../LiveError.ts"
import type { Mounted } from "../../../LiveProtocol.ts"
import { type CallOutcome, internalError } from "../../session/CallOutcome.ts"
import type { Session } from "../../session/Session.ts"
import type { Unmounted } from "../../session/SessionMounts.ts"
import { type Budget, PendingReply } from "../PendingReply.ts"
import { type ErrorFields, errorFieldsOf } from "./JsonError.ts"
import type { MessageOf, MountMessage } from "./JsonMessage.ts"
import type { JsonOutbox } from "./JsonOutbox.ts"
import * as JsonResponse from "./JsonResponse.ts"

/** The parts of a message that its reply repeats. */
interface Asked {
  readonly componentId?: string
  readonly requestId?: RequestId
}

/** The reply to one message. */
export abstract class JsonReply<Answer> extends PendingReply<Answer> implements JsonResponse.Reply {
  readonly type: string
  readonly componentId: string | undefined
  readonly requestId: RequestId | undefined
  protected readonly outbox: JsonOutbox

  constructor(budget: Budget, outbox: JsonOutbox, size: number, type: string, asked: Asked) {
    super(budget, size)
    this.outbox = outbox
    this.type = type
    this.componentId = asked.componentId
    this.requestId = asked.requestId
  }

  get timestamp(): number {
    return this.outbox.now()
  }

  /** Nothing is sent: the connection is gone. */
  protected forget(): void {}
}

/** The reply to a call, for clients that want one or gave the message an id. */
export class JsonCallReply extends JsonReply<CallOutcome> {
  readonly originalType: string | undefined

  constructor(budget: Budget, outbox: JsonOutbox, size: number, message: MessageOf<"CALL_ACTION">) {
    const isExpected = message.expectResponse === true
    super(budget, outbox, size, isExpected ? "ACTION_RESPONSE" : "MESSAGE_RESPONSE", message)
    this.originalType = isExpected ? undefined : message.type
  }

  protected write(outcome: CallOutcome): void {
    const isExpected = this.originalType === undefined
    if (!isExpected && this.requestId === undefined) return
    this.outbox.answer(
      isExpected && outcome._tag === "Success"
        ? JsonResponse.success(this, outcome.text, this.outbox.beginningOf(this))
        : JsonResponse.answer(this, outcome)
    )
  }
}

/** The reply to a write. */
export class JsonSetReply extends JsonReply<CallOutcome> {
  constructor(budget: Budget, outbox: JsonOutbox, size: number, message: MessageOf<"PROPERTY_UPDATE">) {
    super(budget, outbox, size, "PROPERTY_UPDATED", message)
  }

  protected write(outcome: CallOutcome): void {
    this.outbox.answer(outcome._tag === "Success" ? JsonResponse.success(this) : JsonResponse.answer(this, outcome))
  }
}

/** The reply to a mount, which is sent before all events of the instance. */
export class JsonMountReply extends JsonReply<Exit.Exit<Mounted, LiveError>> {
  readonly #session: Session
  readonly #room: string | undefined

  constructor(budget: Budget, outbox: JsonOutbox, size: number, message: MountMessage, session: Session) {
    const isBack = message.type === "COMPONENT_REHYDRATE"
    super(budget, outbox, size, isBack ? "COMPONENT_REHYDRATED" : "COMPONENT_MOUNTED", message)
    this.#session = session
    this.#room = message.payload.room
  }

  protected write(exit: Exit.Exit<Mounted, LiveError>): void {
    if (Exit.isFailure(exit)) return this.outbox.reply(JsonResponse.failure(this, errorOf(exit.cause)))
    const { componentId, revision, state } = exit.value
    const signedState = this.#session.takeToken(componentId)
    const result =
      this.type === "COMPONENT_MOUNTED"
        ? { componentId, initialState: state, signedState, room: this.#room, revision }
        : { newComponentId: componentId, state, signedState, revision }
    const { requestId, timestamp, type } = this
    const reply = { type, componentId: this.componentId ?? componentId, requestId, timestamp }
    const text = JsonResponse.success(reply, JSON.stringify(result))
    if (!this.outbox.fits(text)) {
      return this.outbox.reply(JsonResponse.failure(this, errorFieldsOf(this.#session.tooLarge(componentId).reason)))
    }
    if (!this.outbox.first(text)) return
    this.#session.announce(componentId)
    // Clients of the seed's family read of this reply only the new id, and the rest of what comes when they listen.
    if (this.type === "COMPONENT_REHYDRATED") this.#session.repeatLater(componentId)
  }
}

/** The reply to an unmount. */
export class JsonUnmountReply extends JsonReply<Exit.Exit<Unmounted, LiveError>> {
  constructor(budget: Budget, outbox: JsonOutbox, size: number, message: MessageOf<"COMPONENT_UNMOUNT">) {
    super(budget, outbox, size, "COMPONENT_UNMOUNTED", message)
  }

  protected write(exit: Exit.Exit<Unmounted, LiveError>): void {
    this.outbox.reply(
      Exit.isSuccess(exit) ? JsonResponse.success(this) : JsonResponse.failure(this, errorOf(exit.cause))
    )
  }
}

/** The fields for a failure: a refusal, or an internal error. */
export const errorOf = (cause: Cause.Cause<LiveError>): ErrorFields => {
  const error = cause.reasons.find(Cause.isFailReason)?.error
  return error instanceof LiveError ? errorFieldsOf(error.reason) : { _tag: "InternalError", message: internalError }
}
