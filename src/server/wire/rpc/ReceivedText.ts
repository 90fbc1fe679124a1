/**
 * Reads an acknowledgement as `fibra/client` writes it, without `JSON.parse`: there is one for every fourth frame that a
 * client is sent. Any other text is left to `JSON.parse`.
 */
import type { RpcRequest } from "./RpcEnvelope.ts"
import { endOfDigits, endOfName, isQuoted, numberOf } from "./TextScan.ts"

/** Characters of an acknowledgement that is read here. */
const longest = 256

const beginning = `{"_tag":"Request","id":`
const afterId = `,"tag":"Received","payload":{"batch":`
const afterBatch = `,"settled":`
const end = `},"headers":[],"isNotification":true}`

/** The acknowledgement that a text is; undefined when it is another text, even if that is an acknowledgement as well. */
export const read = (text: string): RpcRequest | undefined => {
  if (text.length > longest || !text.startsWith(beginning)) return undefined
  const idAt = beginning.length
  const isText = isQuoted(text, idAt)
  const idEnd = isText ? endOfName(text, idAt + 1) : endOfDigits(text, idAt)
  const tagAt = isText ? idEnd + 1 : idEnd
  if (idEnd < 0 || !text.startsWith(afterId, tagAt)) return undefined
  const batchAt = tagAt + afterId.length
  const batchEnd = endOfDigits(text, batchAt)
  if (batchEnd < 0 || !text.startsWith(afterBatch, batchEnd)) return undefined
  const settledAt = batchEnd + afterBatch.length
  const settledEnd = endOfDigits(text, settledAt)
  if (settledEnd < 0 || text.length !== settledEnd + end.length || !text.endsWith(end)) return undefined
  const id = isText ? text.slice(idAt + 1, idEnd) : numberOf(text, idAt, idEnd)
  const payload = { batch: numberOf(text, batchAt, batchEnd), settled: numberOf(text, settledAt, settledEnd) }
  return { _tag: "Request", id, tag: "Received", payload, isNotification: true }
}
