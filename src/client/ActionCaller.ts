/**
 * Sends the calls of one component. A call gets its number when it is first sent and keeps it when it is sent again
 * after a lost connection, so it runs once. While the component cannot be called, calls wait in a queue.
 */
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { RpcClientError } from "effect/rpc/RpcClientError"
import * as Thrown from "../Thrown.ts"
import type * as Component from "../Component.ts"
import type { ActionCodec } from "../ComponentCodec.ts"
import {
  CallExpired,
  ContractMismatch,
  Disconnected,
  LiveError,
  PayloadRejected,
  RateLimited,
  refuse,
  UnknownAction
} from "../LiveError.ts"
import type { ComponentId } from "../LiveId.ts"
import type { ActionFailure } from "../LiveProtocol.ts"
import { fieldOf } from "../FieldTag.ts"
import * as TimeLimit from "../TimeLimit.ts"
import { CallQueue, type Target } from "./CallQueue.ts"
import { sizeOf } from "./FrameQueue.ts"
import { issueOf } from "./LargeRequests.ts"
import type { OptimisticUpdate } from "./OptimisticState.ts"
import type { ClientConnection } from "./ClientConnection.ts"
import type { PacedRequest } from "./Pacer.ts"

/** The options of a call. */
export interface CallOptions {
  /** How long the answer may take, including the wait for a connection; then the call is given up. */
  readonly timeout?: Duration.Input | undefined
}

/** The component that is called, as far as its calls need it. */
export interface Callee {
  /** Where a call can be sent now; undefined when it has to wait. */
  readonly target: () => Target | undefined
  /** Why it cannot be called at all; undefined when it can. */
  readonly refusal: () => LiveError | undefined
  /** Shows the expected result of an action until its call has ended. */
  readonly update: (action: string, reduce: OptimisticUpdate["reduce"], payload: unknown) => OptimisticUpdate
  readonly ended: (update: OptimisticUpdate) => void
}

/** A call, its number, and the session it was last sent in. */
interface Call {
  readonly codec: ActionCodec
  readonly payload: unknown
  readonly update: OptimisticUpdate | undefined
  /** Bytes that it counts for. */
  readonly size: number
  id: number | undefined
  /** Below 0 when it has not run for certain. */
  session: number
  /** Whether the answer to an earlier sending was lost. */
  isOpen: boolean
  /** Whether the server waits until it is sent again. */
  isRefused: boolean
  /** When the server first refused it for its rate. */
  refusedAt: number | undefined
}

type Failure = LiveError | ActionFailure | RpcClientError

/** The calls of one component. */
export class ActionCaller {
  readonly #component: Component.Any
  readonly #connection: ClientConnection
  readonly #callee: Callee
  readonly #queue = new CallQueue()
  /** The calls that wait until the server takes more. */
  readonly #paced = new Set<PacedRequest>()

  constructor(component: Component.Any, connection: ClientConnection, callee: Callee) {
    this.#component = component
    this.#connection = connection
    this.#callee = callee
  }

