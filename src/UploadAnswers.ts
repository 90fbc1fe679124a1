/** The answers to the requests of an upload, apart from those that every page reads. */
import * as Schema from "effect/Schema"

/** The answer: bytes follow as binary frames, beginning at `received`. */
export const UploadStarted = Schema.Struct({
  uploadId: Schema.String,
  /** Names the upload when its session is gone. Secret. */
  token: Schema.String,
  /** Bytes that should be sent at once. */
  chunkSize: Schema.Int,
  /** Bytes that may be sent and not acknowledged by `UploadReceived`. */
  window: Schema.Int,
  /** Bytes that need not be sent. */
  received: Schema.Natural
})
/** The answer: bytes follow as binary frames, beginning at `received`. */
export type UploadStarted = typeof UploadStarted.Type

/** A file that has arrived whole, and was taken. */
export const UploadCompleted = Schema.Struct({
  uploadId: Schema.String,
  /** What the client calls it. */
  name: Schema.String,
  /** Where the server serves it: a path. */
  url: Schema.String,
  /** Bytes. */
  size: Schema.Natural,
  /** The MIME type of its content. */
  type: Schema.String,
  /** In hexadecimal digits. */
  sha256: Schema.String
})
/** A file that has arrived whole, and was taken. */
export type UploadCompleted = typeof UploadCompleted.Type
