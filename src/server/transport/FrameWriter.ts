/** What a wire writes to: a WebSocket, or its stand-in in a test. */

/** One message, ready to be written. */
export type Frame = Uint8Array | string

/** The receiving end of frames. */
export interface FrameWriter {
  /** Frames can be written by every writer of the same kind. */
  readonly kind: string
  readonly frame: (text: string) => Frame
  /** Several messages, written as one. */
  readonly frames: (texts: ReadonlyArray<string>) => Frame
  /** The same, to be written to many clients. */
  readonly shared: (texts: ReadonlyArray<string>) => Frame
  readonly write: (frame: Frame) => void
  /** Writes the messages of a batch, each after the text that names the component it is for. */
  readonly writeTo: (prefix: string, batch: { readonly texts: ReadonlyArray<string> }) => void
  /** Whether messages are compressed for this client. */
  readonly isCompressing: boolean
  /** Whether frames can still be written. */
  readonly isOpen: boolean
  /** Bytes that were written and have not left. */
  readonly bufferedUnsafe: () => number
  /** Bytes that came in and went out since it was opened, with the heads of their frames. */
  readonly bytesRead: number
  readonly bytesWritten: number
  /** Bytes that came in and that have left since it was opened: it grows while the peer takes or sends anything. */
  readonly bytesMoved: number
  /** It reports that it has drained only when more than this was buffered. */
  readonly drainsAbove: number
  readonly ping: () => void
  /** Stop and start reading. */
  readonly pause: () => void
  readonly resume: () => void
  readonly close: (code: number, reason: string) => void
  /** Closes it without a closing handshake. */
  readonly terminate: () => void
}
