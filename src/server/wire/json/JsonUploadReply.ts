/** The pending replies to the start and to the end of an upload on the JSON wire. */
import * as Exit from "effect/Exit"
import type { RequestId } from "../../../JsonProtocol.ts"
import type { LiveError } from "../../../LiveError.ts"
import type { UploadStarted } from "../../../LiveProtocol.ts"
import type { UploadOutcome } from "../../upload/RunningUpload.ts"
import type { Budget } from "../PendingReply.ts"
import { errorOf, JsonReply } from "./JsonReply.ts"
import type { JsonOutbox } from "./JsonOutbox.ts"
import * as JsonResponse from "./JsonResponse.ts"

/** The parts of a message that its reply repeats. */
interface Asked {
  readonly uploadId: string
  readonly requestId: RequestId | undefined
}

abstract class UploadReply<Answer> extends JsonReply<Answer> {
  readonly uploadId: string

  constructor(budget: Budget, outbox: JsonOutbox, size: number, type: string, { requestId, uploadId }: Asked) {
    super(budget, outbox, size, type, requestId === undefined ? {} : { requestId })
    this.uploadId = uploadId
  }

  /** Sends a success with these fields. */
  protected succeed(fields: object): void {
    const { requestId, timestamp, type, uploadId } = this
    this.outbox.reply(JSON.stringify({ type, uploadId, success: true, ...fields, requestId, timestamp }))
  }
}

/** The reply to the start of an upload. */
export class JsonStartReply extends UploadReply<Exit.Exit<UploadStarted, LiveError>> {
  readonly #nextPart: () => number

  constructor(budget: Budget, outbox: JsonOutbox, size: number, asked: Asked, nextPart: () => number) {
    super(budget, outbox, size, "FILE_UPLOAD_START_RESPONSE", asked)
    this.#nextPart = nextPart
  }

  protected write(exit: Exit.Exit<UploadStarted, LiveError>): void {
    if (Exit.isFailure(exit)) return this.outbox.reply(JsonResponse.failure(this, errorOf(exit.cause)))
    const { chunkSize, received } = exit.value
    this.succeed({ chunkSize, nextChunk: this.#nextPart(), bytesUploaded: received })
  }
}

/** The reply to the end of an upload. */
export class JsonCompleteReply extends UploadReply<UploadOutcome> {
  constructor(budget: Budget, outbox: JsonOutbox, size: number, asked: Asked) {
    super(budget, outbox, size, "FILE_UPLOAD_COMPLETE", asked)
  }

  protected write(outcome: UploadOutcome): void {
    if (Exit.isSuccess(outcome)) {
      const { name, sha256, size, type, url } = outcome.value
      return this.succeed({ filename: name, fileUrl: url, size, mimeType: type, sha256 })
    }
    const { requestId, timestamp, uploadId } = this
    const reply = { type: "FILE_UPLOAD_ERROR", uploadId, requestId, timestamp }
    this.outbox.reply(JsonResponse.failure(reply, errorOf(outcome.cause)))
  }
}
