/**
 * Entries as files of a folder, each written whole or not at all: into a file of another name, which then replaces the
 * old one. When a process is killed meanwhile, the old file stays as it was, and the unfinished one is deleted when it
 * is old. The folder is not locked: give each process its own.
 */
import { join } from "node:path"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import type { PlatformError } from "effect/PlatformError"
import * as IdGenerator from "../IdGenerator.ts"
import type { Entries } from "./RecordEntries.ts"
import * as Records from "./Records.ts"
import { SnapshotStoreError } from "./SnapshotStoreError.ts"

const unfinished = ".unfinished"

/**
 * An unfinished file of this age belongs to no process any more. A younger one may belong to a process that is just
 * being replaced.
 */
const leftAfter = Duration.minutes(10)

/** The entries in this folder, which is created. Keys are file names. */
export const make = Effect.fnUntraced(
  function* (directory: string) {
    const fs = yield* FileSystem.FileSystem
    const makeId = yield* IdGenerator.make
    yield* fs.makeDirectory(directory, { recursive: true, mode: 0o700 })
    yield* fs.access(directory, { readable: true, writable: true })

    /** Files that this process is writing, however long that takes. */
    const writing = new Set<string>()
    const removeLeft = (path: string, before: number): Effect.Effect<void> =>
      fs.stat(path).pipe(
        Effect.filterOrFail(({ mtime }) => Option.exists(mtime, (changed) => changed.getTime() < before)),
        Effect.andThen(fs.remove(path)),
        Effect.ignore
      )
    const removeOld = Effect.gen(function* () {
      const before = (yield* Clock.currentTimeMillis) - Duration.toMillis(leftAfter)
      const names = yield* fs.readDirectory(directory)
      const paths = names.filter((name) => name.endsWith(unfinished)).map((name) => join(directory, name))
      for (const path of paths) if (!writing.has(path)) yield* removeLeft(path, before)
    })
    yield* removeOld
    yield* Records.sweeping(removeOld)

    const write = (path: string, text: string): Effect.Effect<void, PlatformError> =>
      Effect.scoped(
        Effect.gen(function* () {
          const file = yield* fs.open(path, { flag: "wx", mode: 0o600 })
          yield* file.writeAll(new TextEncoder().encode(text))
          // Without this, a power cut after the renaming could leave an empty file of the right name.
          yield* file.sync
        })
      )

    const entries: Entries<PlatformError> = {
      get: (key) =>
        fs.readFileString(join(directory, key)).pipe(
          Effect.catchIf(
            (error) => error.reason._tag === "NotFound",
            () => Effect.undefined
          )
        ),
      set: (key, text) =>
        Effect.suspend(() => {
          const path = join(directory, `${key}.${makeId()}${unfinished}`)
          writing.add(path)
          return write(path, text).pipe(
            Effect.andThen(fs.rename(path, join(directory, key))),
            Effect.tapError(() => Effect.ignore(fs.remove(path, { force: true }))),
            Effect.ensuring(Effect.sync(() => writing.delete(path)))
          )
        }),
      remove: (key) => fs.remove(join(directory, key), { force: true }),
      keys: fs.readDirectory(directory)
    }
    return entries
  },
  (effect, directory) =>
    Effect.mapError(effect, (cause) => new SnapshotStoreError({ operation: "open", address: directory, cause }))
)
