/** Events that an instance hears in a room. They are messages in its mailbox, under tags of their own. */
import type { Handlers } from "../../actor/Activation.ts"

/** The tag of the messages for an event. */
export const tagOf = (event: string): string => `on ${event}`

/** Whether messages of this tag are events. */
export const isTag = (tag: string): boolean => tag.startsWith("on ")

/** The handlers for these messages. */
export const handlers = (on: Handlers): Handlers =>
  Object.fromEntries(Object.entries(on).map(([event, handler]) => [tagOf(event), handler]))
