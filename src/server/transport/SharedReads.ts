// Relies on the insides of `node:net`: test/server/transport/SharedReads.test.ts fails when a version of Node changes them.
/**
 * Has all sockets read into one buffer. Otherwise Node takes 64 KiB for each read, which costs more than most messages, and
 * of which a file is enough that V8 searches its whole heap for garbage, over and over. `onread` of `net.connect` does the same for
 * a socket that a program opens itself.
 */
import type { Socket } from "node:net"

/** Takes what was read, of which `bytesOf` gives the bytes. They are others afterwards. */
export type Reader = (this: Socket, read: Read) => void

/** The bytes of an event; or how many there are in the shared buffer. */
export type Read = Buffer | number

interface Handle {
  readonly useUserBuffer?: (buffer: Uint8Array) => void
}

/** As much as Node reads at once. */
const shared = Buffer.allocUnsafeSlow(64 * 1024)

/** Where a socket has its buffer and what is called with it; the same for all sockets, and looked for once. */
let insides: { readonly buffer: symbol; readonly callback: symbol } | undefined

/** Has this socket read into the shared buffer. What it has read before, and what it reads where that is not possible, are events. */
export const attach = (socket: Socket, reader: Reader): void => {
  socket.on("data", reader)
  const handle = (socket as { readonly _handle?: Handle | null })._handle
  if (handle?.useUserBuffer === undefined) return
  insides ??= insidesOf(socket)
  if (insides === undefined) return
  // Directly, without a function between: this is done for each read.
  Object.assign(socket, { [insides.buffer]: shared, [insides.callback]: reader })
  handle.useUserBuffer(shared)
}

/** The bytes that were read. */
export const bytesOf = (read: Read): Buffer => (typeof read === "number" ? shared.subarray(0, read) : read)

const insidesOf = (socket: Socket): typeof insides => {
  const named = (name: string) => Object.getOwnPropertySymbols(socket).find(({ description }) => description === name)
  const [buffer, callback] = [named("kBuffer"), named("kBufferCb")]
  return buffer === undefined || callback === undefined ? undefined : { buffer, callback }
}
