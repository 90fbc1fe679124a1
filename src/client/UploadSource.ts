/** What can be uploaded: something with a size that is read in pieces, so that no more than a piece of it is in memory. */
import * as Effect from "effect/Effect"
import { LiveError, UploadRejected } from "../LiveError.ts"
import type { DeclaredFile } from "../Upload.ts"

/** A file that is read from anywhere. */
export interface ReadableSource {
  readonly name: string
  /** Its MIME type; empty when it is not known. */
  readonly type: string
  /** Bytes. */
  readonly size: number
  /** These bytes, all of them. An upload reads one piece at a time, and may read it again. */
  readonly read: (offset: number, length: number) => Effect.Effect<Uint8Array, unknown>
}

/** A `File` or another `Blob` (in Node `openAsBlob` makes one), bytes, or something that is read from elsewhere. */
export type UploadSource = Blob | Uint8Array | ReadableSource

/** What a source does not say of itself. */
export interface UploadOptions {
  /** The name of the file; a `Blob` that is no `File` has none, nor have bytes. */
  readonly name?: string | undefined
  /** Its MIME type. */
  readonly type?: string | undefined
}

/** A file as it is sent. */
export interface OpenedFile {
  readonly declared: DeclaredFile
  readonly read: (offset: number, length: number) => Effect.Effect<Uint8Array, LiveError>
}

/** A MIME type is not longer. */
const maxType = 256

/** Reads a source for the upload of this name. */
export const open = (upload: string, source: UploadSource, options: UploadOptions = {}): OpenedFile => {
  const { name, read, size, type } = readable(source)
  const given = options.type ?? type
  return {
    declared: { name: options.name ?? name, type: given.length > maxType ? "" : given, size },
    read: (offset, length) =>
      read(offset, length).pipe(
        Effect.mapError(() => unreadable(upload)),
        Effect.filterOrFail(
          (bytes) => bytes.length === length,
          () => unreadable(upload)
        )
      )
  }
}

const readable = (source: UploadSource): ReadableSource => {
  if (source instanceof Uint8Array) {
    const read = (offset: number, length: number) => Effect.succeed(source.subarray(offset, offset + length))
    return { name: "", type: "", size: source.length, read }
  }
  if ("read" in source) return source
  const { size, type } = source
  const name = "name" in source && typeof source.name === "string" ? source.name : ""
  const read = (offset: number, length: number) =>
    Effect.map(
      Effect.tryPromise(() => source.slice(offset, offset + length).arrayBuffer()),
      (buffer) => new Uint8Array(buffer)
    )
  return { name, type, size, read }
}

/** The file was removed or changed since it was chosen. */
const unreadable = (upload: string): LiveError =>
  new LiveError({
    reason: new UploadRejected({ upload, reason: "unreadable", detail: "it cannot be read any more; choose it again" })
  })
