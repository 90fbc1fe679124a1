/**
 * States that cannot be changed in place. What a handler does to a list that clients see already would be a change nobody is told of;
 * so it is an error there and then. The same holds for the guess of a client, which could not be taken back. Plain objects and arrays
 * are frozen, each once; what is of a class looks after itself.
 */

const isPlain = (value: object): boolean => {
  if (Array.isArray(value)) return true
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

/** Freezes a value, and whatever in it is not frozen yet. */
export const freeze = <A>(value: A): A => {
  if (typeof value !== "object" || value === null || Object.isFrozen(value) || !isPlain(value)) return value
  Object.freeze(value)
  if (Array.isArray(value)) for (const item of value) freeze(item)
  else for (const key in value) freeze(value[key])
  return value
}
