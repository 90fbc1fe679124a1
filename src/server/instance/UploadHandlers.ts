/** Files that clients have sent to an instance. They are messages in its mailbox, under tags of their own. */
import type { Handlers } from "../../actor/Activation.ts"

const prefix = "upload "

/** The tag of the messages for an upload. */
export const tagOf = (upload: string): string => prefix + upload

/** The upload of messages with this tag; undefined for other messages. */
export const uploadOf = (tag: string): string | undefined =>
  tag.startsWith(prefix) ? tag.slice(prefix.length) : undefined

/** The handlers for these messages. */
export const handlers = (uploads: Handlers): Handlers =>
  Object.fromEntries(Object.entries(uploads).map(([upload, handler]) => [tagOf(upload), handler]))
