/**
 * Names an upload when the session that began it is gone. A token is the id of the upload, a dot and a secret; what the
 * store keeps beside the file is enough to recognise it, and not to make one.
 */
import { createHash, timingSafeEqual } from "node:crypto"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { UploadBeginning } from "./RunningUpload.ts"

/** What is kept beside an unfinished file. */
export const UploadRecord = Schema.Struct({
  /** The SHA-256 of the secret. */
  secret: Schema.String,
  /** Its principal; absent for an anonymous client. */
  principal: Schema.optionalKey(Schema.String),
  component: Schema.String,
  upload: Schema.String,
  name: Schema.String,
  type: Schema.String,
  size: Schema.Natural
})
/** What is kept beside an unfinished file. */
export type UploadRecord = typeof UploadRecord.Type

const fromText = Schema.decodeUnknownOption(Schema.fromJsonString(UploadRecord))

/** The record in a text; undefined when there is none in it. */
export const read = (text: string): UploadRecord | undefined => Option.getOrUndefined(fromText(text))

/** What recognises a secret. */
const hash = (secret: string): string => createHash("sha256").update(secret).digest("base64url")

const isSecret = (secret: string, hashed: string): boolean => {
  const [a, b] = [Buffer.from(hash(secret)), Buffer.from(hashed)]
  return a.length === b.length && timingSafeEqual(a, b)
}

/** The token of an upload. */
export const make = (id: string, secret: string): string => `${id}.${secret}`

/** The parts of a token. */
export type Parts = readonly [id: string, secret: string]

/** The parts of a token; undefined when it is none. */
export const parse = (token: string): Parts | undefined => {
  const [, id, secret] = /^([0-9a-f]{32})\.([\w-]{22})$/.exec(token) ?? []
  return id === undefined || secret === undefined ? undefined : [id, secret]
}

type Beginning = Pick<UploadBeginning, "component" | "declared" | "principal" | "secret" | "upload">

/** What is kept beside the file of an upload. */
export const recordOf = ({ component, declared, principal, secret, upload }: Beginning): string => {
  const owner = principal === undefined ? {} : { principal }
  const record: UploadRecord = { secret: hash(secret), ...owner, component, upload, ...declared }
  return JSON.stringify(record)
}

/** Whether a record is of this upload: of the same client, for the same component, and of the same file. */
export const isRecordOf = (record: UploadRecord, beginning: Beginning): boolean =>
  isSecret(beginning.secret, record.secret) && isSameFile(record, beginning)

/** Whether the client with this secret may go on with an upload. */
export const isFor = (own: Beginning, asked: Beginning): boolean =>
  isSecret(asked.secret, hash(own.secret)) && isSameFile({ ...own, ...own.declared }, asked)

const isSameFile = (
  own: Omit<UploadRecord, "principal" | "secret"> & { readonly principal?: string | undefined },
  { component, declared, principal, upload }: Beginning
): boolean =>
  own.principal === principal &&
  own.component === component &&
  own.upload === upload &&
  own.name === declared.name &&
  own.type === declared.type &&
  own.size === declared.size
