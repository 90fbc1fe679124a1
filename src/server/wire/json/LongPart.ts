/**
 * Reads a long FILE_UPLOAD_CHUNK from the bytes of its text. As a string, and once more as the string in its `data`, it would
 * take several times as long as all that is done with the file.
 */
import { randomUUID } from "node:crypto"

/** A part of a file. */
export interface LongPart {
  /** The fields of the message, but for its data. */
  readonly fields: Readonly<Record<string, unknown>>
  /** The characters of its data. */
  readonly data: Buffer
}

/** Bytes of data that are worth it. */
const least = 16 * 1024

/** Bytes of a message besides its data. */
const mostOthers = 4096

/** Stands for the data while the others are parsed. Nobody else can write it. */
const placeholder = randomUUID()

const [space, colon, quote, backslash] = [0x20, 0x3a, 0x22, 0x5c]

/** The part in a text of ASCII characters; undefined when it is something else, or written in an unusual way. */
export const read = (text: Buffer): LongPart | undefined => {
  const name = text.indexOf('"data"')
  if (name < 0) return undefined
  let begin = name + 6
  while (text[begin] === space || text[begin] === colon) begin++
  if (text[begin++] !== quote) return undefined
  const end = text.indexOf(quote, begin)
  if (end - begin < least || text.length - (end - begin) > mostOthers) return undefined
  const data = text.subarray(begin, end)
  // It is no string when it is not where a string may be, and then this is no JSON.
  const others = text.toString("latin1", 0, begin) + placeholder + text.toString("latin1", end)
  const fields = data.includes(backslash) ? undefined : fieldsOf(others)
  return fields?.["type"] === "FILE_UPLOAD_CHUNK" && fields["data"] === placeholder ? { fields, data } : undefined
}

const fieldsOf = (text: string): Readonly<Record<string, unknown>> | undefined => {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}
