/** JSON values, and the operations on them that are used everywhere. Keys are data, whatever they are called. */

/** A list of JSON values. */
export type List = ReadonlyArray<Json>

/** A JSON object; a key whose value is `undefined` counts as absent. */
export type Obj = { readonly [key: string]: Json | undefined }

/** A JSON value, in which an object key whose value is `undefined` counts as absent. */
export type Json = null | boolean | number | string | List | Obj

export const isList = (value: Json | undefined): value is List => Array.isArray(value)

export const isContainer = (value: Json | undefined): value is List | Obj => typeof value === "object" && value !== null

/**
 * The own value of an object under a key. A plain read would find `toString` or `__proto__` in objects without such a
 * key. Loops use `for in`, which is faster than `Object.keys`, and `read` skips what is inherited.
 */
export const read = (object: Obj, key: string): Json | undefined =>
  Object.hasOwn(object, key) ? object[key] : undefined

/** Sets the value of a key. Assigning to `__proto__` would replace the prototype instead. */
export const write = (target: Record<string, Json | undefined>, key: string, value: Json): void => {
  if (key !== "__proto__") target[key] = value
  else Object.defineProperty(target, key, { value, writable: true, enumerable: true, configurable: true })
}

/** A copy that shares nothing with the value. */
export const copy = (value: Json): Json => {
  if (!isContainer(value)) return value
  if (isList(value)) return value.map(copy)
  const object: Record<string, Json | undefined> = {}
  for (const key of Object.keys(value)) {
    const field = value[key]
    if (field !== undefined) write(object, key, copy(field))
  }
  return object
}

/** The value without keys that count as absent. Shares all parts that need no change. */
export const clean = (value: Json): Json => {
  if (!isContainer(value)) return value
  if (isList(value)) {
    let list: Array<Json> | undefined
    for (let i = 0; i < value.length; i++) {
      const item = clean(value[i] as Json)
      if (item !== value[i]) (list ??= [...value])[i] = item
    }
    return list ?? value
  }
  let object: Record<string, Json | undefined> | undefined
  for (const key of Object.keys(value)) {
    const field = value[key]
    const cleaned = field === undefined ? undefined : clean(field)
    if (cleaned === undefined) delete (object ??= { ...value })[key]
    else if (cleaned !== field) write((object ??= { ...value }), key, cleaned)
  }
  return object ?? value
}

/** Levels that a value may have, so that reading and writing its text never runs out of stack. */
const maxLevels = 1000

/** Throws unless the value has a text in JSON. `level` is where in a larger value it is. */
export const assertText = (value: unknown, level = 0): void => {
  if (typeof value === "bigint" || typeof value === "symbol" || typeof value === "function") {
    throw new TypeError(`A ${typeof value} has no JSON form`)
  }
  if (typeof value !== "object" || value === null) return
  if (level > maxLevels) throw new RangeError(`The value is nested deeper than ${maxLevels} levels`)
  const prototype: unknown = Object.getPrototypeOf(value)
  if (Array.isArray(value)) for (const item of value) assertText(item, level + 1)
  else if ((prototype !== Object.prototype && prototype !== null) || Object.hasOwn(value, "toJSON")) textOf(value)
  else for (const key in value) assertText((value as Record<string, unknown>)[key], level + 1)
}

/** The text of a value in JSON; throws when it has none. */
export const textOf = (value: unknown): string => {
  const text: unknown = JSON.stringify(value)
  if (typeof text === "string") return text
  throw new TypeError(`A ${typeof value} has no JSON form`)
}

/** A part of a list. Not `slice`, which takes ten times as long for a frozen array. */
export const part = (list: List, from: number, to: number): List => {
  const items = new Array<Json>(to - from)
  for (let index = from; index < to; index++) items[index - from] = list[index] as Json
  return items
}

/** About how many characters the text of a value has; stops counting above `limit`. */
export const textLength = (value: Json, limit: number): number => {
  if (typeof value === "string") return value.length + 2
  if (typeof value === "number") return `${value}`.length
  if (!isContainer(value)) return 4
  let length = 2
  if (isList(value)) {
    for (let i = 0; i < value.length && length <= limit; i++) {
      length += textLength(value[i] as Json, limit - length) + 1
    }
    return length
  }
  for (const key in value) {
    if (length > limit) break
    const field = read(value, key)
    if (field !== undefined) length += key.length + 4 + textLength(field, limit - length)
  }
  return length
}

/** Whether an object orders this key among the numbers, which come before all others. */
export const isIndex = (key: string): boolean => {
  const index = Number(key) >>> 0
  return String(index) === key && index !== 0xffffffff
}

/** Whether two values are equal: their patch would be empty. The order of keys does not count, and an undefined one is none. */
export const isEqual = (a: Json | undefined, b: Json | undefined): boolean => {
  if (a === b) return true
  if (!isContainer(a) || !isContainer(b)) return false
  if (isList(a)) return isList(b) && a.length === b.length && a.every((element, index) => isEqual(element, b[index]))
  if (isList(b)) return false
  const names = definedKeys(a)
  return names.length === definedKeys(b).length && names.every((name) => isEqual(a[name], read(b, name)))
}

const definedKeys = (value: Obj): ReadonlyArray<string> => Object.keys(value).filter((key) => value[key] !== undefined)
