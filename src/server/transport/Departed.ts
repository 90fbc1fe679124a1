// Relies on the insides of `node:net`: test/server/transport/Departed.test.ts fails when a version of Node changes them.
/**
 * Tells how much a socket has handed on. What Node tells, `writableLength`, does not change before all of a write has left:
 * of a large message on a slow network, not for minutes.
 */
import type { Socket } from "node:net"

interface Handle {
  /** Of TLS, the one below it: what it holds itself is held for as long as that has anything left. */
  readonly _parent?: Handle | null
  /** Bytes that were given to it, and those of them that it still has. */
  readonly bytesWritten?: number
  readonly writeQueueSize?: number
}

/** Bytes that were written to this socket and are not in this process any more; over TLS, encrypted. */
export const bytesOf = (socket: Socket): number => {
  const handle = (socket as { readonly _handle?: Handle | null })._handle
  const { bytesWritten, writeQueueSize } = handle?._parent ?? handle ?? {}
  return bytesWritten === undefined || writeQueueSize === undefined
    ? socket.bytesWritten - socket.writableLength
    : bytesWritten - writeQueueSize
}