  /** Calls an action; interrupting it interrupts the handler. */
  call(action: string, payload: unknown, options: CallOptions | undefined): Effect.Effect<unknown, unknown> {
    return Effect.suspend(() => {
      const component = this.#component.componentName
      const { actions, writable } = this.#component.codec
      const codec = actions.get(action) ?? writable.get(fieldOf(action) ?? "")
      if (codec === undefined) return refuse(new UnknownAction({ component, action }))
      const encoded = codec.encodePayload(payload)
      if (Exit.isFailure(encoded)) {
        return refuse(new PayloadRejected({ action, issue: Thrown.describe(Cause.squash(encoded.cause)) }))
      }
      const { reduce } = codec
      const json = encoded.value ?? null
      if (reduce === undefined) return this.#answer(codec, json, undefined, options)
      // A guess that would be taken back at once is not shown.
      const refusal = this.#callee.refusal()
      if (refusal !== undefined) return Effect.fail(refusal)
      return Effect.acquireUseRelease(
        Effect.sync(() => this.#callee.update(action, reduce, payload)),
        (update) => this.#answer(codec, json, update, options),
        (update) => Effect.sync(() => this.#callee.ended(update))
      )
    })
  }

  /** The component can be called. */
  release(target: Target): void {
    this.#queue.release(target)
  }

  /** The component cannot be called: all calls that wait fail. */
  fail(error: LiveError): void {
    this.#queue.fail(error)
    for (const waiting of Array.from(this.#paced)) this.#connection.pacer.drop(waiting)
  }

  #answer(
    codec: ActionCodec,
    payload: unknown,
    update: OptimisticUpdate | undefined,
    options: CallOptions | undefined
  ): Effect.Effect<unknown, unknown> {
    const size = sizeOf(JSON.stringify(payload)) + envelope
    const call: Call = {
      codec,
      payload,
      update,
      size,
      id: undefined,
      session: -1,
      isOpen: false,
      isRefused: false,
      refusedAt: undefined
    }
    const answer = Effect.onError(this.#deliver(call), () => Effect.sync(() => this.#settle(call)))
    if (options?.timeout === undefined) return answer
    const timeout = Duration.fromInputUnsafe(options.timeout)
    return TimeLimit.timeoutOrElse(answer, { duration: timeout, orElse: () => this.#expired(call, timeout) })
  }

  #deliver(call: Call): Effect.Effect<unknown, unknown> {
    const target = this.#whereTo(call).pipe(
      Effect.catch((refusal) =>
        // Why it cannot be sent again says nothing about whether it ran when it was sent before.
        call.session < 0 || isExpired(refusal) ? Effect.fail(refusal) : this.#unknown(call)
      )
    )
    return Effect.flatMap(target, (target) => {
      const overweight = call.id === undefined ? undefined : this.#connection.largeRequests.overweight(call.id)
      if (overweight !== undefined) {
        this.#settle(call)
        if (overweight.kind === "lost") return this.#unknown(call)
        return refuse(new PayloadRejected({ action: call.codec.tag, issue: issueOf(overweight) }))
      }
      if (call.id !== undefined && call.session >= 0 && target.session !== call.session) {
        this.#settle(call)
        // The session that would know whether it ran is gone.
        if (!call.codec.idempotent) return this.#unknown(call)
      }
      return this.#connection.pacer.take("message", call.size, call.id)
        ? this.#send(call, target)
        : this.#inTurn(call, target)
    })
  }

  /** Sends a call when the server takes more, if it can be sent then. */
  #inTurn(call: Call, target: Target): Effect.Effect<unknown, unknown> {
    const { limits, pacer } = this.#connection
    if (call.id === undefined && this.#paced.size >= limits.maxQueuedCalls) {
      return refuse(new RateLimited({ retryAfter: pacer.backlog("message") }))
    }
    const turn = Effect.callback<boolean>((resume) => {
      const waiting: PacedRequest = {
        kind: "message",
        size: call.size,
        id: call.id ?? Infinity,
        resume: (goes) => {
          this.#paced.delete(waiting)
          resume(Effect.succeed(goes))
        }
      }
      this.#paced.add(waiting)
      pacer.add(waiting)
      return Effect.sync(() => pacer.drop(waiting))
    })
    return Effect.flatMap(turn, (goes) => {
      const now = this.#callee.target()
      const isSame = now?.componentId === target.componentId && now.session === target.session
      return goes && isSame ? this.#send(call, target) : this.#deliver(call)
    })
  }

  #send(call: Call, target: Target): Effect.Effect<unknown, unknown> {
    const id = (call.id ??= this.#connection.ids.next())
    call.session = target.session
    call.isRefused = false
    const connectionId = this.#connection.connectionId()
    if (connectionId !== undefined) call.update?.sent({ connectionId, callId: id })
    const request = {
      componentId: target.componentId as ComponentId,
      action: call.codec.tag,
      payload: call.payload as never,
      callId: id,
      settled: this.#connection.ids.settled
    }
    return Effect.matchEffect(this.#connection.requests.Call(request), {
      onFailure: (error) => this.#failed(call, error),
      onSuccess: (value) => {
        this.#settle(call)
        return Effect.mapError(call.codec.decodeSuccess(value), (issue) => this.#mismatch(issue))
      }
    })
  }

  #failed(call: Call, error: Failure): Effect.Effect<unknown, unknown> {
    // The next connection tells whether it ran.
    if (error._tag === "RpcClientError") {
      call.isOpen = true
      return this.#deliver(call)
    }
    if (error._tag === "LiveError" && error.reason._tag === "RateLimited")
      return this.#later(call, error, error.reason.retryAfter)
    this.#settle(call)
    if (error._tag === "ActionFailure") {
      return Effect.flatMap(
        Effect.mapError(call.codec.decodeError(error.failure), (issue) => this.#mismatch(issue)),
        Effect.fail
      )
    }
    const { reason } = error
    // The server does not know any more whether it ran, but it may run twice.
    const isOpen = reason._tag === "CallExpired" && reason.outcome === "unknown" && call.codec.idempotent
    if (isOpen) return this.#deliver(call)
    if (reason._tag !== "Draining") return Effect.fail(error)
    // It did not run: the next server may run it.
    call.session = -1
    return this.#deliver(call)
  }

  /** It did not run, and is sent again under its id: before all calls that were made after it. */
  #later(call: Call, error: LiveError, retryAfter: number): Effect.Effect<unknown, unknown> {
    const { limits, pacer } = this.#connection
    return Effect.suspend(() => {
      const now = pacer.now()
      call.refusedAt ??= now
      call.isRefused = true
      if (now - call.refusedAt >= Duration.toMillis(limits.offlineTimeout)) {
        if (call.isOpen) return this.#unknown(call)
        this.#settle(call)
        return Effect.fail(error)
      }
      pacer.refused("message", retryAfter)
      // Refused is only that it was sent again: what became of it the first time is not known yet.
      if (!call.isOpen) call.session = -1
      return this.#deliver(call)
    })
  }

  /** Waits until the component can be called. A call that was never sent does not overtake those that wait. */
  #whereTo(call: Call): Effect.Effect<Target, LiveError> {
    return Effect.suspend(() => {
      const refusal = this.#callee.refusal()
      if (refusal !== undefined) return Effect.fail(refusal)
      const target = this.#callee.target()
      if (target !== undefined && this.#queue.size === 0) return Effect.succeed(target)
      const { maxQueuedCalls, offlineTimeout } = this.#connection.limits
      if (call.id === undefined && this.#queue.size >= maxQueuedCalls) {
        return refuse(
          new Disconnected({ detail: `${maxQueuedCalls} calls wait for one already, and this one was not sent` })
        )
      }
      return Effect.timeoutOrElse(this.#queue.wait(call.id), {
        duration: offlineTimeout,
        orElse: () => this.#expired(call, offlineTimeout)
      })
    })
  }

  #expired(call: Call, timeout: Duration.Duration): Effect.Effect<never, LiveError> {
    const outcome = call.session < 0 ? "notRun" : "unknown"
    this.#settle(call)
    const { componentName: component } = this.#component
    const action = call.codec.tag
    return refuse(new CallExpired({ component, action, outcome, timeout: Duration.toMillis(timeout) }))
  }

  #unknown({ codec }: Call): Effect.Effect<never, LiveError> {
    const { componentName: component } = this.#component
    return refuse(new CallExpired({ component, action: codec.tag, outcome: "unknown" }))
  }

  #settle(call: Call): void {
    if (call.id !== undefined) {
      this.#connection.ids.settle(call.id)
      this.#connection.largeRequests.forget(call.id)
      if (call.isRefused) this.#connection.abandon(call.id)
    }
    call.isRefused = false
    call.id = undefined
    call.isOpen = false
  }

  #mismatch(issue: unknown): LiveError {
    const component = this.#component.componentName
    return new LiveError({ reason: new ContractMismatch({ component, issue: Thrown.describe(issue) }) })
  }
}

/** What a call counts for besides its payload. */
const envelope = 512

const isExpired = ({ reason }: LiveError): boolean => reason._tag === "CallExpired"
