/** An upload, as an Effect program uses it. */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as LatestStream from "../LatestStream.ts"
import type { LiveError } from "../LiveError.ts"
import type { UploadCompleted } from "../LiveProtocol.ts"
import type { DeclaredFile } from "../Upload.ts"
import { isOver, type UploadProgress } from "./UploadProgress.ts"
import type { UploadTask } from "./UploadTask.ts"

/** An upload that was begun. */
export interface FileUpload {
  readonly file: DeclaredFile
  /** How far it is. */
  readonly progress: Effect.Effect<UploadProgress>
  /**
   * How far it is, now and after every change, until it has ended: each change of its status, and its bytes at most ten
   * times a second. A slow consumer gets the latest and misses those in between.
   */
  readonly changes: Stream.Stream<UploadProgress>
  /** Sends nothing more until it is resumed. The server keeps what it has. */
  readonly pause: Effect.Effect<void>
  readonly resume: Effect.Effect<void>
  /** Ends it, and has the server remove what it has. Does nothing once it is `completing`. */
  readonly cancel: Effect.Effect<void>
  /** The file on the server, when the behaviour has taken it. Interrupting this does not cancel the upload. */
  readonly result: Effect.Effect<UploadCompleted, LiveError>
}

/** The handle of an upload. */
export const make = (task: UploadTask): FileUpload => ({
  file: task.job.file.declared,
  progress: Effect.sync(() => task.reporter.told),
  changes: Stream.takeUntil(
    Stream.changes(
      LatestStream.make<UploadProgress>((tell) => {
        tell(task.reporter.told)
        return task.reporter.listen(() => tell(task.reporter.told))
      })
    ),
    isOver
  ),
  pause: Effect.sync(() => task.pause()),
  resume: Effect.sync(() => task.resume()),
  cancel: Effect.sync(() => task.cancel()),
  result: Deferred.await(task.result)
})
