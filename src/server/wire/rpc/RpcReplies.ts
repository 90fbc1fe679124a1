/**
 * The replies of one connection: immediate ones, and those that are pending, by the ids of their requests. It is the outbox
 * that they go to: as an object of its own it would be 56 bytes of every idle connection.
 */
import type * as Cause from "effect/Cause"
import { LiveError, type LiveErrorReason } from "../../../LiveError.ts"
import type { CallId } from "../../../LiveProtocol.ts"
import type { Connection } from "../../transport/Connection.ts"
import type { Budget } from "../PendingReply.ts"
import type { RpcRequest, RpcRequestId } from "./RpcEnvelope.ts"
import { RpcOutbox } from "./RpcOutbox.ts"
import { refusable } from "./RpcRequests.ts"
import * as RpcResponse from "./RpcResponse.ts"

/** A pending reply. */
export interface Unanswered {
  readonly id: RpcRequestId
  readonly callId: CallId | undefined
  /** The client cancels the request. */
  readonly cancel: () => void
}

/** Whether an id is free, used by the same request, or used by another. */
export type IdUse = "free" | "same" | "taken"

/** The replies of one connection. */
export class RpcReplies extends RpcOutbox {
  readonly budget: Budget
  /** By the JSON of their ids: a Map hashes numbers alike in every process, so that a client could choose them to collide. */
  #unanswered: Map<string, Unanswered> | undefined

  constructor(budget: Budget, connection: Connection) {
    super(connection)
    this.budget = budget
  }

  /** A request has succeeded with this JSON. */
  succeed(request: RpcRequest, value: string): void {
    this.#reply(request, RpcResponse.success(request.id, request.discard === true ? "null" : value))
  }

  /** Refuses a request. */
  refuse(request: RpcRequest, reason: LiveErrorReason): void {
    const error = new LiveError({ reason })
    if (refusable.has(request.tag)) this.#reply(request, RpcResponse.refused(request.id, error))
    else this.die(request, error.message)
  }

  fail(request: RpcRequest, cause: Cause.Cause<LiveError>): void {
    this.#reply(request, RpcResponse.failed(request.id, cause))
  }

  /** A request was not valid. */
  die(request: RpcRequest, text: string): void {
    this.#reply(request, RpcResponse.die(request.id, text))
  }

  #reply(request: RpcRequest, text: string): void {
    if (request.isNotification !== true) this.reply(text)
  }

  use(id: RpcRequestId, callId: CallId | undefined): IdUse {
    const known = this.#unanswered?.get(JSON.stringify(id))
    if (known === undefined) return "free"
    return callId !== undefined && callId === known.callId ? "same" : "taken"
  }

  add(reply: Unanswered): void {
    this.#unanswered ??= new Map()
    this.#unanswered.set(JSON.stringify(reply.id), reply)
  }

  delete(reply: Unanswered): void {
    if (this.#unanswered === undefined) return
    const key = JSON.stringify(reply.id)
    if (this.#unanswered.get(key) !== reply) return
    this.#unanswered.delete(key)
    // Most connections have no pending request most of the time.
    if (this.#unanswered.size === 0) this.#unanswered = undefined
  }

  /** Cancels a request, if there is one with this id. */
  cancel(id: RpcRequestId): void {
    this.#unanswered?.get(JSON.stringify(id))?.cancel()
  }
}
