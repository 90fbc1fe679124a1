/**
 * Freezes states, so that changing one in place throws. A list that is changed in place would be a change that no
 * client is told of, and on a client a guess that cannot be taken back. Plain objects and arrays are frozen, each once;
 * instances of classes are not.
 */

const isPlain = (value: object): boolean => {
  if (Array.isArray(value)) return true
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

/** Freezes a value and everything in it that is not frozen yet. */
export const freeze = <A>(value: A): A => {
  if (typeof value !== "object" || value === null || Object.isFrozen(value) || !isPlain(value)) return value
  Object.freeze(value)
  if (Array.isArray(value)) for (const item of value) freeze(item)
  else for (const key in value) freeze(value[key])
  return value
}
