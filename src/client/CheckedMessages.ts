/** Messages as JSON, of which only those are passed on that Effect's protocol can go on with: at anything else it would end for good. */
import * as RpcSerialization from "effect/rpc/RpcSerialization"

const isMessage = (message: unknown): boolean => {
  if (typeof message !== "object" || message === null) return false
  const { _tag, values } = message as { readonly _tag?: unknown; readonly values?: unknown }
  return typeof _tag === "string" && (_tag !== "Chunk" || Array.isArray(values))
}

/** JSON of messages; `reject` is called with anything else. */
export const serialization = (reject: () => void): RpcSerialization.RpcSerialization["Service"] => ({
  ...RpcSerialization.json,
  makeUnsafe: () => {
    const parser = RpcSerialization.json.makeUnsafe()
    const decode = (data: Uint8Array | string): ReadonlyArray<unknown> => {
      try {
        const messages = parser.decode(data)
        if (messages.every(isMessage)) return messages
      } catch {
        // Not JSON.
      }
      reject()
      return []
    }
    return { ...parser, decode }
  }
})
