/** A state without its values: the name of each field, and the type and size of what it holds. */
import { isContainer, isList, type Json } from "../../../Json.ts"

/** A field. */
export interface FieldShape {
  readonly name: string
  readonly shape: string
}

const many = (count: number, one: string): string => `${count} ${one}${count === 1 ? "" : "s"}`

const shapeOf = (value: Json | undefined): string => {
  if (value === null || value === undefined) return "nothing"
  if (typeof value === "string") return `text of ${many(value.length, "character")}`
  if (typeof value === "number") return "number"
  if (typeof value === "boolean") return "yes or no"
  if (isList(value)) return `list of ${many(value.length, "element")}`
  return isContainer(value) ? `object of ${many(Object.keys(value).length, "field")}` : typeof value
}

/** The fields of an encoded state. */
export const of = (state: { readonly [name: string]: Json | undefined }): ReadonlyArray<FieldShape> =>
  Object.entries(state).map(([name, value]) => ({ name, shape: shapeOf(value) }))
