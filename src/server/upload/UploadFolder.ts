/**
 * Uploaded files in a folder. An unfinished one grows in a folder beside them that is not for reading, and is moved
 * when it is complete and on the disk. Its process may end meanwhile, however it ends: the next one goes on with what is
 * there. The folder is not locked: give each process its own, or let only one of them take uploads.
 */
import { statfs } from "node:fs/promises"
import { join } from "node:path"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type { PlatformError } from "effect/PlatformError"
import * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import * as Stream from "effect/Stream"
import { type FileRange, type PartialFile, UploadStore } from "./UploadStore.ts"
import { UploadStoreError, type UploadOperation } from "./UploadStoreError.ts"

const unfinished = ".unfinished"
const description = ".json"

/** Bytes that are read at once. */
const chunkSize = 256 * 1024

/** Says what failed. */
const failing = (operation: UploadOperation, file: string) =>
  Effect.mapError((cause: unknown) => new UploadStoreError({ operation, file, cause }))

const ifThere = <A>(effect: Effect.Effect<A, PlatformError>): Effect.Effect<A | undefined, PlatformError> =>
  Effect.catchIf(
    effect,
    (error) => error.reason._tag === "NotFound",
    () => Effect.undefined
  )

const make = Effect.fnUntraced(
  function* (directory: string) {
    const fs = yield* FileSystem.FileSystem
    const growing = join(directory, unfinished)
    const pathOf = (id: string) => join(growing, id)
    const remove = (path: string) => fs.remove(path, { force: true })
    yield* fs.makeDirectory(directory, { recursive: true, mode: 0o755 })
    yield* fs.makeDirectory(growing, { recursive: true, mode: 0o700 })
    yield* fs.access(growing, { readable: true, writable: true })

    const content = (path: string, file: string, range?: FileRange): Stream.Stream<Uint8Array, UploadStoreError> =>
      fs
        .stream(path, { chunkSize, ...(range && { offset: range.offset, bytesToRead: range.length }) })
        .pipe(Stream.mapError((cause) => new UploadStoreError({ operation: "read", file, cause })))

    const partial = (id: string, file: FileSystem.File, scope: Scope.Closeable): PartialFile => {
      const close = Scope.close(scope, Exit.void)
      // One after the other, and to its end: while the system still writes, the file must not be closed, since another
      // could be opened under its number.
      const alone = Semaphore.makeUnsafe(1)
      const whole = <A, E>(effect: Effect.Effect<A, E>) => alone.withPermits(1)(Effect.uninterruptible(effect))
      return {
        append: (bytes) => whole(file.writeAll(bytes)).pipe(failing("append", id)),
        content: content(pathOf(id), id),
        finish: (name) =>
          fs.chmod(pathOf(id), 0o644).pipe(
            // Without this, a power cut after the renaming could leave a shorter file of the right name.
            Effect.andThen(file.sync),
            Effect.andThen(close),
            Effect.andThen(fs.rename(pathOf(id), join(directory, name))),
            Effect.andThen(remove(pathOf(id + description))),
            whole,
            failing("finish", name)
          ),
        abort: close.pipe(
          Effect.andThen(remove(pathOf(id))),
          Effect.andThen(remove(pathOf(id + description))),
          whole,
          failing("remove", id)
        ),
        close: whole(close)
      }
    }

    const opened = (
      id: string,
      flag: FileSystem.OpenFlag
    ): Effect.Effect<readonly [PartialFile, FileSystem.File], PlatformError> =>
      Effect.flatMap(Scope.make(), (scope) =>
        fs.open(pathOf(id), { flag, mode: 0o600 }).pipe(
          Effect.provideService(Scope.Scope, scope),
          Effect.map((file) => [partial(id, file, scope), file] as const)
        )
      )

    const removeOld = Effect.fnUntraced(function* (entry: string, before: number) {
      const found = yield* ifThere(fs.stat(pathOf(entry)))
      const changed = Option.getOrUndefined(found?.mtime ?? Option.none())
      if (changed !== undefined && changed.getTime() < before) yield* remove(pathOf(entry))
    })

    return UploadStore.of({
      create: (id, about) =>
        fs.writeFileString(pathOf(id + description), about, { flag: "wx", mode: 0o600 }).pipe(
          Effect.andThen(opened(id, "ax+")),
          Effect.map(([file]) => file),
          failing("create", id)
        ),
      reopen: Effect.fnUntraced(
        function* (id) {
          const about = yield* ifThere(fs.readFileString(pathOf(id + description)))
          if (about === undefined) return undefined
          // Opened for adding, it would be made where there is none.
          if ((yield* ifThere(fs.stat(pathOf(id)))) === undefined) return undefined
          const [file, handle] = yield* opened(id, "a+")
          return { file, size: Number((yield* handle.stat).size), about }
        },
        (effect, id) => effect.pipe(failing("open", id))
      ),
      size: (name) =>
        ifThere(fs.stat(join(directory, name))).pipe(
          Effect.map((found) => (found?.type === "File" ? Number(found.size) : undefined)),
          failing("read", name)
        ),
      read: (name, range) => content(join(directory, name), name, range),
      remove: (name) => remove(join(directory, name)).pipe(failing("remove", name)),
      sweep: Effect.fnUntraced(
        function* (age, isUsed) {
          const before = (yield* Clock.currentTimeMillis) - Duration.toMillis(age)
          for (const entry of yield* fs.readDirectory(growing)) {
            const id = entry.endsWith(description) ? entry.slice(0, -description.length) : entry
            if (!isUsed(id)) yield* removeOld(entry, before)
          }
        },
        (effect) => effect.pipe(failing("sweep", unfinished))
      ),
      free: Effect.tryPromise(() => statfs(directory)).pipe(
        Effect.map(({ bavail, bsize }) => bavail * bsize),
        failing("measure", directory)
      )
    })
  },
  (effect, directory) => effect.pipe(failing("open", directory))
)

/** In this folder, which is created; by default where a program has its public files. */
export const layerFileSystem = (directory = "public/uploads"): Layer.Layer<UploadStore, UploadStoreError> =>
  Layer.effect(UploadStore, make(directory)).pipe(Layer.provide(NodeFileSystem.layer))
