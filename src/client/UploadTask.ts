/**
 * Uploads one file, over as many connections as that takes. On each it asks how much of the file the server has, sends
 * the rest in order and within the window, and asks for the end. What the server has confirmed is not sent again.
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Latch from "effect/Latch"
import type { RpcClientError } from "effect/rpc/RpcClientError"
import * as Schedule from "effect/Schedule"
import { LiveError, UploadRejected, type UploadRejection } from "../LiveError.ts"
import type { ComponentId } from "../LiveId.ts"
import type { UploadCompleted, UploadStarted } from "../LiveProtocol.ts"
import type { Target } from "./CallQueue.ts"
import type { ClientConnection } from "./ClientConnection.ts"
import { died } from "./ReplicaError.ts"
import { isOver, ProgressReporter, reportInterval } from "./UploadProgress.ts"
import type { OpenedFile } from "./UploadSource.ts"
import type { UploadChannel, UploadReceiver } from "./UploadChannel.ts"
import type { UploadRequests } from "./UploadRequests.ts"
import { UploadWindow } from "./UploadWindow.ts"

/** What an upload needs of the connection. */
export interface UploadConnection extends Pick<ClientConnection, "isDraining"> {
  readonly uploads: UploadChannel
  readonly requests: Pick<UploadRequests, "UploadComplete" | "UploadStart">
}

/** What is uploaded, and where to. */
export interface UploadJob {
  readonly component: string
  /** The name of the upload in the contract. */
  readonly upload: string
  readonly file: OpenedFile
  /** Where it can be sent now; undefined when it has to wait. */
  readonly target: () => Target | undefined
  /** It was ended here, and the server may still keep what it has of it. */
  readonly abandoned: (uploadId: string) => void
  readonly report: (defect: unknown) => void
}

/** What passes by itself. */
const passing: ReadonlySet<UploadRejection> = new Set(["tooMany", "quota", "disk"])

/** Milliseconds until it is tried again, when the server does not say. */
const pause = 1000

/** How often a server is told that a paused upload is still wanted. */
const keepAlive = Duration.seconds(20)

/** How long nothing may be heard of what was sent, in reports: when there is a doubt, and else. */
const [doubtfulSilence, silence] = [5, 150]

/** How often in a row a server may not know an upload that it has just accepted. */
const maxUnknown = 3

/** One upload. */
export class UploadTask implements UploadReceiver {
  readonly job: UploadJob
  readonly reporter: ProgressReporter
  readonly result = Deferred.makeUnsafe<UploadCompleted, LiveError>()
  readonly #connection: UploadConnection
  readonly #window: UploadWindow
  /** Opened by everything that it may wait for. */
  readonly #changed = Latch.makeUnsafe(false)
  #uploadId: string
  #unroute: () => void
  #token: string | undefined
  #interrupt: (() => void) | undefined
  #isPaused = false
  /** Counts the connections that were lost. */
  #losses = 0
  /** How many had been lost when the server said how much it has; -1 for never. */
  #begunAt = -1
  /** How many had been lost when it was asked last. */
  #askedAt = 0
  /** The request that is under way: only its answer counts then. */
  #asking: "start" | "complete" | undefined
  /** Whether the server may know of it. */
  #isKnown = false
  /** What was acknowledged while it was asked how much the server has. */
  #early = 0
  #failure: UploadRejected | undefined
  #unknown = 0
  #silent = 0

  constructor(job: UploadJob, connection: UploadConnection) {
    const { size } = job.file.declared
    this.job = job
    this.reporter = new ProgressReporter(size, job.report)
    this.#connection = connection
    this.#window = new UploadWindow(size)
    this.#uploadId = connection.uploads.makeId()
    this.#unroute = connection.uploads.route(this.#uploadId, this)
  }

  /** Runs it in this way, which gives a function that interrupts it. */
  start(run: (effect: Effect.Effect<void>) => () => void): void {
    this.#interrupt = run(this.#run)
    if (isOver(this.reporter.told)) this.#interrupt()
  }

  pause(): void {
    this.#isPaused = true
    this.wake()
  }

  resume(): void {
    this.#isPaused = false
    this.wake()
  }

