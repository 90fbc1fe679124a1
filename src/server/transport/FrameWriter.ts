/** What goes out, and where to, whatever that is: a front writes frames to a link and knows no socket. */

/** One message, ready to be written. */
export type Frame = Uint8Array | string

/** What a connection is written to: a socket, or its stand-in in a test. */
export interface FrameWriter {
  /** Frames of one kind are written by every link of that kind. */
  readonly kind: string
  readonly frame: (text: string) => Frame
  /** Several messages, to be written at once. */
  readonly frames: (texts: ReadonlyArray<string>) => Frame
  readonly write: (frame: Frame) => void
  /** Writes the messages of a batch, each of which begins with who hears it. */
  readonly writeTo: (hearer: string, batch: { readonly texts: ReadonlyArray<string> }) => void
  /** Whether what is written now leaves. */
  readonly isOpen: boolean
  /** Bytes written that have not left yet. */
  readonly bufferedUnsafe: () => number
  /** It says that it has drained only when more than this was buffered. */
  readonly drainsAbove: number
  readonly ping: () => void
  /** Stops and starts reading. */
  readonly pause: () => void
  readonly resume: () => void
  readonly close: (code: number, reason: string) => void
  /** Ends it without another word. */
  readonly terminate: () => void
}
