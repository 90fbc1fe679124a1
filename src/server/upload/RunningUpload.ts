/**
 * One upload, from its first byte until it is handed to its instance: takes pieces in order and within its window, has
 * them stored one after the other, and judges the whole. It knows no wire and no session.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import { type LiveError, UploadRejected, type UploadRejection } from "../../LiveError.ts"
import type { UploadCompleted } from "../../LiveProtocol.ts"
import type { DeclaredFile, UploadedFile, UploadPolicy } from "../../Upload.ts"
import { FileContent } from "./FileContent.ts"
import { Staging } from "./Staging.ts"
import type { UploadInfo } from "./UploadInfo.ts"
import type { Reservation } from "./UploadQuota.ts"

/** The instance that an upload is for. */
export interface UploadTarget {
  readonly instanceId: string
  readonly component: string
  readonly key: string | undefined
  /** Has the file handled by the behaviour. Fails when it is not wanted. */
  readonly deliver: (upload: string, file: UploadedFile) => Effect.Effect<void, LiveError>
  /** Calls the listener when the instance has stopped; the function returned removes it. */
  readonly onStop: (listener: () => void) => () => void
}

/** Those who are told what becomes of an upload. */
export interface UploadListener {
  /** Whether the client is connected. */
  readonly isConnected: boolean
  /** All bytes below this offset are stored. */
  readonly received: (uploadId: string, received: number) => void
  /** It has ended without a file. `isAsked`: somebody waits for the outcome, and is told it. */
  readonly failed: (uploadId: string, reason: UploadRejected, isAsked: boolean) => void
}

/** The end of an upload. */
export type UploadOutcome = Exit.Exit<UploadCompleted, LiveError>

/** What became of a piece. */
export type PushResult = "taken" | "elsewhere" | "over"

/** What an upload begins with. */
export interface UploadBeginning {
  /** Names it in the store. */
  readonly id: string
  readonly secret: string
  readonly upload: string
  readonly policy: UploadPolicy
  readonly declared: DeclaredFile
  readonly window: number
  /** Whether its client can name it when its session is gone. */
  readonly isResumable: boolean
  /** Its principal; undefined for an anonymous client. */
  readonly principal: string | undefined
  readonly component: string
  /** Milliseconds, by the monotonic clock. */
  readonly now: () => number
}

/** What is done with the bytes. */
export interface UploadSteps {
  /** Stores these bytes. */
  readonly append: (bytes: Uint8Array) => Effect.Effect<void, LiveError>
  /** Checks and hands over the whole. */
  readonly finish: (upload: RunningUpload, target: UploadTarget) => Effect.Effect<UploadCompleted, LiveError>
}

/** One upload. */
export class RunningUpload {
  readonly beginning: UploadBeginning
  readonly content = new FileContent()
  /** The name that the client gives it. */
  uploadId = ""
  /** Pieces that were taken. */
  parts = 0
  /** Undefined while its client is gone. */
  target: UploadTarget | undefined
  reservation: Reservation | undefined
  /** In whose quota it is. */
  owner = ""
  /** When something of it came in or was stored; or when its client has gone. */
  heardAt: number
  outcome: UploadOutcome | undefined
  fiber: Fiber.Fiber<UploadCompleted, LiveError> | undefined
  /** Why it was ended before it was complete. */
  ended: UploadRejected | undefined
  /** Whether the store is to keep what it has. */
  isKept = false
  #listener: UploadListener | undefined
  #leaveTarget: (() => void) | undefined
  readonly #staging = new Staging()
  /** Bytes there, and bytes that are being stored. */
  #waiting = 0
  #stored = 0
  #acknowledged = 0
  /** The target when all was sent. */
  #completing: UploadTarget | undefined
  #isCancelled = false
  #wake: (() => void) | undefined
  readonly #asking = new Set<(outcome: UploadOutcome) => void>()
  readonly #following = new Set<(outcome: UploadOutcome) => void>()

  constructor(beginning: UploadBeginning) {
    this.beginning = beginning
    this.heardAt = beginning.now()
  }

  /** Bytes that are stored. */
  get received(): number {
    return this.#stored
  }

  /** The offset of the next piece. */
  get next(): number {
    return this.#stored + this.#waiting
  }

  /** Bytes that are held in memory. */
  get waiting(): number {
    return this.#waiting
  }

  /** Whether everything was sent, and it is too late to cancel it. */
  get isCompleting(): boolean {
    return this.#completing !== undefined
  }

  /** Whether its client is there, or may still come back with its session. */
  get isAttached(): boolean {
    return this.#listener !== undefined
  }

  /** Whether this is the one who is told. */
  isOf(listener: UploadListener): boolean {
    return this.#listener === listener
  }

  /** Whether it has ended, or is about to. */
  get isOver(): boolean {
    return this.outcome !== undefined || this.ended !== undefined
  }

  /** Whether something should be coming in. */
  get isAwaited(): boolean {
    return !this.isCompleting && this.#waiting === 0 && this.#listener?.isConnected === true
  }

