/**
 * Negotiates compression (permessage-deflate, RFC 7692) and decompresses the messages of clients. Neither side takes over context
 * from one message to the next, so that a message for many clients is compressed once, and a connection holds no memory for it.
 * It relies on how `ws` calls its extension to decompress: test/live/wire/compression.test.ts fails when an upgrade changes that.
 */
import { constants, inflateRawSync } from "node:zlib"
import type * as LiveConfig from "../LiveConfig.ts"
import { Deflater } from "./Deflater.ts"
import type { ConnectionSocket } from "./ConnectionSocket.ts"

/** An offer of a client that was accepted. */
export interface AcceptedOffer {
  /** The header `Sec-WebSocket-Extensions` of the response. */
  readonly response: string
  readonly deflater: Deflater
}

/** The name of the extension. */
const extension = "permessage-deflate"

/** The parameters of an offer, and the values they may have. */
const parameters: Readonly<Record<string, RegExp>> = {
  server_no_context_takeover: /^$/,
  client_no_context_takeover: /^$/,
  // zlib would use 9 bits instead of 8.
  server_max_window_bits: /^(9|1[0-5])$/,
  client_max_window_bits: /^([89]|1[0-5])?$/
}

/** Compression with the clients of one server. */
export class PerMessageDeflate {
  readonly #threshold: number
  /** By the bits of their window: one for nearly all clients. */
  readonly #deflaters = new Map<number, Deflater>()

  constructor({ compressionThreshold }: Pick<LiveConfig.Settings, "compressionThreshold">) {
    this.#threshold = compressionThreshold
  }

  /** Accepts the first possible offer in a header `Sec-WebSocket-Extensions`. Undefined when there is none. */
  accept(header: string | undefined): AcceptedOffer | undefined {
    for (const offer of header?.split(",") ?? []) {
      const [name, ...asked] = offer.split(";").map((part) => part.trim())
      if (name !== extension) continue
      const values = parametersOf(asked)
      if (values === undefined) continue
      const bits = values.get("server_max_window_bits")
      const response = `${extension}; server_no_context_takeover; client_no_context_takeover`
      return {
        response: bits === undefined ? response : `${response}; server_max_window_bits=${bits}`,
        deflater: this.#deflater(Number(bits ?? Infinity))
      }
    }
    return undefined
  }

  #deflater(maxWindowBits: number): Deflater {
    const windowBits = Deflater.windowBits(maxWindowBits)
    let deflater = this.#deflaters.get(windowBits)
    if (deflater === undefined) this.#deflaters.set(windowBits, (deflater = new Deflater(this.#threshold, windowBits)))
    return deflater
  }
}

/** The parameters of an offer. Undefined when one is unknown, is repeated, or has an invalid value. */
const parametersOf = (asked: ReadonlyArray<string>): ReadonlyMap<string, string> | undefined => {
  const values = new Map<string, string>()
  for (const parameter of asked) {
    const [, name = "", , value = ""] = /^([^=\s]+)\s*(=\s*"?([^"]*)"?)?$/.exec(parameter) ?? []
    if (values.has(name) || !Object.hasOwn(parameters, name) || !parameters[name]?.test(value)) return undefined
    values.set(name, value)
  }
  return values
}

/** A decompressed message. For one that is too long `ws` only reads the length. */
type Result = Pick<Buffer, "length">

/** The last bytes of every compressed message, which are not sent. */
const trailer = Buffer.from([0x00, 0x00, 0xff, 0xff])

const nothing = Buffer.alloc(0)

/** Bytes, beyond those that were received, for which a message counts as one more towards the rate. */
const priceOfOne = 64 * 1024

/** Bytes of a decompressed message from which other connections get a turn before it is handled. */
const yieldsFrom = 16 * 1024

/**
 * Decompresses the messages of one connection: synchronously, so one at a time in the whole process, and at most `maxPayload` bytes of
 * each. The bytes gained by decompression count towards the rate, so that a client cannot cause much work with few bytes.
 */
export class Inflater {
  readonly #socket: ConnectionSocket
  readonly #maxPayload: number
  /** The frames of a message that is not complete. */
  #pieces: Array<Buffer> | undefined

  constructor(socket: ConnectionSocket, maxPayload: number) {
    this.#socket = socket
    this.#maxPayload = maxPayload
  }

  /** Makes this the extension of its socket. */
  attach(): void {
    this.#socket._extensions = { [extension]: this }
  }

  /** Called by `ws` for each frame of a compressed message. `done` must not be called before this returns. */
  decompress(data: Buffer, isLast: boolean, done: (error: Error | null, result?: Result) => void): void {
    const { connection } = this.#socket
    if (!isLast) {
      ;(this.#pieces ??= []).push(data)
      return process.nextTick(done, null, nothing)
    }
    const pieces = [...(this.#pieces ?? []), data, trailer]
    this.#pieces = undefined
    // Messages after the end of a connection are not handled.
    if (connection?.isOpen !== true) return process.nextTick(done, null, nothing)
    const sent = pieces.reduce((size, { length }) => size + length, 0)
    try {
      const result = inflate(Buffer.concat(pieces, sent), this.#maxPayload)
      for (let more = (result.length - sent) / priceOfOne; more >= 1 && connection.isOpen; more--) connection.spend()
      if (result.length < yieldsFrom) process.nextTick(done, null, result)
      else setImmediate(done, null, result)
    } catch (error) {
      this.#socket.close(1007)
      process.nextTick(done, error as Error)
    }
  }

  /** Called by `ws` when the socket is closed. */
  cleanup(): void {
    this.#pieces = undefined
  }
}

/** The decompressed message. For one that is too long, only a length above `maxPayload`. */
const inflate = (bytes: Buffer, maxPayload: number): Result => {
  const maxOutputLength = maxPayload < Infinity ? maxPayload : undefined
  try {
    return inflateRawSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH, ...(maxOutputLength && { maxOutputLength }) })
  } catch (error) {
    if ((error as { readonly code?: string }).code !== "ERR_BUFFER_TOO_LARGE") throw error
    return { length: maxPayload + 1 }
  }
}
