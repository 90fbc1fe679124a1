/** Events that an instance hears in a room. They are messages in its mailbox, under tags of their own. */
import type { Handlers } from "../../actor/Activation.ts"

const prefix = "on "

/** The tag of the messages for an event. */
export const tagOf = (event: string): string => prefix + event

/** The event of messages with this tag. */
export const eventOf = (tag: string): string => tag.slice(prefix.length)

/** Whether messages of this tag are events. */
export const isTag = (tag: string): boolean => tag.startsWith(prefix)

/** The handlers for these messages. */
export const handlers = (on: Handlers): Handlers =>
  Object.fromEntries(Object.entries(on).map(([event, handler]) => [tagOf(event), handler]))