  /** What can be known of it from outside. */
  get info(): UploadInfo {
    const { component, declared, upload } = this.beginning
    const status = this.isCompleting ? "completing" : this.isAttached ? "receiving" : "waiting"
    return { component, instance: this.target?.instanceId, upload, size: declared.size, received: this.#stored, status }
  }

  /** Its client has said that it is still wanted. */
  heard(): void {
    this.heardAt = this.beginning.now()
  }

  /** It belongs to this session from now on. */
  attach(uploadId: string, listener: UploadListener, target: UploadTarget, onStop: () => void): void {
    this.detach()
    this.uploadId = uploadId
    this.#listener = listener
    this.target = target
    this.heardAt = this.beginning.now()
    this.#leaveTarget = target.onStop(onStop)
  }

  /** It belongs to nobody. */
  detach(): void {
    this.#leaveTarget?.()
    this.#leaveTarget = undefined
    this.#listener = undefined
    this.target = undefined
    this.heardAt = this.beginning.now()
  }

  /** An earlier process has stored this. */
  restore(piece: Uint8Array): void {
    this.content.add(piece)
    this.#stored += piece.length
    this.#acknowledged = this.#stored
  }

  /** Whether so many bytes are within the window. A single piece always is. */
  fits(bytes: number): boolean {
    return this.#waiting === 0 || this.#waiting + bytes <= this.beginning.window
  }

  /** Takes a piece, if it belongs here now. The bytes may change afterwards. */
  push(offset: number, piece: Uint8Array): PushResult {
    const { declared, now } = this.beginning
    if (this.isOver || this.isCompleting) return "over"
    this.heardAt = now()
    if (offset !== this.next || !this.fits(piece.length)) return "elsewhere"
    if (offset + piece.length > declared.size) {
      this.fail("size", `it has more than the ${declared.size} bytes that were declared`)
      return "over"
    }
    this.parts++
    if (piece.length === 0) return "taken"
    this.content.add(piece)
    this.#staging.add(piece)
    this.#waiting += piece.length
    this.#wakes()
    return "taken"
  }

  /** Tells the client what is stored, whether that is news or not. */
  acknowledge(): void {
    this.#acknowledged = this.#stored
    this.#listener?.received(this.uploadId, this.#stored)
  }

  /** All was sent. */
  complete(listener: (outcome: UploadOutcome) => void): void {
    if (this.outcome !== undefined) return listener(this.outcome)
    this.#asking.add(listener)
    this.#completing ??= this.target
    this.#wakes()
  }

  /** Tells the outcome to somebody who does not ask for it. */
  follow(listener: (outcome: UploadOutcome) => void): void {
    if (this.outcome === undefined) this.#following.add(listener)
    else listener(this.outcome)
  }

  /** Nobody waits for the outcome any more. */
  forget(listener: (outcome: UploadOutcome) => void): void {
    this.#asking.delete(listener)
  }

  /** Its client does not want it any more, unless all was sent. */
  cancel(): void {
    if (this.isCompleting) return
    this.#isCancelled = true
    this.fail("cancelled", "its client has cancelled it")
  }

  /** Ends it. */
  fail(reason: UploadRejection, detail: string): void {
    this.end(new UploadRejected({ upload: this.beginning.upload, reason, detail }))
  }

  /** The same. */
  end(reason: UploadRejected): void {
    if (this.isOver) return
    this.ended = reason
    this.fiber?.interruptUnsafe()
  }

  /** Stores what comes in until all was sent, and hands it over. */
  run({ append, finish }: UploadSteps): Effect.Effect<UploadCompleted, LiveError> {
    const more = Effect.callback<void>((resume) => {
      this.#wake = () => resume(Effect.void)
      return Effect.sync(() => void (this.#wake = undefined))
    })
    const store = Effect.suspend(() => {
      const bytes = this.#staging.take()
      return Effect.map(append(bytes), () => this.#hasStored(bytes.length))
    })
    return Effect.gen({ self: this }, function* () {
      while (true) {
        if (!this.#staging.isEmpty) yield* store
        else if (this.#completing === undefined) yield* more
        else return yield* finish(this, this.#completing)
      }
    })
  }

  /** It has ended in this way. */
  over(outcome: UploadOutcome): void {
    this.outcome = outcome
    this.reservation?.leave()
    this.#staging.clear()
    const listener = this.#listener
    this.detach()
    for (const following of this.#following) following(outcome)
    this.#following.clear()
    const isAsked = this.#asking.size > 0 || this.#isCancelled
    for (const asking of this.#asking) asking(outcome)
    this.#asking.clear()
    if (Exit.isFailure(outcome)) listener?.failed(this.uploadId, rejectionOf(outcome, this.beginning.upload), isAsked)
  }

  #hasStored(bytes: number): void {
    this.#staging.stored()
    this.#waiting -= bytes
    this.#stored += bytes
    this.heardAt = this.beginning.now()
    const isDue = this.#staging.isEmpty || this.#stored - this.#acknowledged >= this.beginning.window / 4
    if (isDue) this.acknowledge()
  }

  #wakes(): void {
    const wake = this.#wake
    this.#wake = undefined
    wake?.()
  }
}

/** Why it has failed, for a client that had not asked for its end. */
const rejectionOf = ({ cause }: Exit.Failure<unknown, LiveError>, upload: string): UploadRejected => {
  const reason = cause.reasons.find(Cause.isFailReason)?.error.reason
  if (reason?._tag === "UploadRejected") return reason
  return new UploadRejected({ upload, reason: "cancelled", detail: reason?.message ?? "it was interrupted" })
}
