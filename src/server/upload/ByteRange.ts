/** The header `Range` of HTTP (RFC 9110, section 14): one range of bytes. What is more than that is ignored, as it may be. */
import type { FileRange } from "./UploadStore.ts"

/** The range that is asked for; undefined: all of it; "outside": none of these bytes are there. */
export const parse = (header: string | undefined, size: number): FileRange | "outside" | undefined => {
  const [, first = "", last = ""] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header ?? "") ?? []
  if (first === "" && last === "") return undefined
  if (first === "") {
    const length = Math.min(Number(last), size)
    return length === 0 ? "outside" : { offset: size - length, length }
  }
  const offset = Number(first)
  const end = last === "" ? size : Math.min(Number(last) + 1, size)
  // A range that ends before it begins is none.
  if (last !== "" && Number(last) < offset) return undefined
  return offset >= size ? "outside" : { offset, length: end - offset }
}
