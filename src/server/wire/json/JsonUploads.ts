/**
 * The uploads of one connection on the JSON wire. Parts are numbered, come as base64 or as binary frames, and each is
 * answered when it is stored: most clients send the next one only then.
 */
import { randomUUID } from "node:crypto"
import type { RequestId } from "../../../JsonProtocol.ts"
import { type LiveErrorReason, RateLimited, UploadRejected } from "../../../LiveError.ts"
import { notMounted } from "../../session/CallOutcome.ts"
import type { UploadConsumer } from "../../session/ClientFeed.ts"
import type { Session } from "../../session/Session.ts"
import { unknownUpload } from "../../session/SessionUploads.ts"
import type { RunningUpload } from "../../upload/RunningUpload.ts"
import type { Ingress } from "../Ingress.ts"
import * as PartAllowance from "../PartAllowance.ts"
import * as Base64 from "./Base64.ts"
import { errorFieldsOf } from "./JsonError.ts"
import * as JsonMessage from "./JsonMessage.ts"
import type { JsonOutbox } from "./JsonOutbox.ts"
import * as JsonResponse from "./JsonResponse.ts"
import { JsonCompleteReply, JsonStartReply } from "./JsonUploadReply.ts"

/** Which part of which file it is, and what its answer is for. */
interface PartName {
  readonly componentId: string
  readonly uploadId: string
  readonly chunkIndex: number
  readonly totalChunks: unknown
  readonly requestId: RequestId | undefined
}

/** The bytes of a part, as they were sent. */
export interface PartBytes {
  /** Of what was sent. */
  readonly length: number
  /** The bytes, which may be others afterwards; undefined when what was sent is not valid. */
  readonly decode: () => Buffer | undefined
}

/** The bytes of a part that came as base64. */
export const base64 = (text: string): PartBytes => ({ length: text.length, decode: () => Base64.decode(text) })

/** A part that is being stored. */
interface Storing {
  readonly part: PartName
  readonly upload: RunningUpload
  /** It is stored when this many bytes of the upload are. */
  readonly end: number
}

/** Repeated parts that wait for an answer, of one upload. */
const maxRepeated = 64

const none: ReadonlyArray<Storing> = []

/** The uploads of one connection. */
export class JsonUploads implements UploadConsumer {
  readonly #ingress: Ingress<RequestId>
  readonly #outbox: JsonOutbox
  /** The parts that are being stored, by the names of their uploads. */
  readonly #storing = new Map<string, ReadonlyArray<Storing>>()

  constructor(ingress: Ingress<RequestId>, outbox: JsonOutbox) {
    this.#ingress = ingress
    this.#outbox = outbox
  }

  received(uploadId: string, received: number): void {
    const storing = this.#storing.get(uploadId)
    if (storing === undefined) return
    const left = storing.filter(({ end }) => end > received)
    if (left.length > 0) this.#storing.set(uploadId, left)
    else this.#storing.delete(uploadId)
    for (const { end, part, upload } of storing) if (end <= received) this.#progress(upload, part, end)
  }

  failed(uploadId: string, reason: UploadRejected, isAsked: boolean): void {
    const isTold = this.#settle(uploadId, reason)
    if (!isTold && !isAsked) this.#error(uploadId, undefined, reason)
  }

