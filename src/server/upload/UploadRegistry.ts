/**
 * The uploads of one server that are not complete, whatever their sessions: begins them, goes on with those that a
 * session or an earlier process has left, and removes what nobody finishes.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import * as Monotonic from "../../actor/Monotonic.ts"
import { type LiveError, refuse, UploadRejected } from "../../LiveError.ts"
import * as Log from "../../Log.ts"
import type { Principal } from "../../Principal.ts"
import * as Upload from "../../Upload.ts"
import * as IdGenerator from "../IdGenerator.ts"
import type { TraceContext } from "../instance/TraceContext.ts"
import * as Tracing from "../instance/Tracing.ts"
import * as LiveConfig from "../LiveConfig.ts"
import * as RightsInForce from "../security/RightsInForce.ts"
import * as Permission from "../security/Permission.ts"
import { LimitedStore, noRoom } from "./LimitedStore.ts"
import { RunningUpload, type UploadListener, type UploadTarget } from "./RunningUpload.ts"
import type { UploadInfo } from "./UploadInfo.ts"
import { type Reservation, type UploadOwner, UploadQuota } from "./UploadQuota.ts"
import * as UploadRunner from "./UploadRunner.ts"
import { type PartialFile, UploadStore } from "./UploadStore.ts"
import * as UploadToken from "./UploadToken.ts"

/** A file that a client wants to send. */
export interface UploadRequest {
  readonly uploadId: string
  readonly upload: string
  readonly policy: Upload.UploadPolicy
  readonly declared: Upload.DeclaredFile
  /** Of an upload that is to go on. */
  readonly token: string | undefined
  /** Whether the client can name it when its session is gone. */
  readonly isResumable: boolean
  readonly trace: TraceContext | undefined
}

/** Who sends it, and where it goes. */
export interface UploadEnds {
  readonly owner: UploadOwner
  readonly principal: Principal | undefined
  readonly listener: UploadListener
  readonly target: UploadTarget
}

/** What has become of uploads since the server began. */
export interface UploadTotals {
  started: number
  completed: number
  failed: number
  /** Bytes that were stored. */
  bytes: number
}

/** The uploads of one server. */
export class UploadRegistry extends Context.Service<
  UploadRegistry,
  {
    /** Begins an upload, or goes on with the one of its token. */
    readonly start: (request: UploadRequest, ends: UploadEnds) => Effect.Effect<RunningUpload, LiveError>
    /** A running upload is for this client and this instance from now on. */
    readonly attachUnsafe: (upload: RunningUpload, uploadId: string, ends: UploadEnds) => void
    /** The client of an upload is gone: it is kept for a while, if the client can find it again. */
    readonly leaveUnsafe: (upload: RunningUpload, listener: UploadListener) => void
    readonly list: Effect.Effect<ReadonlyArray<UploadInfo>>
    /** How many there are, and bytes that are held in memory. */
    readonly sizeUnsafe: () => { readonly uploads: number; readonly bytes: number }
    readonly totalsUnsafe: () => Readonly<UploadTotals>
    /** The server is about to end: what its instances leave is kept for the next one. */
    readonly drainUnsafe: () => void
  }
>()("fibra/server/UploadRegistry") {}

/** How often uploads are looked at, as a part of the time after which one is ended. */
const lookingShare = 0.25

