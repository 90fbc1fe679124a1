/**
 * The uploads of one session, by the names that its client gives them: those under way, and for a while the outcomes of
 * those that have ended. Names from a client are looked up only here, so one of another session is not found.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import { Draining, LiveError, type LiveErrorReason, UploadRejected } from "../../LiveError.ts"
import type { UploadStarted } from "../../LiveProtocol.ts"
import type { DeclaredFile } from "../../Upload.ts"
import type { InstanceRef } from "../instance/InstanceRef.ts"
import type { TraceContext } from "../instance/TraceContext.ts"
import * as Tracing from "../instance/Tracing.ts"
import * as UploadHandlers from "../instance/UploadHandlers.ts"
import type { RunningUpload, UploadListener, UploadOutcome, UploadTarget } from "../upload/RunningUpload.ts"
import type { UploadEnds, UploadRegistry } from "../upload/UploadRegistry.ts"
import * as UploadToken from "../upload/UploadToken.ts"
import { notMounted, outcomeOf } from "./CallOutcome.ts"
import type { ClientFeed } from "./ClientFeed.ts"
import { over, type Pending, type ReplyListener } from "./ReplyListener.ts"
import type { MountHost } from "./SessionMounts.ts"

/** What a client says to begin an upload, or to go on with it. */
export interface UploadStart {
  readonly componentId: string
  /** The name of the upload in the contract; undefined: the only one that the component has. */
  readonly upload: string | undefined
  readonly uploadId: string
  readonly declared: DeclaredFile
  readonly token: string | undefined
  /** Whether the client keeps the token that it is given. */
  readonly isResumable: boolean
  readonly trace: TraceContext | undefined
}

/** The answer to the start of an upload. */
export type StartExit = Exit.Exit<UploadStarted, LiveError>

/** What the uploads of all sessions share. */
export interface UploadHost extends Pick<MountHost, "isDraining" | "run"> {
  readonly uploads: UploadRegistry["Service"]
}

/** The mounts of the session. */
export interface MountedInstances {
  readonly instance: (componentId: string) => InstanceRef | undefined
  readonly ids: ReadonlyArray<string>
}

/** Outcomes that are kept for clients that have missed them. */
const maxOutcomes = 32

/** One upload of a session. */
interface Entry {
  readonly componentId: string
  readonly start: UploadStart
  readonly upload: string
  starting: Fiber.Fiber<RunningUpload, LiveError> | undefined
  running: RunningUpload | undefined
  outcome: UploadOutcome | undefined
}

/** The uploads of one session. */
export class SessionUploads implements UploadListener {
  readonly #host: UploadHost
  readonly #feed: ClientFeed
  readonly #mounts: MountedInstances
  readonly #entries = new Map<string, Entry>()

  constructor(host: UploadHost, feed: ClientFeed, mounts: MountedInstances) {
    this.#host = host
    this.#feed = feed
    this.#mounts = mounts
  }

  get isConnected(): boolean {
    return this.#feed.connection !== undefined
  }

