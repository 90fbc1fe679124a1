/**
 * An UploadStore as uploads use it: no operation takes longer than it may, and what fails is logged, and told to the
 * client as `UploadRejected`.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { LiveError, UploadRejected } from "../../LiveError.ts"
import * as Log from "../../Log.ts"
import * as Thrown from "../../Thrown.ts"
import * as TimeLimit from "../../TimeLimit.ts"
import type { UploadStore } from "./UploadStore.ts"
import { type UploadOperation, UploadStoreError } from "./UploadStoreError.ts"

/** Bytes that even a slow disk has for good within a second. */
const slowDisk = 4 * 1024 * 1024

/** Milliseconds after which a full disk may have room. */
const retryAfter = 60_000

/** A store with limits. */
export class LimitedStore {
  readonly store: UploadStore["Service"]
  readonly #limit: Duration.Duration

  constructor(store: UploadStore["Service"], limit: Duration.Duration) {
    this.store = store
    this.#limit = limit
  }

  /** Does it within the limit, or fails for the client. `bytes`: what it has to write to the disk before it ends. */
  run<A>(
    operation: UploadOperation,
    upload: string,
    effect: Effect.Effect<A, UploadStoreError>,
    bytes = 0
  ): Effect.Effect<A, LiveError> {
    return this.failing(upload, this.limited(operation, upload, effect, bytes))
  }

  /** Fails for the client, without a limit. */
  failing<A>(upload: string, effect: Effect.Effect<A, UploadStoreError>): Effect.Effect<A, LiveError> {
    return effect.pipe(
      Effect.catch((error) =>
        Effect.andThen(
          Log.error("An upload could not be stored", { upload, cause: error }),
          Effect.fail(new LiveError({ reason: rejected(upload, error) }))
        )
      )
    )
  }

  /** Does it within the limit; a failure concerns nobody but the log. */
  ignore(
    operation: UploadOperation,
    upload: string,
    effect: Effect.Effect<void, UploadStoreError>
  ): Effect.Effect<void> {
    return Log.ignore(this.limited(operation, upload, effect), "The upload store was not cleared up", { upload })
  }

  /** Does it within the limit. */
  limited<A>(
    operation: UploadOperation,
    file: string,
    effect: Effect.Effect<A, UploadStoreError>,
    bytes = 0
  ): Effect.Effect<A, UploadStoreError> {
    const duration = Duration.sum(this.#limit, Duration.seconds(bytes / slowDisk))
    const orElse = () => Effect.fail(new UploadStoreError({ operation, file, cause: new Error("no answer in time") }))
    return TimeLimit.timeoutOrElse(effect, { duration, orElse })
  }
}

const rejected = (upload: string, error: UploadStoreError): UploadRejected =>
  isFull(error) ? noRoom(upload) : new UploadRejected({ upload, reason: "store", detail: "it could not be stored" })

/** The disk is full, or nearly. */
export const noRoom = (upload: string): UploadRejected =>
  new UploadRejected({ upload, reason: "disk", detail: "there is no room for it", retryAfter })

const full = new Set(["ENOSPC", "EDQUOT", "EFBIG"])

const isFull = (error: UploadStoreError): boolean => {
  const root: unknown = Thrown.rootOf(error)
  return typeof root === "object" && root !== null && "code" in root && full.has(String(root.code))
}
