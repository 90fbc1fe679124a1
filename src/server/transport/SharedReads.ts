// Relies on the insides of `node:net`: test/server/transport/SharedReads.test.ts fails when a version of Node changes them.
/**
 * Has all sockets read into one buffer. Otherwise Node takes 64 KiB for each read, which costs more than most messages, and
 * of which a file is enough that V8 searches its whole heap for garbage, over and over. `onread` of `net.connect` does the same for
 * a socket that a program opens itself.
 */
import type { Socket } from "node:net"

/** Takes what was read. The bytes are others afterwards. */
export type Reader = (this: Socket, chunk: Buffer) => void

interface Handle {
  readonly useUserBuffer?: (buffer: Uint8Array) => void
}

/** As much as Node reads at once. */
const shared = Buffer.allocUnsafeSlow(64 * 1024)

/** Has this socket read into the shared buffer. What it has read before, and what it reads where that is not possible, are events. */
export const attach = (socket: Socket, reader: Reader): void => {
  socket.on("data", reader)
  const handle = (socket as { readonly _handle?: Handle | null })._handle
  const [buffer, callback] = [symbolOf(socket, "kBuffer"), symbolOf(socket, "kBufferCb")]
  if (handle?.useUserBuffer === undefined || buffer === undefined || callback === undefined) return
  Object.assign(socket, { [buffer]: shared, [callback]: readerOf(reader) })
  handle.useUserBuffer(shared)
}

type Callback = (this: Socket, length: number) => boolean

/** One for all sockets of a reader: a closure for each would be memory held by an idle connection. */
const callbacks = new Map<Reader, Callback>()

const readerOf = (reader: Reader): Callback => {
  const known = callbacks.get(reader)
  if (known !== undefined) return known
  const callback: Callback = function (length) {
    reader.call(this, shared.subarray(0, length))
    return true
  }
  callbacks.set(reader, callback)
  return callback
}

const symbolOf = (socket: Socket, description: string): symbol | undefined =>
  Object.getOwnPropertySymbols(socket).find((symbol) => symbol.description === description)