  /** Whether none is under way. */
  get isEmpty(): boolean {
    for (const { outcome } of this.#entries.values()) if (outcome === undefined) return false
    return true
  }

  received(uploadId: string, received: number): void {
    this.#feed.connection?.uploads?.received(uploadId, received)
  }

  failed(uploadId: string, reason: UploadRejected, isAsked: boolean): void {
    this.#feed.connection?.uploads?.failed(uploadId, reason, isAsked)
  }

  /** Whether there is or was one of this name. */
  knows(uploadId: string): boolean {
    return this.#entries.has(uploadId)
  }

  /** The one under way of this name. */
  find(uploadId: string): RunningUpload | undefined {
    return this.#entries.get(uploadId)?.running
  }

  /** The only component of the session that takes uploads; undefined when there are none or several. */
  get only(): string | undefined {
    const takers = this.#mounts.ids.filter((id) => (this.#mounts.instance(id)?.component.codec.uploads.size ?? 0) > 0)
    return takers.length === 1 ? takers[0] : undefined
  }

  /** Begins an upload, or goes on with it. */
  start(asked: UploadStart, listener: Pick<ReplyListener<StartExit>, "answered">): Pending {
    const refuse = (reason: LiveErrorReason): Pending => {
      listener.answered(Exit.fail(new LiveError({ reason })))
      return over
    }
    const { uploadId } = asked
    const instance = this.#mounts.instance(asked.componentId)
    if (instance === undefined) return refuse(notMounted("Uploading to", asked.componentId))
    const { uploads } = instance.component.codec
    const name = asked.upload ?? (uploads.size === 1 ? (uploads.keys().next().value ?? "") : "")
    const policy = uploads.get(name)
    if (policy === undefined) return refuse(unknown(name, "the component has no such upload"))
    const known = this.#entries.get(uploadId)
    if (known !== undefined) {
      if (!isSame(known.start, asked)) return refuse(unknown(name, "the id belongs to another upload"))
      return this.#again(known, asked, instance, listener)
    }
    if (this.#host.isDraining()) return refuse(new Draining())
    if (this.#count(instance, name) >= policy.maxFiles) {
      const detail = `${policy.maxFiles} at a time are taken here`
      return refuse(new UploadRejected({ upload: name, reason: "tooMany", detail, retryAfter: 1000 }))
    }
    const entry: Entry = {
      componentId: instance.id,
      start: asked,
      upload: name,
      starting: undefined,
      running: undefined,
      outcome: undefined
    }
    this.#entries.set(uploadId, entry)
    const fiber = this.#host.run(this.#host.uploads.start({ ...asked, upload: name, policy }, this.#ends(instance)))
    const started = (exit: Exit.Exit<RunningUpload, LiveError>) => {
      entry.starting = undefined
      if (Exit.isFailure(exit)) {
        if (this.#entries.get(uploadId) === entry) this.#entries.delete(uploadId)
        return
      }
      entry.running = exit.value
      if (this.#entries.get(uploadId) === entry) this.#follow(uploadId, entry, exit.value)
      else this.#host.uploads.leaveUnsafe(exit.value, this)
    }
    entry.starting = fiber
    fiber.addObserver(started)
    return this.#answered(entry, fiber, listener)
  }

  /** All was sent. */
  complete(uploadId: string, listener: Pick<ReplyListener<UploadOutcome>, "answered">): Pending {
    const { outcome, running } = this.#entries.get(uploadId) ?? {}
    if (outcome !== undefined || running === undefined) {
      listener.answered(outcome ?? Exit.fail(new LiveError({ reason: unknownUpload })))
      return over
    }
    const told = (outcome: UploadOutcome) => listener.answered(outcome)
    running.complete(told)
    return { cancel: () => running.forget(told) }
  }

  /** The client does not want it any more. Whether there was one. */
  cancel(uploadId: string): boolean {
    const entry = this.#entries.get(uploadId)
    if (entry === undefined || entry.outcome !== undefined) return entry !== undefined
    entry.starting?.interruptUnsafe()
    entry.running?.cancel()
    return true
  }

  /** Ends those whose instances are not mounted any more. */
  review(): void {
    for (const entry of this.#entries.values()) {
      if (entry.outcome !== undefined || this.#mounts.instance(entry.componentId) !== undefined) continue
      entry.starting?.interruptUnsafe()
      entry.running?.fail("cancelled", "its component was unmounted")
    }
  }

  /** The session has ended: others may go on with what is under way. */
  close(): void {
    for (const { running, starting } of this.#entries.values()) {
      starting?.interruptUnsafe()
      if (running !== undefined) this.#host.uploads.leaveUnsafe(running, this)
    }
    this.#entries.clear()
  }

  /** The same upload is begun a second time: the client was away, or did not get the answer. */
  #again(
    entry: Entry,
    asked: UploadStart,
    instance: InstanceRef,
    listener: Pick<ReplyListener<StartExit>, "answered">
  ): Pending {
    const { outcome, running, starting } = entry
    if (starting !== undefined) return this.#answered(entry, starting, listener)
    if (outcome !== undefined) {
      const { declared, uploadId } = asked
      const nothingMore = { uploadId, token: "", chunkSize: 1, window: 1, received: declared.size }
      listener.answered(Exit.map(outcome, () => nothingMore))
      return over
    }
    if (running === undefined) return over
    running.heard()
    if (running.target?.instanceId !== instance.id && !running.isCompleting) {
      this.#host.uploads.attachUnsafe(running, asked.uploadId, this.#ends(instance))
    }
    listener.answered(Exit.succeed(startedOf(asked.uploadId, running)))
    return over
  }

  #answered(
    entry: Entry,
    fiber: Fiber.Fiber<RunningUpload, LiveError>,
    listener: Pick<ReplyListener<StartExit>, "answered">
  ): Pending {
    const { upload, start } = entry
    fiber.addObserver((exit) =>
      listener.answered(
        Exit.isSuccess(exit)
          ? Exit.succeed(startedOf(start.uploadId, exit.value))
          : Exit.hasInterrupts(exit)
            ? Exit.fail(
                new LiveError({
                  reason: new UploadRejected({ upload, reason: "cancelled", detail: "it was cancelled" })
                })
              )
            : Exit.failCause(exit.cause)
      )
    )
    return over
  }

  /** Keeps the outcome for a while. */
  #follow(uploadId: string, entry: Entry, running: RunningUpload): void {
    running.follow((outcome) => {
      entry.running = undefined
      entry.outcome = outcome
      if (this.#entries.get(uploadId) !== entry) return
      // The newest are last.
      this.#entries.delete(uploadId)
      this.#entries.set(uploadId, entry)
      const ended = Array.from(this.#entries).filter(([, { outcome }]) => outcome !== undefined)
      for (const [id] of ended.slice(0, -maxOutcomes)) this.#entries.delete(id)
    })
  }

  #count(instance: InstanceRef, upload: string): number {
    let count = 0
    for (const entry of this.#entries.values()) {
      if (entry.outcome === undefined && entry.componentId === instance.id && entry.upload === upload) count++
    }
    return count
  }

  #ends(instance: InstanceRef): UploadEnds {
    const { address, principal } = this.#feed
    const name = principal === undefined ? `address ${address ?? ""}` : `principal ${principal.id}`
    return { owner: { session: this, name }, principal, listener: this, target: this.#target(instance) }
  }

  #target(instance: InstanceRef): UploadTarget {
    const { client } = this.#feed
    const { component, id, key } = instance
    return {
      instanceId: id,
      component: component.componentName,
      key,
      onStop: (listener) => instance.onStop(listener),
      deliver: (upload, file) =>
        Effect.flatMap(Tracing.current, (trace) =>
          Effect.callback<void, LiveError>((resume) => {
            const tag = UploadHandlers.tagOf(upload)
            const cancel = instance.send(tag, file, { from: client, trace }, (exit) => {
              const outcome = outcomeOf(instance, tag, exit)
              resume(outcome._tag === "Refused" ? Effect.fail(outcome.error) : Effect.void)
            })
            return Effect.sync(cancel)
          })
        )
    }
  }
}

const startedOf = (uploadId: string, { beginning, received }: RunningUpload): UploadStarted => {
  const { id, policy, secret, window } = beginning
  const chunkSize = Math.min(policy.chunkSize, window)
  return { uploadId, token: UploadToken.make(id, secret), chunkSize, window, received }
}

/** There is no upload of the id that a client names. */
export const unknownUpload = new UploadRejected({
  upload: "",
  reason: "unknown",
  detail: "there is no upload of this id"
})

const unknown = (upload: string, detail: string): UploadRejected =>
  new UploadRejected({ upload: upload.slice(0, 256), reason: "unknown", detail })

const isSame = (known: UploadStart, asked: UploadStart): boolean =>
  known.upload === asked.upload &&
  known.declared.name === asked.declared.name &&
  known.declared.type === asked.declared.type &&
  known.declared.size === asked.declared.size
