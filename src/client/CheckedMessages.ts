/** Messages as JSON, perhaps in parts, of which only those are passed on that are messages. */
import type { FromServerEncoded } from "effect/rpc/RpcMessage"
import { MessageJoiner } from "../MessageParts.ts"
import type { SocketFrame } from "./SocketTap.ts"

const isMessage = (message: unknown): message is FromServerEncoded => {
  if (typeof message !== "object" || message === null) return false
  const { _tag, values } = message as { readonly _tag?: unknown; readonly values?: unknown }
  return typeof _tag === "string" && (_tag !== "Chunk" || Array.isArray(values))
}

/** The messages of one connection. */
export class CheckedMessages {
  readonly #joiner = new MessageJoiner()

  /** How many parts have come of a message that is not complete. */
  get parts(): number {
    return this.#joiner.parts
  }

  /** The messages of a frame, none while it is a part of one; undefined when it is anything else. */
  read(frame: SocketFrame): ReadonlyArray<FromServerEncoded> | undefined {
    const text = typeof frame === "string" ? this.#joiner.add(frame) : new TextDecoder().decode(frame)
    if (text === undefined) return []
    try {
      const parsed: unknown = JSON.parse(text)
      const messages: ReadonlyArray<unknown> = Array.isArray(parsed) ? parsed : [parsed]
      return messages.every(isMessage) ? messages : undefined
    } catch {
      // Not JSON.
      return undefined
    }
  }
}
