/**
 * What one connection may send without being refused, as the server tells it at first. The names are those of its
 * settings.
 */
import * as Schema from "effect/Schema"

const limit = (description: string) => Schema.optionalKey(Schema.Finite.annotate({ description }))

/** What one connection may send without being refused. What is absent has no limit. */
export const ClientLimits = Schema.Struct({
  rate: limit("Messages a second, on average; and mounts a second, which do not count as messages."),
  rateBurst: limit("Messages at once after a pause."),
  maxComponents: limit("Mounts at the same time. So many and `rateBurst` more may be sent at once after a pause."),
  maxMessages: limit("Messages in one frame."),
  maxPayload: limit("Bytes of one frame, but for those with a part of a file."),
  maxBuffered: limit("Bytes of the requests that wait for an answer."),
  maxResults: limit("Answers that are kept for a client that was disconnected.")
})
/** What one connection may send without being refused. What is absent has no limit. */
export type ClientLimits = typeof ClientLimits.Type