const make = Effect.gen(function* () {
  const config = yield* LiveConfig.LiveConfig
  const store = new LimitedStore(yield* UploadStore, config.storeTimeout)
  const rights = yield* RightsInForce.current
  const clock = yield* Clock.Clock
  const fork = Effect.runForkWith(yield* Effect.context<never>())
  const makeSecret = IdGenerator.makeSecretSource()
  const sampler = new Tracing.TraceSampler(config.traceSampling)
  const quota = new UploadQuota(config)
  const running = new Map<string, RunningUpload>()
  /** Those that are being begun: one token is used once at a time. */
  const opening = new Set<string>()
  const totals: UploadTotals = { started: 0, completed: 0, failed: 0, bytes: 0 }
  let draining = false
  const now = () => Monotonic.millisUnsafe(clock)
  /** 128 random bits, also where capital letters are not told apart. */
  const makeId = () => Buffer.from(makeSecret(), "base64url").toString("hex")
  const host: UploadRunner.RunnerHost = {
    store,
    stored: (bytes) => void (totals.bytes += bytes),
    makeName: makeId,
    urlOf: (storedName) => `${config.uploadsPath}/${storedName}`
  }

  const leave = (upload: RunningUpload): void => {
    upload.detach()
    if (!upload.beginning.isResumable) upload.fail("cancelled", "its client is gone")
  }

  const attach = (upload: RunningUpload, uploadId: string, { listener, target }: UploadEnds): void =>
    upload.attach(uploadId, listener, target, () => {
      if (draining) leave(upload)
      else upload.fail("cancelled", "its component has stopped")
    })

  const drive = (upload: RunningUpload, file: PartialFile, trace: TraceContext | undefined): void => {
    const { target } = upload
    const { component, declared, id, upload: name } = upload.beginning
    running.set(id, upload)
    totals.started++
    // Flat, so that the span of an upload that fails has failed.
    const driven = Tracing.around(Effect.flatten(UploadRunner.run(host, upload, file)), {
      name: `${component}.${name}.upload`,
      trace,
      sampler,
      attributes: {
        "fibra.component": component,
        "fibra.instance": target?.instanceId,
        ...(target?.key === undefined ? {} : { "fibra.key": target.key }),
        "fibra.upload": name,
        "fibra.upload.size": declared.size
      }
    })
    const ended = Effect.flatMap(Effect.exit(driven), (outcome) => {
      running.delete(id)
      totals[Exit.isSuccess(outcome) ? "completed" : "failed"]++
      upload.over(outcome)
      return outcome
    })
    upload.fiber = fork(Effect.uninterruptible(ended))
    if (upload.ended !== undefined) upload.fiber.interruptUnsafe()
  }

  /** Fails when Authorization does not grant it. */
  const allowed = ({ declared, upload }: UploadRequest, { principal, target }: UploadEnds) => {
    const { component, key } = target
    const asking = { component, key, principal }
    const right = rights.upload({ ...asking, upload, file: declared })
    if (right === undefined) return Effect.void
    return Permission.checkWithin(config.authenticationTimeout, right, () => `Uploading "${upload}" to "${component}"`)
  }

  /** Fails when the file would leave too little room. */
  const fits = Effect.fnUntraced(function* (upload: string, size: number) {
    const free = yield* store.run("measure", upload, store.store.free)
    let promised = size
    for (const { beginning, received } of running.values()) promised += beginning.declared.size - received
    if (free - promised >= config.minFreeDisk) return
    return yield* refuse(noRoom(upload))
  })

  const prepared = (request: UploadRequest, ends: UploadEnds, [id, secret]: UploadToken.Parts): RunningUpload => {
    const { declared, isResumable, policy, upload } = request
    const { component } = ends.target
    const principal = ends.principal?.id
    const window = config.uploadWindow
    return new RunningUpload({ id, secret, upload, policy, declared, isResumable, window, principal, component, now })
  }

  const begin = Effect.fnUntraced(function* (request: UploadRequest, ends: UploadEnds) {
    const { declared, upload: name } = request
    yield* fits(name, declared.size)
    const upload = prepared(request, ends, [makeId(), makeSecret()])
    const record = UploadToken.recordOf(upload.beginning)
    return [upload, yield* store.run("create", name, store.store.create(upload.beginning.id, record))] as const
  })

  /** What an earlier process has left of the upload of this token. */
  const reopen = Effect.fnUntraced(function* (request: UploadRequest, ends: UploadEnds, parts: UploadToken.Parts) {
    const { declared, upload: name } = request
    const left = yield* store.run("open", name, store.store.reopen(parts[0]))
    if (left === undefined) return undefined
    const upload = prepared(request, ends, parts)
    const record = UploadToken.read(left.about)
    const isSame = record !== undefined && UploadToken.isRecordOf(record, upload.beginning)
    if (!isSame || left.size > declared.size) {
      yield* store.ignore("open", name, left.file.close)
      return undefined
    }
    // It is read for its digest, as long as that takes.
    const restored = Stream.runForEach(left.file.content, (piece) => Effect.sync(() => upload.restore(piece)))
    yield* Effect.onError(store.failing(name, restored), () => store.ignore("open", name, left.file.close))
    return [upload, left.file] as const
  })

  /** Goes on with what runs here. */
  const goOn = (upload: RunningUpload, request: UploadRequest, ends: UploadEnds, parts: UploadToken.Parts) =>
    Effect.flatMap(allowed(request, ends), () => {
      const isSame = UploadToken.isFor(upload.beginning, prepared(request, ends, parts).beginning)
      if (!isSame || upload.isOver) {
        const detail = "there is no such upload"
        return refuse(new UploadRejected({ upload: request.upload, reason: "unknown", detail }))
      }
      attach(upload, request.uploadId, ends)
      return Effect.succeed(upload)
    })

  /** Takes a place, and begins anew or goes on with what an earlier process has left. */
  const open = Effect.fnUntraced(function* (
    request: UploadRequest,
    ends: UploadEnds,
    parts: UploadToken.Parts | undefined
  ) {
    yield* allowed(request, ends)
    const left = parts === undefined ? undefined : yield* reopen(request, ends, parts)
    const [upload, file] = left ?? (yield* begin(request, ends))
    return { upload, file }
  })

  /** The oldest that its client has left: of this owner, or where there is none and the server is full, of anybody. */
  const abandoned = (owner: string, bytes: number): RunningUpload | undefined => {
    const left = Array.from(running.values()).filter(
      ({ isAttached, isCompleting, isOver }) => !isAttached && !isCompleting && !isOver
    )
    return left.find((upload) => upload.owner === owner) ?? (quota.isFull(bytes) ? left[0] : undefined)
  }

  /** Takes a place. What its client has left makes room for what somebody is sending: a page may be reloaded often. */
  const enter = (upload: string, owner: UploadOwner, bytes: number): Reservation | UploadRejected => {
    const place = quota.enter(upload, owner, bytes)
    const left =
      place instanceof UploadRejected && place.retryAfter !== undefined ? abandoned(owner.name, bytes) : undefined
    if (left === undefined) return place
    left.reservation?.leave()
    left.fail("idle", "its client had left it, and another took its place")
    return enter(upload, owner, bytes)
  }

  const start = (request: UploadRequest, ends: UploadEnds): Effect.Effect<RunningUpload, LiveError> =>
    Effect.suspend(() => {
      const { declared, policy, token, upload: name } = request
      const rejected = Upload.check(name, policy, declared)
      if (rejected !== undefined) return refuse(rejected)
      const parts = token === undefined ? undefined : UploadToken.parse(token)
      const here = parts === undefined ? undefined : running.get(parts[0])
      if (here !== undefined && parts !== undefined) return goOn(here, request, ends, parts)
      if (parts !== undefined && opening.has(parts[0])) {
        const detail = "it is being resumed already"
        return refuse(new UploadRejected({ upload: name, reason: "tooMany", detail, retryAfter: 1000 }))
      }
      const place = enter(name, ends.owner, declared.size)
      if (place instanceof UploadRejected) return refuse(place)
      if (parts !== undefined) opening.add(parts[0])
      return Effect.uninterruptibleMask((restore) =>
        restore(open(request, ends, parts)).pipe(
          Effect.map(({ file, upload }) => {
            upload.reservation = place
            upload.owner = ends.owner.name
            attach(upload, request.uploadId, ends)
            drive(upload, file, request.trace)
            return upload
          }),
          Effect.onError(() => Effect.sync(place.leave)),
          Effect.ensuring(Effect.sync(() => void (parts !== undefined && opening.delete(parts[0]))))
        )
      )
    })

  const idle = Duration.toMillis(config.uploadIdleTimeout)
  const linger = Duration.toMillis(config.uploadLinger)
  const look = Effect.sync(() => {
    const at = now()
    for (const upload of running.values()) {
      const silent = at - upload.heardAt
      if (upload.isAttached) {
        if (upload.isAwaited && silent >= idle) upload.fail("idle", "nothing of it was sent for too long")
      } else if (!upload.isCompleting && silent >= linger) upload.fail("idle", "its client did not come back")
    }
  })
  const interval = Duration.millis(Math.max(1, idle * lookingShare))
  yield* Effect.forkScoped(Effect.schedule(look, Schedule.spaced(interval)))
  const sweep = Effect.suspend(() =>
    Log.ignore(
      store.limited(
        "sweep",
        "uploads",
        store.store.sweep(config.uploadLinger, (id) => running.has(id) || opening.has(id))
      ),
      "Uploads that nobody finishes were not removed"
    )
  )
  yield* Effect.forkScoped(Effect.repeat(sweep, Schedule.spaced("5 minutes")))

  yield* Effect.addFinalizer(() =>
    Effect.suspend(() => {
      const left = Array.from(running.values())
      for (const upload of left) {
        upload.isKept = upload.beginning.isResumable
        upload.fail("cancelled", "the server has ended")
      }
      const ended = Effect.forEach(left, ({ fiber }) => (fiber === undefined ? Effect.void : Fiber.await(fiber)), {
        concurrency: "unbounded",
        discard: true
      })
      return Effect.asVoid(Effect.timeoutOption(ended, config.storeTimeout))
    })
  )

  return UploadRegistry.of({
    start,
    attachUnsafe: attach,
    leaveUnsafe: (upload, listener) => {
      if (upload.isOf(listener)) leave(upload)
    },
    list: Effect.sync(() => Array.from(running.values(), ({ info }) => info)),
    sizeUnsafe: () => {
      let bytes = 0
      for (const { waiting } of running.values()) bytes += waiting
      return { uploads: running.size, bytes }
    },
    totalsUnsafe: () => totals,
    drainUnsafe: () => void (draining = true)
  })
})

/** No uploads at first. Those that run when the Scope closes are kept, if the store can keep them. */
export const layer: Layer.Layer<UploadRegistry, never, UploadStore> = Layer.effect(UploadRegistry, make)
