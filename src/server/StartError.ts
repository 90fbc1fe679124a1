/** Errors of a program that does not start: what to correct is in their message, and not in this code. */

/** The error with a stack of one line, as it is printed: it would point into the server, where the mistake is not. */
export const withoutStack = <E extends Error & { readonly hint: string }>(error: E): E =>
  Object.defineProperty(error, "stack", { value: `${error.name}: ${error.message} ${error.hint}` })
