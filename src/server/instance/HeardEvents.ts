/** An event that an instance hears in a room: a message in its mailbox like any other, under a tag of its own. */
import type { Handlers } from "../../actor/Activation.ts"

/** The tag of the messages with which an instance hears an event. */
export const tagOf = (event: string): string => `on ${event}`

/** What handles those messages. */
export const handlers = (on: Handlers): Handlers =>
  Object.fromEntries(Object.entries(on).map(([event, handler]) => [tagOf(event), handler]))
