/** The uploads of one connection on the RPC wire: parts come in as binary frames, and what is stored goes out as events. */
import * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"
import type { LiveError, UploadRejected } from "../../../LiveError.ts"
import { UploadChunkHeader, type UploadCompleted, UploadFailed, type UploadStarted } from "../../../LiveProtocol.ts"
import type { UploadConsumer } from "../../session/ClientFeed.ts"
import type { Session } from "../../session/Session.ts"
import { unknownUpload } from "../../session/SessionUploads.ts"
import type { Connection } from "../../transport/Connection.ts"
import * as PartAllowance from "../PartAllowance.ts"
import type { RpcOutbox } from "./RpcOutbox.ts"
import { RpcReply } from "./RpcReply.ts"
import * as RpcResponse from "./RpcResponse.ts"

const decodeHeader = Schema.decodeUnknownExit(UploadChunkHeader)
const encodeFailed = Schema.encodeSync(UploadFailed)

/** The uploads of one connection. */
export class RpcUploads implements UploadConsumer {
  readonly #connection: Connection
  readonly #outbox: RpcOutbox

  constructor(connection: Connection, outbox: RpcOutbox) {
    this.#connection = connection
    this.#outbox = outbox
  }

  received(uploadId: string, received: number): void {
    if (!this.#outbox.isOpen) return
    this.#outbox.tell(`{"_tag":"UploadReceived","uploadId":${JSON.stringify(uploadId)},"received":${received}}`)
  }

  failed(uploadId: string, reason: UploadRejected, isAsked = false): void {
    if (isAsked || !this.#outbox.isOpen) return
    this.#outbox.tell(JSON.stringify(encodeFailed({ _tag: "UploadFailed", uploadId, reason })))
  }

  /** A part of a file came in. */
  receive(session: Session | undefined, header: unknown, bytes: Buffer): void {
    const decoded = decodeHeader(header)
    if (Exit.isFailure(decoded)) {
      if (this.#connection.spend() === 0) this.#outbox.reply(RpcResponse.defect("A binary frame has no valid header."))
      return
    }
    const { offset, uploadId } = decoded.value
    const upload = session?.uploadsIfAny?.find(uploadId)
    if (PartAllowance.wait(this.#connection, upload?.next === offset, bytes.length) > 0) return
    if (upload === undefined) {
      // The end of one that has ended was told.
      if (session?.uploadsIfAny?.knows(uploadId) !== true) this.failed(uploadId, unknownUpload)
      return
    }
    this.#connection.acts()
    if (upload.push(offset, bytes) === "elsewhere") upload.acknowledge()
  }
}

/** The reply to the start or to the end of an upload. */
export class UploadReply extends RpcReply<Exit.Exit<UploadStarted | UploadCompleted, LiveError>> {
  protected send(exit: Exit.Exit<UploadStarted | UploadCompleted, LiveError>): void {
    this.outbox.answer(
      Exit.isSuccess(exit) ? this.success(JSON.stringify(exit.value)) : RpcResponse.failed(this.id, exit.cause)
    )
  }
}