  /** Ends it, unless everything was sent: then it is up to the server. */
  cancel(): void {
    if (this.#asking !== "complete") this.fail(rejected(this.job.upload, "cancelled", "it was cancelled"))
  }

  /** Ends it with this error. */
  fail(error: LiveError): void {
    this.#end(Exit.fail(error))
    this.#interrupt?.()
  }

  /** Where it can be sent may have changed. */
  wake(): void {
    this.#changed.openUnsafe()
  }

  /** The connection is lost, with everything that was under way. */
  disconnected(): void {
    this.#losses++
    this.wake()
  }

  received(received: number): void {
    // It may be on the heels of the answer, which has not been read yet.
    if (this.#asking === "start") this.#early = Math.max(this.#early, received)
    if (!this.#isBegun || this.#asking === "start") return
    this.#silent = 0
    if (this.#window.acknowledge(received, this.#now())) this.#unknown = 0
    this.reporter.received(this.#window.received)
    this.wake()
  }

  failed(reason: UploadRejected): void {
    if (!this.#isBegun || this.#asking !== undefined) return
    this.#failure = reason
    this.wake()
  }

  #now: () => number = () => 0

  get #isBegun(): boolean {
    return this.#begunAt === this.#losses
  }

  readonly #run: Effect.Effect<void> = Effect.suspend(() =>
    Effect.flatMap(Clock.clockWith(Effect.succeed), (clock) => {
      this.#now = () => Number(clock.monotonicTimeNanosUnsafe()) / 1e6
      return this.#work
    }).pipe(
      Effect.catchCause((cause) => {
        const failure = cause.reasons.find(Cause.isFailReason)
        return Effect.fail(failure?.error ?? died(this.job.component, Cause.squash(cause)))
      }),
      Effect.onExit((exit) => Effect.sync(() => this.#end(exit))),
      Effect.ignore
    )
  )

  readonly #work: Effect.Effect<UploadCompleted, LiveError> = Effect.suspend(() =>
    this.#callable.pipe(
      Effect.flatMap((target) => this.#begin(target)),
      Effect.flatMap((isBegun) => (isBegun ? this.#send : Effect.succeed(false))),
      Effect.flatMap((isStored) => (isStored ? this.#complete : Effect.undefined)),
      Effect.flatMap((completed) => (completed === undefined ? this.#work : Effect.succeed(completed)))
    )
  )

  /** Waits until it may go on, and there is somewhere to send it. */
  readonly #callable: Effect.Effect<Target> = Effect.suspend(() => {
    this.#changed.closeUnsafe()
    const target = this.job.target()
    if (this.#isPaused) return Effect.andThen(this.#stay, this.#callable)
    if (target !== undefined) return Effect.succeed(target)
    this.reporter.show({ status: "waiting" })
    return Effect.andThen(this.#changed.await, this.#callable)
  })

  /** Waits while it is paused, and has the server wait, too. */
  readonly #stay: Effect.Effect<void> = Effect.suspend(() => {
    this.reporter.show({ status: "paused" })
    const elapsed = Effect.timeoutOption(this.#changed.await, keepAlive)
    return Effect.flatMap(elapsed, (changed) => {
      const target = this.job.target()
      if (changed._tag === "Some" || target === undefined || this.#token === undefined) return Effect.void
      // What is wrong with it shows when it goes on.
      return Effect.ignoreCause(
        Effect.map(this.#ask(target), ({ token }) => {
          // The server had lost it, and begins anew.
          if (token === "" || token === this.#token) return
          this.#begunAt = -1
          this.#token = token
        })
      )
    })
  })

  #ask({ componentId }: Target): Effect.Effect<UploadStarted, LiveError | RpcClientError> {
    const { file, upload } = this.job
    this.#isKnown = true
    this.#askedAt = this.#losses
    return this.#connection.requests.UploadStart({
      componentId: componentId as ComponentId,
      upload,
      uploadId: this.#uploadId,
      ...file.declared,
      ...(this.#token === undefined ? {} : { token: this.#token })
    })
  }

  /** Asks how much the server has of it; says whether the rest can be sent. */
  #begin(target: Target): Effect.Effect<boolean, LiveError> {
    return Effect.suspend(() => {
      const losses = this.#losses
      const before = this.#token
      this.#asking = "start"
      this.#early = 0
      return Effect.matchEffect(Effect.ensuring(this.#ask(target), this.#answered), {
        onFailure: (error) => this.#notNow(error),
        onSuccess: (started) =>
          Effect.sync(() => {
            // That of an upload that has ended is empty.
            if (started.token !== "") this.#token = started.token
            if (losses !== this.#losses) return false
            this.#begunAt = losses
            this.#failure = undefined
            this.#silent = 0
            this.#window.begin(started)
            // That of another upload of this name was lost with it.
            if (before === this.#token) this.#window.acknowledge(this.#early, this.#now())
            this.reporter.received(this.#window.received)
            this.reporter.show({ status: "uploading" })
            return true
          })
      })
    })
  }

  /** Sends the rest; says whether all of it is stored. */
  get #send(): Effect.Effect<boolean, LiveError> {
    const watch = Effect.repeat(
      Effect.sync(() => this.#look()),
      Schedule.spaced(reportInterval)
    )
    return Effect.flatMap(Effect.forkChild(watch), (watching) =>
      Effect.ensuring(this.#sendRest, Fiber.interrupt(watching))
    )
  }

  readonly #sendRest: Effect.Effect<boolean, LiveError> = Effect.gen({ self: this }, function* () {
    while (this.#isBegun) {
      this.#changed.closeUnsafe()
      if (this.#failure !== undefined) return yield* this.#ended(this.#failure)
      if (this.#window.isStored) return true
      if (this.#isPaused) {
        yield* this.#stay
        this.#silent = 0
        continue
      }
      this.reporter.show({ status: "uploading" })
      if (this.#isSilent) {
        // The server says how much it has.
        if (!this.#window.isDoubtful) return false
        this.#silent = 0
        this.#window.goBack()
      }
      const part = this.#window.next()
      if (part === undefined) {
        yield* this.#changed.await
        continue
      }
      const { length, offset } = part
      const isWanted = () => this.#isBegun && !this.#isPaused && this.#window.sent === offset
      const bytes = yield* this.job.file.read(offset, length)
      if (yield* this.#connection.uploads.send({ uploadId: this.#uploadId, offset, bytes }, isWanted)) {
        this.#window.push(length, this.#now())
      } else if (isWanted()) yield* this.#changed.await // The socket is gone, which is about to be told.
    }
    return false
  })

  /** Asks for the end; gives nothing when it has to be begun again. */
  readonly #complete: Effect.Effect<UploadCompleted | undefined, LiveError> = Effect.suspend(() => {
    this.#asking = "complete"
    this.#askedAt = this.#losses
    this.reporter.show({ status: "completing" })
    const asked = this.#connection.requests.UploadComplete({ uploadId: this.#uploadId })
    return Effect.ensuring(asked, this.#answered).pipe(
      Effect.catch((error) => Effect.as(this.#notNow(error), undefined))
    )
  })

  readonly #answered: Effect.Effect<void> = Effect.sync(() => void (this.#asking = undefined))

  /** A request was not granted. Ends when it is to be tried again. */
  #notNow(error: LiveError | RpcClientError): Effect.Effect<false, LiveError> {
    if (error._tag === "RpcClientError" || error.reason._tag === "Draining") return this.#nextConnection
    const { reason } = error
    if (this.#connection.isDraining() && reason._tag === "InstanceStopped") return this.#nextConnection
    if (reason._tag !== "UploadRejected") return Effect.fail(error)
    if (passing.has(reason.reason)) {
      this.reporter.show({ status: "waiting", error })
      return Effect.as(Effect.sleep(Math.max(reason.retryAfter ?? pause, 1)), false)
    }
    return this.#ended(reason)
  }

  /** The server has ended it, or does not know it. */
  #ended(reason: UploadRejected): Effect.Effect<false, LiveError> {
    this.#failure = undefined
    if (this.#connection.isDraining() && reason.reason === "cancelled") return this.#nextConnection
    const isLost = reason.reason === "unknown" || reason.reason === "idle"
    if (!isLost || this.#token === undefined || this.#unknown >= maxUnknown) {
      return Effect.fail(new LiveError({ reason }))
    }
    this.#unknown++
    this.#anew()
    return Effect.succeed(false)
  }

  /** Nothing the server had of it is there. */
  #anew(): void {
    this.#unroute()
    this.#uploadId = this.#connection.uploads.makeId()
    this.#unroute = this.#connection.uploads.route(this.#uploadId, this)
    this.#token = undefined
    this.#begunAt = -1
    this.reporter.received(0)
  }

  /** The answer was lost with its connection, which is about to be told, or the server is about to end. */
  readonly #nextConnection: Effect.Effect<false> = Effect.suspend(() => {
    this.#changed.closeUnsafe()
    if (this.#askedAt !== this.#losses || this.job.target() === undefined) return Effect.succeed(false)
    return Effect.as(Effect.timeoutOption(this.#changed.await, pause), false)
  })

  get #isSilent(): boolean {
    return this.#silent >= (this.#window.isDoubtful ? doubtfulSilence : silence)
  }

  /** Reports, and finds out whether something that was sent is not heard of. */
  #look(): void {
    this.reporter.report()
    if (!this.#window.isWaiting || this.#isPaused) return
    this.#silent++
    if (this.#isSilent) this.wake()
  }

  #end(exit: Exit.Exit<UploadCompleted, LiveError>): void {
    if (isOver(this.reporter.told)) return
    this.#unroute()
    if (Exit.isSuccess(exit)) this.reporter.show({ status: "completed", completed: exit.value })
    else {
      const failure = exit.cause.reasons.find(Cause.isFailReason)
      const error = failure?.error ?? rejected(this.job.upload, "cancelled", "it was interrupted")
      const isCancelled = error.reason._tag === "UploadRejected" && error.reason.reason === "cancelled"
      this.reporter.show({ status: isCancelled ? "cancelled" : "failed", error })
      if (this.#isKnown) this.job.abandoned(this.#uploadId)
    }
    // Whoever waits for it finds it ended.
    Deferred.doneUnsafe(this.result, exit)
  }
}

const rejected = (upload: string, reason: UploadRejection, detail: string): LiveError =>
  new LiveError({ reason: new UploadRejected({ upload, reason, detail }) })
