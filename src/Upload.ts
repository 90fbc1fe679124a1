/**
 * Uploads in a contract: which files a component takes, and the checks that can be made before a byte is sent. Both
 * sides make them: a page before it begins, and the server, which trusts nobody, again.
 */
import * as ByteSize from "effect/ByteSize"
import type * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Stream from "effect/Stream"
import * as FileName from "./FileName.ts"
import { type LiveError, refuse as refuseWith, UploadRejected } from "./LiveError.ts"

/** Which files are taken. Sizes are bytes. */
export interface UploadPolicy {
  readonly maxFileSize: number
  /** Files that one mount may be uploading at the same time. */
  readonly maxFiles: number
  /** MIME types (`image/png`, `image/*`) and extensions (`.pdf`), in lower case; undefined: all but active content. */
  readonly accept: ReadonlyArray<string> | undefined
  /** What a client should send at once. */
  readonly chunkSize: number
}

/** The uploads of a component: one policy per name. */
export interface UploadPolicies {
  readonly [name: string]: UploadPolicy
}

/** A file that has arrived whole, as the behaviour of its component gets it. */
export interface UploadedFile {
  /** What its sender calls it. For people: it is no path. */
  readonly name: string
  /** What the store calls it. */
  readonly storedName: string
  /** Where the server serves it: a path. */
  readonly url: string
  /** Bytes. */
  readonly size: number
  /** The MIME type of its content. */
  readonly type: string
  /** The SHA-256 of its content, in hexadecimal digits. */
  readonly sha256: string
  /** Its content, from the store. */
  readonly stream: Stream.Stream<Uint8Array, Error>
}

/** What is known of a file before a byte of it has been sent. */
export interface DeclaredFile {
  readonly name: string
  /** Its MIME type; empty when the sender does not know it. */
  readonly type: string
  /** Bytes. */
  readonly size: number
}

/** The least and the most that a chunk may have. */
const chunkSizes = { least: 4096, most: 1024 * 1024 } as const

const bytesOf = (what: string, size: ByteSize.Input): number => {
  const bytes = Option.getOrUndefined(Option.flatMap(ByteSize.fromInput(size), ByteSize.toNumber))
  if (bytes !== undefined && bytes >= 1) return bytes
  throw new Error(`The ${what} of an upload is ${String(size)}. Expected bytes, such as 65536 or "10 MB".`)
}

const isAccepted = /^([a-z0-9][\w.+-]*\/([a-z0-9][\w.+-]*|\*)|\.[a-z0-9]{1,16})$/

/** The policy of one upload. Throws when it contradicts itself, or accepts what browsers would run. */
export const policy = (options: {
  /** A larger file is refused. `"10 MB"` is 10 000 000 bytes, `"10 MiB"` is 10 485 760. */
  readonly maxFileSize: ByteSize.Input
  /** Files that one mount may be uploading at the same time (1). */
  readonly maxFiles?: number
  /** MIME types, also `image/*`, and extensions, such as `.pdf`. By default everything but what browsers would run. */
  readonly accept?: ReadonlyArray<string>
  /** What a client should send at once, 4 KiB to 1 MiB (256 KiB). */
  readonly chunkSize?: ByteSize.Input
}): UploadPolicy => {
  const maxFiles = options.maxFiles ?? 1
  if (!Number.isInteger(maxFiles) || maxFiles < 1) {
    throw new Error(`The maxFiles of an upload is ${maxFiles}. Expected a whole number of at least 1.`)
  }
  const chunkSize = options.chunkSize === undefined ? 256 * 1024 : bytesOf("chunkSize", options.chunkSize)
  if (chunkSize < chunkSizes.least || chunkSize > chunkSizes.most) {
    throw new Error(`The chunkSize of an upload is ${chunkSize}. Expected 4 KiB to 1 MiB.`)
  }
  const accept = options.accept?.map((each) => each.toLowerCase())
  for (const each of accept ?? []) {
    if (!isAccepted.test(each)) {
      throw new Error(
        `An upload accepts ${JSON.stringify(each)}. Expected a MIME type, such as "image/png" or "image/*", or an extension, such as ".pdf".`
      )
    }
    if (FileName.isActive(each)) {
      throw new Error(`An upload accepts ${JSON.stringify(each)}, which browsers or servers would run. Leave it out.`)
    }
  }
  return Object.freeze({
    maxFileSize: bytesOf("maxFileSize", options.maxFileSize),
    maxFiles,
    accept: accept && Object.freeze(accept),
    chunkSize
  })
}

/** Whether a policy takes content of this MIME type, or of this extension (without its dot). Both in lower case. */
export const accepts = ({ accept }: Pick<UploadPolicy, "accept">, type: string, extension: string): boolean =>
  accept === undefined ||
  accept.some((each) => {
    if (each.startsWith(".")) return FileName.isSameExtension(each.slice(1), extension)
    // What is an image by its name may still be a program.
    if (each.endsWith("/*")) return type.startsWith(each.slice(0, -1)) && type !== "image/svg+xml"
    return each === type
  })

/** Why this file is refused before a byte of it is sent; undefined when it may be tried. */
export const check = (
  upload: string,
  policy: Pick<UploadPolicy, "accept" | "maxFileSize">,
  { name, size, type }: DeclaredFile
): UploadRejected | undefined => {
  const issue = FileName.issueOf(name)
  if (issue !== undefined) return new UploadRejected({ upload, reason: "name", detail: issue })
  if (!accepts(policy, baseType(type), FileName.extensionOf(name))) {
    return new UploadRejected({ upload, reason: "type", detail: `files of this type are not taken here` })
  }
  if (size <= policy.maxFileSize) return undefined
  const detail = `it has ${size} bytes, and ${policy.maxFileSize} are allowed`
  return new UploadRejected({ upload, reason: "tooLarge", detail })
}

/** A MIME type in lower case, without its parameters. */
const baseType = (type: string): string => (type.split(";", 1)[0] ?? "").trim().toLowerCase()

/** The `accept` of an `<input type="file">` for this policy; undefined when it takes everything. */
export const acceptAttribute = ({ accept }: Pick<UploadPolicy, "accept">): string | undefined => accept?.join(",")

/** Refuses a file in the handler of its upload. `detail` is for people: "we have a picture of that already". */
export const refuse = (detail: string): Effect.Effect<never, LiveError> =>
  refuseWith(new UploadRejected({ upload: "", reason: "refused", detail: detail.slice(0, 512) }))
