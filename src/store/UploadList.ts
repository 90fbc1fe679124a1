/**
 * The files that one view uploads, as a store. Files are there from the moment they are
 * added until they are removed, whatever becomes of them. When no view is left, what is under way is cancelled.
 */
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import { isOver, type UploadProgress, type UploadStatus } from "../client/UploadProgress.ts"
import * as UploadStarter from "../client/UploadStarter.ts"
import type { UploadTask } from "../client/UploadTask.ts"
import { Listeners } from "../Listeners.ts"
import type { LiveError } from "../LiveError.ts"
import type { UploadCompleted } from "../LiveProtocol.ts"
import * as Log from "../Log.ts"
import type { LiveUploads } from "./LiveComponent.ts"
import type { ReadableStore } from "./ReadableStore.ts"
import { RefCounted, subscription } from "./RefCounted.ts"

/** A file that was added. It is a new value exactly when something changed. */
export interface UploadingFile {
  /** Tells it from the other files of its list: a `key`. */
  readonly id: number
  readonly name: string
  /** Its MIME type, as the browser knows it. */
  readonly type: string
  /** Bytes. */
  readonly size: number
  /** `waiting`: for the connection, for its turn, or for room on the server. `completing`: all is sent and is checked. */
  readonly status: UploadStatus
  /** Bytes that the server has stored. */
  readonly received: number
  /** From 0 to 1. */
  readonly progress: number
  /** Why it has failed, or why it waits. */
  readonly error: LiveError | undefined
  /** The file on the server, once the behaviour has taken it. */
  readonly completed: UploadCompleted | undefined
  /** The address of a picture, for `src`, while the file is in the list; undefined for other files. */
  readonly preview: string | undefined
  readonly pause: () => void
  readonly resume: () => void
  /** Ends it; it stays in the list. Does nothing once it is `completing`. */
  readonly cancel: () => void
  /** Uploads it from the beginning, if it has failed or was cancelled. */
  readonly retry: () => void
  /** Takes it out of the list, and cancels it if it is under way. */
  readonly remove: () => void
}

/** The uploads of one name, as a store. When its last listener is gone, what is under way is cancelled. */
export interface UploadListStore extends ReadableStore<ReadonlyArray<UploadingFile>> {
  /** Adds files, and begins to upload them. */
  readonly add: (files: Iterable<File>) => void
}

type Shown = Pick<UploadProgress, "completed" | "error" | "received" | "status">

/** One file, and its upload as soon as it has begun. */
interface Entry {
  readonly file: File
  view: UploadingFile
  task: UploadTask | undefined
  beginning: Fiber.Fiber<unknown> | undefined
  isPaused: boolean
}

const none: ReadonlyArray<UploadingFile> = []

const atFirst: Shown = { status: "waiting", received: 0, error: undefined, completed: undefined }

/** The files of one view. */
export class UploadList implements UploadListStore {
  readonly #uploads: LiveUploads
  readonly #upload: string
  readonly #listeners = new Listeners((defect) => {
    Effect.runFork(Log.error("A listener of uploads failed", { cause: defect }))
  })
  #entries: ReadonlyArray<Entry> = []
  #snapshot = none
  #added = 0

  constructor(uploads: LiveUploads, upload: string) {
    this.#uploads = uploads
    this.#upload = upload
  }

  /** Whether it was made for this mount and this upload. */
  is(uploads: LiveUploads, upload: string): boolean {
    return this.#uploads === uploads && this.#upload === upload
  }

  readonly getSnapshot = (): ReadonlyArray<UploadingFile> => this.#snapshot
  readonly getServerSnapshot = (): ReadonlyArray<UploadingFile> => none

  readonly subscribe = subscription(
    this.#listeners,
    new RefCounted(() => ({ value: undefined, close: () => this.#close() }))
  )

  readonly add = (files: Iterable<File>): void => {
    const added = Array.from(files, (file) => this.#entry(file))
    if (added.length === 0) return
    this.#entries = [...this.#entries, ...added]
    this.#show()
    for (const entry of added) this.#begin(entry)
  }

  #entry(file: File): Entry {
    const { name, size, type } = file
    const isPicture = type.startsWith("image/") && type !== "image/svg+xml"
    const entry: Entry = { file, view: undefined as never, task: undefined, beginning: undefined, isPaused: false }
    entry.view = {
      id: ++this.#added,
      name,
      type,
      size,
      ...atFirst,
      progress: 0,
      preview: isPicture ? URL.createObjectURL(file) : undefined,
      pause: () => {
        entry.isPaused = true
        entry.task?.pause()
      },
      resume: () => {
        entry.isPaused = false
        entry.task?.resume()
      },
      cancel: () => this.#cancel(entry),
      retry: () => {
        const { status } = entry.view
        if (status === "failed" || status === "cancelled") this.#begin(entry)
      },
      remove: () => this.#remove(entry)
    }
    return entry
  }

  #begin(entry: Entry): void {
    entry.isPaused = false
    entry.task = undefined
    this.#changed(entry, atFirst)
    const begun = Effect.flatMap(this.#uploads.mounted, (uploads) =>
      UploadStarter.begin(uploads, this.#upload, entry.file)
    )
    entry.beginning = Effect.runFork(
      Effect.matchEffect(begun, {
        onFailure: (error) => Effect.sync(() => this.#changed(entry, { ...atFirst, status: "failed", error })),
        onSuccess: (task) => Effect.sync(() => this.#follow(entry, task))
      })
    )
  }

  #follow(entry: Entry, task: UploadTask): void {
    entry.task = task
    if (entry.isPaused) task.pause()
    const changed = () => {
      if (entry.task === task) this.#changed(entry, task.reporter.told)
    }
    task.reporter.listen(changed)
    changed()
  }

  #cancel(entry: Entry): void {
    if (isOver(entry.view)) return
    if (entry.task !== undefined) return entry.task.cancel()
    // It has not begun: its component is not mounted yet.
    entry.beginning?.interruptUnsafe()
    this.#changed(entry, { ...atFirst, status: "cancelled" })
  }

  #remove(entry: Entry): void {
    if (!this.#entries.includes(entry)) return
    this.#cancel(entry)
    this.#release(entry)
    this.#entries = this.#entries.filter((other) => other !== entry)
    this.#show()
  }

  #release({ view }: Entry): void {
    if (view.preview !== undefined) URL.revokeObjectURL(view.preview)
  }

  #changed(entry: Entry, { completed, error, received, status }: Shown): void {
    const { size } = entry.view
    const progress = status === "completed" ? 1 : size === 0 ? 0 : received / size
    entry.view = { ...entry.view, completed, error, received, status, progress }
    this.#show()
  }

  #show(): void {
    this.#snapshot = this.#entries.map(({ view }) => view)
    this.#listeners.tell()
  }

  #close(): void {
    const entries = this.#entries
    this.#entries = []
    this.#snapshot = none
    for (const entry of entries) {
      this.#cancel(entry)
      this.#release(entry)
    }
  }
}
