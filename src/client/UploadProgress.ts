/** How far an upload is, for those who show it: changes of its status at once, its bytes at most ten times a second. */
import { Listeners } from "../Listeners.ts"
import type { LiveError } from "../LiveError.ts"
import type { UploadCompleted } from "../LiveProtocol.ts"

/** `waiting`: for the connection, for its turn, or for room on the server. `completing`: all is sent and is checked. */
export type UploadStatus = "waiting" | "uploading" | "paused" | "completing" | "completed" | "failed" | "cancelled"

/** How far an upload is. */
export interface UploadProgress {
  readonly status: UploadStatus
  /** Bytes that the server has stored. */
  readonly received: number
  /** Bytes of the file. */
  readonly size: number
  /** Why it has failed, or why it waits. */
  readonly error: LiveError | undefined
  /** The file on the server. */
  readonly completed: UploadCompleted | undefined
}

/** Milliseconds between two reports of bytes. */
export const reportInterval = 100

/** Whether an upload has ended. */
export const isOver = ({ status }: Pick<UploadProgress, "status">): boolean =>
  status === "completed" || status === "failed" || status === "cancelled"

/** Tells of one upload. */
export class ProgressReporter {
  readonly #listeners: Listeners
  #told: UploadProgress
  #received = 0

  /** `report` is told what a listener threw. */
  constructor(size: number, report: (defect: unknown) => void) {
    this.#listeners = new Listeners(report)
    this.#told = { status: "waiting", received: 0, size, error: undefined, completed: undefined }
  }

  /** What was told last: a new value exactly when something was told. */
  get told(): UploadProgress {
    return this.#told
  }

  /** Calls the listener after each report, until the function returned is called. */
  listen(listener: () => void): () => void {
    return this.#listeners.add(listener)
  }

  /** So many bytes are stored, which is told with the next report. */
  received(received: number): void {
    this.#received = received
  }

  /** Reports the bytes, if there are more. Called every `reportInterval`. */
  report(): void {
    if (this.#received !== this.#told.received && !isOver(this.#told)) this.#tell({})
  }

  /** Reports at once, if it is another status or another error. An error is gone with the next status. */
  show({
    status,
    error,
    completed
  }: Partial<Pick<UploadProgress, "completed" | "error">> & Pick<UploadProgress, "status">): void {
    const isNews = status !== this.#told.status || error !== this.#told.error
    if (isNews && !isOver(this.#told)) this.#tell({ status, error, completed })
  }

  #tell(change: Partial<UploadProgress>): void {
    this.#told = { ...this.#told, ...change, received: this.#received }
    this.#listeners.tell()
  }
}
