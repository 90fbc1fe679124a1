/** How a message is called that sets a field which the contract lists as writable: `set title`, in a call and in a mailbox. */

const prefix = "set "

/** The tag of messages that set a field. */
export const tagOf = (field: string): string => prefix + field

/** The field that messages of this tag set; undefined for other messages. */
export const fieldOf = (tag: string): string | undefined =>
  tag.startsWith(prefix) ? tag.slice(prefix.length) : undefined
