/** Checks of single fields of a message that is recognised without a schema. What is absent is for who needs the field. */

/** A text of at most so many characters. */
export const isText = (value: unknown, max: number): boolean => typeof value === "string" && value.length <= max

/** A flag that may be left out. */
export const isFlag = (value: unknown): boolean => value === undefined || typeof value === "boolean"

/** The number of a request, which may be left out. */
export const isCallId = (value: unknown): boolean =>
  value === undefined || (Number.isSafeInteger(value) && (value as number) >= 0)
