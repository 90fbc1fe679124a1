/**
 * Judges a file by what is in it, whatever it is called: of which type it is, whether its policy takes that, and
 * whether it is nothing else besides. A file that is a picture to one program and an archive or a page to another is
 * refused.
 */
import * as Effect from "effect/Effect"
import { fileTypeFromBuffer } from "file-type"
import { extensionOf, isActive } from "../../FileName.ts"
import { type UploadRejection, UploadRejected } from "../../LiveError.ts"
import * as Upload from "../../Upload.ts"
import type { FileContent } from "./FileContent.ts"

/** The type of a file. */
export interface FileType {
  /** The MIME type. */
  readonly type: string
  /** Without its dot. */
  readonly extension: string
}

/** Texts have no mark of their own: their names say what they are. Browsers run none of them. */
const texts: Readonly<Record<string, string>> = {
  txt: "text/plain",
  log: "text/plain",
  csv: "text/csv",
  tsv: "text/tab-separated-values",
  md: "text/markdown",
  json: "application/json",
  ics: "text/calendar",
  vcf: "text/vcard",
  srt: "application/x-subrip",
  vtt: "text/vtt"
}

const unknown: FileType = { type: "application/octet-stream", extension: "bin" }

/** A drawing is read whole, so it may not be large. */
const maxDrawing = 64 * 1024

/** What makes a drawing more than a drawing: programs, other documents, and ways to hide them. */
const program =
  /<(?:script|foreignobject|iframe|object|embed|handler|listener|set|animate)|\son\w+\s*=|javascript:|data:(?!image\/(?:png|jpeg|gif|webp))|&#|<!entity|<!doctype|<\?xml-stylesheet/i

/** The type of a file that this policy takes; fails when it takes none of that type, or when it is more than that. */
export const judge = (
  upload: string,
  policy: Upload.UploadPolicy,
  name: string,
  content: FileContent
): Effect.Effect<FileType, UploadRejected> => {
  const reject = (reason: UploadRejection, detail: string) =>
    Effect.fail(new UploadRejected({ upload, reason, detail }))
  return Effect.flatMap(typeOf(name, content), (found) => {
    if (!Upload.accepts(policy, found.type, found.extension) || isProgram(found)) {
      return reject("type", "its content is not of a type that is taken here")
    }
    const issue = issueOf(found, content)
    return issue === undefined ? Effect.succeed(found) : reject("content", issue)
  })
}

const isProgram = ({ extension, type }: FileType): boolean => isActive(type) || isActive(`.${extension}`)

const typeOf = (name: string, content: FileContent): Effect.Effect<FileType> => {
  const { head } = content
  const extension = extensionOf(name)
  const recognised = Effect.catchCause(
    Effect.promise(() => fileTypeFromBuffer(head)),
    () => Effect.undefined
  )
  return Effect.map(recognised, (found) => {
    const isMarkup = found === undefined || found.mime === "application/xml"
    if (isMarkup && extension === "svg" && isText(head) && /<svg[\s>]/i.test(head.toString("latin1"))) {
      return { type: "image/svg+xml", extension: "svg" }
    }
    // `+` and `;` are for those who know the format: `application/x-foo; charset=binary`.
    if (found !== undefined) return { type: found.mime.split(";", 1)[0] as string, extension: found.ext }
    const type = Object.hasOwn(texts, extension) ? texts[extension] : undefined
    return type !== undefined && isText(head) ? { type, extension } : unknown
  })
}

/** Whether it is UTF-8, as far as it is known. The last character may be cut off. */
const isText = (head: Buffer): boolean => {
  if (head.includes(0)) return false
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(head, { stream: true })
    return true
  } catch {
    return false
  }
}

const hasEnd = (tail: Buffer, end: string): boolean => tail.subarray(-end.length / 2).equals(Buffer.from(end, "hex"))

/** Whether each of these formats ends where the file does. JPEG is not among them: cameras add to theirs. */
const ends: Readonly<Record<string, (content: FileContent) => boolean>> = {
  "image/png": ({ tail }) => hasEnd(tail, "0000000049454e44ae426082"),
  "image/gif": ({ tail }) => hasEnd(tail, "3b"),
  // The length in the head is even: a last odd byte is followed by another.
  "image/webp": ({ head, size }) => head.length >= 12 && evenly(head.readUInt32LE(4)) + 8 === size,
  "application/pdf": ({ tail }) => tail.subarray(-1024).includes("%%EOF")
}

const evenly = (length: number): number => length + (length % 2)

/** The end of a ZIP archive, and how many bytes follow it at least. */
const endOfArchive = Buffer.from("PK\u0005\u0006", "latin1")
const endOfArchiveSize = 22

/** Whether an archive ends where the file does: its comment takes the rest. */
const endsAsArchive = (tail: Buffer): boolean => {
  for (let at = tail.indexOf(endOfArchive); at >= 0; at = tail.indexOf(endOfArchive, at + 1)) {
    if (at + endOfArchiveSize <= tail.length) return true
  }
  return false
}

/** What is wrong with a file of this type, as the end of a sentence. */
const issueOf = ({ type }: FileType, content: FileContent): string | undefined => {
  if (type === "image/svg+xml") return drawingIssue(content)
  const isInline = type.startsWith("image/") || type === "application/pdf"
  if (!isInline) return undefined
  if (ends[type]?.(content) === false) return "something follows its end, or its end is missing"
  if (content.hasMarkup || (type === "application/pdf" && isPage(content.head))) return "there is markup in it"
  return endsAsArchive(content.tail) ? "it is an archive as well" : undefined
}

const isPage = (head: Buffer): boolean => /<(?:script|html|!doctype)/i.test(head.toString("latin1", 0, 1024))

const drawingIssue = ({ head, size }: FileContent): string | undefined => {
  if (size > maxDrawing) return `a drawing may have ${maxDrawing} bytes`
  return program.test(head.toString()) ? "there is a program in it" : undefined
}
