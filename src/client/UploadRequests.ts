/** The requests of uploads, as functions. */
import * as Schema from "effect/Schema"
import type { UploadStartRequest } from "../LiveProtocol.ts"
import { UploadCompleted, UploadStarted } from "../UploadAnswers.ts"
import { ask, paced } from "./LiveRequests.ts"
import type { OpenRequests } from "./OpenRequests.ts"
import type { Pacer } from "./Pacer.ts"

/** Names an upload. */
interface NamedUpload {
  readonly uploadId: string
}

/** The requests of uploads that a client may make. */
export type UploadRequests = ReturnType<typeof makeUploadRequests>

/** The requests of this client's uploads. */
export const makeUploadRequests = (open: OpenRequests, pacer: Pacer) => ({
  UploadStart: paced(pacer, "message", ask<UploadStartRequest, UploadStarted>(open, "UploadStart", UploadStarted)),
  UploadComplete: paced(pacer, "message", ask<NamedUpload, UploadCompleted>(open, "UploadComplete", UploadCompleted)),
  UploadCancel: paced(pacer, "message", ask<NamedUpload, void>(open, "UploadCancel", Schema.Void))
})
