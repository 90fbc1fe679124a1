/**
 * The RPC protocol of a link, as an `RpcClient` would use it, too: what arrives goes to whoever runs on it, in order, and is kept
 * until somebody does.
 */
import * as Effect from "effect/Effect"
import type * as RpcClient from "effect/rpc/RpcClient"
import type * as RpcMessage from "effect/rpc/RpcMessage"
import * as Schema from "effect/Schema"

type Protocol = RpcClient.Protocol["Service"]
type Read = (message: RpcMessage.FromServerEncoded) => Effect.Effect<void>

/** A protocol whose messages are given to `deliver`. */
export class LinkProtocol implements Protocol {
  readonly supportsAck = true
  readonly supportsTransferables = false
  readonly codecFor: Protocol["codecFor"] = Schema.toCodecJson
  readonly send: Protocol["send"]
  readonly #readers = new Map<number, Read>()
  #early: Array<RpcMessage.FromServerEncoded> = []

  constructor(send: (message: RpcMessage.FromClientEncoded) => ReturnType<Protocol["send"]>) {
    this.send = (_clientId, message) => send(message)
  }

  readonly run: Protocol["run"] = (clientId, read) =>
    Effect.suspend(() => {
      this.#readers.set(clientId, read)
      const early = this.#early
      this.#early = []
      return Effect.ensuring(
        Effect.andThen(readAll(early, read), Effect.never),
        Effect.sync(() => this.#readers.delete(clientId))
      )
    })

  /** A message has arrived. */
  deliver(message: RpcMessage.FromServerEncoded): Effect.Effect<void> {
    return Effect.suspend(() => {
      const [first, ...others] = this.#readers.values()
      if (first === undefined) return Effect.sync(() => void this.#early.push(message))
      if (others.length === 0) return first(message)
      return Effect.gen(function* () {
        for (const read of [first, ...others]) yield* read(message)
      })
    })
  }
}

const readAll = Effect.fnUntraced(function* (messages: ReadonlyArray<RpcMessage.FromServerEncoded>, read: Read) {
  for (const message of messages) yield* read(message)
})
