/** The operations of a patch, as they are sent. */
import type { Json, List } from "./Json.ts"

/** Keys of objects and indices of lists, from the whole value down. */
export type Path = ReadonlyArray<string | number>

/** One step of a patch. List indices refer to the list after the previous steps. */
export type Op =
  | readonly ["set", path: Path, value: Json]
  | readonly ["unset", path: Path]
  | readonly ["splice", path: Path, index: number, deleteCount: number, items: List]
  | readonly ["append", path: Path, text: string]

/** The steps from one JSON value to another, in order. */
export type Ops = ReadonlyArray<Op>

const isPath = (value: unknown): value is Path =>
  Array.isArray(value) && value.every((step) => typeof step === "string" || isCount(step))

const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0

const isJson = (value: unknown): value is Json => {
  if (typeof value !== "object" || value === null) {
    return value === null || typeof value === "string" || typeof value === "boolean" || Number.isFinite(value)
  }
  if (Array.isArray(value)) {
    // Not `every`, which skips holes.
    for (let index = 0; index < value.length; index++) if (!isJson(value[index])) return false
    return true
  }
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) return false
  for (const key in value) if (!isJson((value as { readonly [key: string]: unknown })[key])) return false
  return true
}

const isOp = (value: unknown): value is Op => {
  if (!Array.isArray(value) || !isPath(value[1])) return false
  switch (value[0]) {
    case "set":
      return value.length === 3 && isJson(value[2])
    case "unset":
      return value.length === 2
    case "splice":
      return value.length === 5 && isCount(value[2]) && isCount(value[3]) && Array.isArray(value[4]) && isJson(value[4])
    case "append":
      return value.length === 3 && typeof value[2] === "string"
    default:
      return false
  }
}

/** Whether a value is a patch. */
export const isPatch = (value: unknown): value is Ops => Array.isArray(value) && value.every(isOp)
