/** Runs one upload: stores its pieces, checks the whole, has its instance handle it, and clears up however it ends. */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { InstanceStopped, LiveError, UploadRejected } from "../../LiveError.ts"
import type { UploadCompleted } from "../../LiveProtocol.ts"
import * as Log from "../../Log.ts"
import * as FileType from "./FileType.ts"
import type { LimitedStore } from "./LimitedStore.ts"
import type { RunningUpload, UploadOutcome, UploadTarget } from "./RunningUpload.ts"
import type { PartialFile } from "./UploadStore.ts"

/** What it needs of the server. */
export interface RunnerHost {
  readonly store: LimitedStore
  /** Bytes were stored. */
  readonly stored: (bytes: number) => void
  /** A new name for a file, without its extension. */
  readonly makeName: () => string
  readonly urlOf: (storedName: string) => string
}

/** Runs an upload until it has ended in some way. Has to be uninterruptible: only the upload itself is interrupted. */
export const run = (host: RunnerHost, upload: RunningUpload, file: PartialFile): Effect.Effect<UploadOutcome> => {
  const { store } = host
  const { upload: name } = upload.beginning
  /** The name of the file once it has one. */
  let storedName: string | undefined
  const finish = (upload: RunningUpload, target: UploadTarget) =>
    Effect.gen(function* () {
      const { declared, policy } = upload.beginning
      const found = yield* checked(upload, FileType.judge(name, policy, declared.name, upload.content))
      storedName = `${host.makeName()}.${found.extension}`
      const facts = {
        name: declared.name,
        url: host.urlOf(storedName),
        size: declared.size,
        type: found.type,
        sha256: upload.content.digest()
      }
      yield* store.run("finish", name, file.finish(storedName, found.type), declared.size)
      yield* target.deliver(name, { ...facts, storedName, stream: store.store.read(storedName) })
      const completed: UploadCompleted = { uploadId: upload.uploadId, ...facts }
      return completed
    })
  const append = (bytes: Uint8Array) =>
    Effect.map(store.run("append", name, file.append(bytes)), () => host.stored(bytes.length))
  /** Removes what there is of it, or keeps that for the next process. */
  const clear = Effect.suspend(() => {
    if (storedName !== undefined) {
      const removed = store.ignore("remove", name, store.store.remove(storedName))
      // It may not have its name yet.
      return Effect.andThen(removed, store.ignore("remove", name, file.abort))
    }
    return store.ignore("remove", name, upload.isKept ? file.close : file.abort)
  })
  return Effect.flatMap(
    Effect.exit(Effect.interruptible(upload.run({ append, finish }))),
    (exit): Effect.Effect<UploadOutcome> => {
      if (Exit.isSuccess(exit)) return Effect.succeed(exit)
      const said = Cause.hasDies(exit.cause)
        ? Log.error("An upload failed", { upload: name, cause: exit.cause })
        : Effect.void
      return Effect.as(Effect.andThen(said, clear), Exit.fail(errorOf(upload, exit.cause)))
    }
  )
}

/** Why it has failed, as its client is told. */
const errorOf = ({ beginning: { upload }, ended, target }: RunningUpload, cause: Cause.Cause<LiveError>): LiveError => {
  if (ended !== undefined) return new LiveError({ reason: ended })
  const failure = cause.reasons.find(Cause.isFailReason)?.error
  if (failure === undefined) {
    if (Cause.hasInterruptsOnly(cause)) {
      return new LiveError({ reason: new InstanceStopped({ component: target?.component ?? "" }) })
    }
    return new LiveError({ reason: new UploadRejected({ upload, reason: "store", detail: "it could not be checked" }) })
  }
  const { reason } = failure
  // A behaviour that refuses a file need not know what the upload is called.
  return reason._tag === "UploadRejected" && reason.upload === ""
    ? new LiveError({ reason: new UploadRejected({ ...reason, upload }) })
    : failure
}

const checked = <A>(
  { beginning: { declared, upload }, received }: RunningUpload,
  judged: Effect.Effect<A, UploadRejected>
): Effect.Effect<A, LiveError> => {
  const detail = `it has ${received} bytes, and ${declared.size} were declared`
  const right =
    received === declared.size ? judged : Effect.fail(new UploadRejected({ upload, reason: "size", detail }))
  return Effect.mapError(right, (reason) => new LiveError({ reason }))
}