  start(session: Session, message: JsonMessage.MessageOf<"FILE_UPLOAD_START">, size: number): void {
    const { filename, fileName, fileSize, fileType, mimeType, requestId, upload } = message
    const uploadId = message.uploadId ?? randomUUID()
    const { uploads } = session
    const componentId = message.componentId === "" ? (uploads.only ?? "") : message.componentId
    const declared = { name: filename ?? fileName ?? "", type: fileType ?? mimeType ?? "", size: fileSize }
    const nextPart = () => uploads.find(uploadId)?.parts ?? 0
    const reply = new JsonStartReply(this.#ingress, this.#outbox, size, { uploadId, requestId }, nextPart)
    const trace = JsonMessage.traceOf(message.traceparent)
    const options = { token: undefined, isResumable: false, trace }
    uploads.start({ componentId, upload, uploadId, declared, ...options }, reply)
  }

  /** A part of a file came in. */
  receive(session: Session, message: JsonMessage.MessageOf<"FILE_UPLOAD_CHUNK">, data: PartBytes): void {
    const { chunkIndex, componentId, requestId, totalChunks, uploadId } = message
    // Without its data, which would outlive the reading of its frame.
    const part: PartName = { chunkIndex, componentId, requestId, totalChunks, uploadId }
    const { connection } = this.#ingress
    const upload = session.uploadsIfAny?.find(uploadId)
    const retryAfter = PartAllowance.wait(connection, upload?.parts === chunkIndex, data.length)
    if (retryAfter > 0) {
      if (retryAfter < Infinity) this.#error(uploadId, requestId, new RateLimited({ retryAfter }))
      return
    }
    if (componentId !== "" && !session.has(componentId)) return this.#error(uploadId, requestId, notTheirs(componentId))
    if (upload === undefined) return this.#error(uploadId, requestId, unknownUpload)
    connection.acts()
    const next = upload.parts
    if (chunkIndex < next) return this.#repeated(upload, part)
    if (chunkIndex > next) return this.#wrong(upload, part, `part ${next} is expected, and ${chunkIndex} came`)
    const bytes = data.decode()
    if (bytes === undefined) return this.#wrong(upload, part, "the data is not canonical base64")
    if (!upload.fits(bytes.length)) return this.#wrong(upload, part, `more was sent at once than is taken`)
    // Before it is taken: it may be stored at once.
    this.#waits({ part, upload, end: upload.next + bytes.length })
    const taken = upload.push(upload.next, bytes)
    if (taken === "over" && upload.ended === undefined) this.#settle(uploadId, unknownUpload)
    // Of nothing, there is nothing to be stored.
    else if (bytes.length === 0) this.received(uploadId, upload.received)
  }

  complete(session: Session, message: JsonMessage.MessageOf<"FILE_UPLOAD_COMPLETE">, size: number): void {
    const { componentId, requestId, uploadId } = message
    if (componentId !== "" && !session.has(componentId)) return this.#error(uploadId, requestId, notTheirs(componentId))
    const asked = { uploadId, requestId }
    session.uploads.complete(uploadId, new JsonCompleteReply(this.#ingress, this.#outbox, size, asked))
  }

  cancel(session: Session, { componentId, requestId, uploadId }: JsonMessage.MessageOf<"FILE_UPLOAD_CANCEL">): void {
    if (componentId !== "" && !session.has(componentId)) return this.#error(uploadId, requestId, notTheirs(componentId))
    if (session.uploadsIfAny?.cancel(uploadId) !== true) return this.#error(uploadId, requestId, unknownUpload)
    if (requestId === undefined) return
    const timestamp = this.#outbox.now()
    const reply = { type: "MESSAGE_RESPONSE", originalType: "FILE_UPLOAD_CANCEL", componentId, requestId, timestamp }
    this.#outbox.reply(JsonResponse.success(reply))
  }

  #waits(storing: Storing): void {
    const { uploadId } = storing.part
    this.#storing.set(uploadId, [...(this.#storing.get(uploadId) ?? none), storing])
  }

  /** It was stored before, or is just being stored: it is answered then, and not stored again. */
  #repeated(upload: RunningUpload, part: PartName): void {
    const storing = this.#storing.get(part.uploadId) ?? none
    const first = storing.find((each) => each.part.chunkIndex === part.chunkIndex)
    if (first === undefined) this.#progress(upload, part, upload.received)
    else if (storing.length < maxRepeated) this.#waits({ part, upload, end: first.end })
  }

  /** Answers the parts that are not stored any more; false when there are none. */
  #settle(uploadId: string, reason: LiveErrorReason): boolean {
    const storing = this.#storing.get(uploadId) ?? none
    this.#storing.delete(uploadId)
    for (const { part } of storing) this.#error(uploadId, part.requestId, reason)
    return storing.length > 0
  }

  #progress(upload: RunningUpload, part: PartName, bytesUploaded: number): void {
    const { chunkIndex, requestId, totalChunks, uploadId } = part
    const totalBytes = upload.beginning.declared.size
    this.#outbox.reply(
      JSON.stringify({
        type: "FILE_UPLOAD_PROGRESS",
        uploadId,
        chunkIndex,
        totalChunks: typeof totalChunks === "number" ? totalChunks : undefined,
        bytesUploaded,
        totalBytes,
        progress: totalBytes === 0 ? 100 : (bytesUploaded / totalBytes) * 100,
        success: true,
        requestId,
        timestamp: this.#outbox.now()
      })
    )
  }

  #wrong(upload: RunningUpload, { requestId, uploadId }: PartName, detail: string): void {
    const reason = new UploadRejected({ upload: upload.beginning.upload, reason: "chunk", detail })
    this.#error(uploadId, requestId, reason, upload.parts)
  }

  #error(uploadId: string, requestId: RequestId | undefined, reason: LiveErrorReason, nextChunk?: number): void {
    const reply = { type: "FILE_UPLOAD_ERROR", uploadId, nextChunk, requestId, timestamp: this.#outbox.now() }
    this.#outbox.reply(JsonResponse.failure(reply, errorFieldsOf(reason)))
  }
}

const notTheirs = (componentId: string): LiveErrorReason => notMounted("Uploading to", componentId)
