/**
 * Where uploaded files are. A file grows under an id that nobody can guess, piece by piece and in order, and gets its
 * name when it is complete and checked: until then it cannot be read by that name, and after that it does not change.
 * This file has the interface and the implementation in memory, for tests.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Duration from "effect/Duration"
import * as Stream from "effect/Stream"
import * as Monotonic from "../../actor/Monotonic.ts"
import { UploadStoreError } from "./UploadStoreError.ts"

/** A file that is not complete. One operation at a time. */
export interface PartialFile {
  /** Adds these bytes, and has them when it ends. After that they may be used for something else. */
  readonly append: (bytes: Uint8Array) => Effect.Effect<void, UploadStoreError>
  /** Everything that was added. */
  readonly content: Stream.Stream<Uint8Array, UploadStoreError>
  /** Makes it durable under this name, which is new. `type` is its MIME type. */
  readonly finish: (name: string, type: string) => Effect.Effect<void, UploadStoreError>
  /** Removes it. */
  readonly abort: Effect.Effect<void, UploadStoreError>
  /** Nothing more is added by this process. A store that can keeps it for `reopen`; any other removes it. */
  readonly close: Effect.Effect<void, UploadStoreError>
}

/** A file that an earlier process has left. */
export interface LeftFile {
  readonly file: PartialFile
  /** Bytes of it that the store has. */
  readonly size: number
  /** What it was created with. */
  readonly about: string
}

/** A part of a file, in bytes. */
export interface FileRange {
  readonly offset: number
  readonly length: number
}

/** Where uploaded files are. */
export class UploadStore extends Context.Service<
  UploadStore,
  {
    /** Begins a file under this id (letters and digits). `about` is kept with it, for `reopen`. */
    readonly create: (id: string, about: string) => Effect.Effect<PartialFile, UploadStoreError>
    /** The unfinished file of this id; undefined when the store has none, or keeps none from process to process. */
    readonly reopen: (id: string) => Effect.Effect<LeftFile | undefined, UploadStoreError>
    /** Bytes of a finished file; undefined when there is none of that name. */
    readonly size: (name: string) => Effect.Effect<number | undefined, UploadStoreError>
    /** A finished file, or a part of it. */
    readonly read: (name: string, range?: FileRange) => Stream.Stream<Uint8Array, UploadStoreError>
    /** Removes a finished file, if there is one of that name. */
    readonly remove: (name: string) => Effect.Effect<void, UploadStoreError>
    /** Removes unfinished files that nobody has added to for so long, but for those in use. */
    readonly sweep: (age: Duration.Duration, isUsed: (id: string) => boolean) => Effect.Effect<void, UploadStoreError>
    /** Bytes that can still be stored; `Infinity` when the store does not know a limit. */
    readonly free: Effect.Effect<number, UploadStoreError>
  }
>()("fibra/server/UploadStore") {}

/** A file in memory that is not complete. */
interface Unfinished {
  readonly about: string
  readonly pieces: Array<Uint8Array>
  /** When something was added, in milliseconds since the epoch. */
  changed: number
}

const bytesOf = (pieces: ReadonlyArray<Uint8Array>): number => pieces.reduce((sum, { length }) => sum + length, 0)

/** In the memory of this process, for tests: everything that is uploaded stays there. */
export const layerMemory: Layer.Layer<UploadStore> = Layer.sync(UploadStore, () => {
  const unfinished = new Map<string, Unfinished>()
  const finished = new Map<string, Buffer>()
  const file = (id: string, own: Unfinished): PartialFile => ({
    append: (bytes) =>
      Effect.map(Monotonic.millis, (now) => {
        own.changed = now
        own.pieces.push(Buffer.from(bytes))
      }),
    content: Stream.suspend(() => Stream.fromIterable(own.pieces)),
    finish: (name) =>
      Effect.sync(() => {
        finished.set(name, Buffer.concat(own.pieces))
        unfinished.delete(id)
      }),
    abort: Effect.sync(() => void unfinished.delete(id)),
    close: Effect.void
  })
  return UploadStore.of({
    create: (id, about) =>
      Effect.map(Monotonic.millis, (changed) => {
        const own: Unfinished = { about, changed, pieces: [] }
        unfinished.set(id, own)
        return file(id, own)
      }),
    reopen: (id) =>
      Effect.sync(() => {
        const left = unfinished.get(id)
        return left && { file: file(id, left), size: bytesOf(left.pieces), about: left.about }
      }),
    size: (name) => Effect.sync(() => finished.get(name)?.length),
    read: (name, range) =>
      Stream.suspend(() => {
        const bytes = finished.get(name)
        if (bytes === undefined) {
          return Stream.fail(new UploadStoreError({ operation: "read", file: name, cause: new Error("no such file") }))
        }
        return Stream.make(range === undefined ? bytes : bytes.subarray(range.offset, range.offset + range.length))
      }),
    remove: (name) => Effect.sync(() => void finished.delete(name)),
    sweep: (age, isUsed) =>
      Effect.map(Monotonic.millis, (now) => {
        const before = now - Duration.toMillis(age)
        for (const [id, { changed }] of unfinished) if (changed < before && !isUsed(id)) unfinished.delete(id)
      }),
    free: Effect.succeed(Infinity)
  })
})
