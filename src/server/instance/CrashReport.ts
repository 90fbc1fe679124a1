/**
 * What the log says of a crash besides its cause: who did what to which life of the instance, and where a value did not
 * fit its schema. Neither state nor payload is in it.
 */
import * as Cause from "effect/Cause"
import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"
import type { Message } from "../../actor/Message.ts"
import type { LogDetails } from "../../Log.ts"
import { ClientInfo } from "../sync/ClientInfo.ts"
import * as HeardEvents from "./HeardEvents.ts"
import * as UploadHandlers from "./UploadHandlers.ts"
import * as FieldTag from "../../FieldTag.ts"

/** The labels of a crash. `activation` is the number of restarts before it. */
export const of = (message: Message | undefined, cause: Cause.Cause<unknown>, activation: number): LogDetails => ({
  ...(message === undefined ? {} : whatOf(message.tag)),
  principal: message?.from instanceof ClientInfo ? message.from.principal?.id : undefined,
  activation,
  path: pathOf(cause)
})

const whatOf = (tag: string): LogDetails => {
  const field = FieldTag.fieldOf(tag)
  if (field !== undefined) return { field, action: undefined }
  const upload = UploadHandlers.uploadOf(tag)
  if (upload !== undefined) return { upload, action: undefined }
  return HeardEvents.isTag(tag) ? { event: HeardEvents.eventOf(tag), action: undefined } : { action: tag }
}

const format = SchemaIssue.makeFormatterStandardSchemaV1()

/** Where a value did not fit its schema; undefined when that is not why. */
const pathOf = (cause: Cause.Cause<unknown>): string | undefined => {
  try {
    const error = Cause.squash(cause)
    if (!Schema.isSchemaError(error)) return undefined
    const path = format(error.issue).issues[0]?.path ?? []
    return path.map((key) => String(typeof key === "object" ? key.key : key)).join(".")
  } catch {
    // What was thrown cannot be read.
    return undefined
  }
}
