/** Messages as JSON, of which only those are passed on that Effect's protocol can go on with: at anything else it would end for good. */
import * as RpcSerialization from "effect/rpc/RpcSerialization"
import { MessageJoiner } from "../MessageParts.ts"
import { TextFrame } from "./FrameQueue.ts"

const isPong = (message: unknown): boolean => (message as { readonly _tag: string })._tag === "Pong"

const isMessage = (message: unknown): boolean => {
  if (typeof message !== "object" || message === null) return false
  const { _tag, values } = message as { readonly _tag?: unknown; readonly values?: unknown }
  return typeof _tag === "string" && (_tag !== "Chunk" || Array.isArray(values))
}

/**
 * JSON of messages, perhaps in parts; `heard` is called with each, and the number of parts of one that is not complete; `ponged` with the
 * answer to a ping; `reject` with anything else, and `sent` with what is sent and its characters.
 */
export const serialization = (
  heard: (parts: number) => void,
  ponged: () => void,
  reject: () => void,
  sent: (message: unknown, length: number) => void
): RpcSerialization.RpcSerialization["Service"] => ({
  ...RpcSerialization.json,
  makeUnsafe: () => {
    const parser = RpcSerialization.json.makeUnsafe()
    const joiner = new MessageJoiner()
    const decode = (data: Uint8Array | string): ReadonlyArray<unknown> => {
      const whole = typeof data === "string" ? joiner.add(data) : data
      heard(joiner.parts)
      if (whole === undefined) return []
      try {
        const messages = parser.decode(whole)
        if (messages.every(isMessage)) {
          if (messages.some(isPong)) ponged()
          return messages
        }
      } catch {
        // Not JSON.
      }
      reject()
      return []
    }
    const encode = (message: unknown): Uint8Array | string | undefined => {
      // What is large goes alone.
      if (message instanceof TextFrame) return message.text
      const encoded = parser.encode(message)
      if (encoded !== undefined) sent(message, encoded.length)
      return encoded
    }
    return { ...parser, decode, encode }
  }
})
