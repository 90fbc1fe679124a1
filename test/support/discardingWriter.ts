import type { FrameWriter } from "../../src/server/transport/FrameWriter.ts"

/** A link from which nothing arrives, what was written to it, and how it was closed. */
export const makeWriter = () => {
  const codes: Array<number> = []
  const written: Array<number> = []
  const writer: FrameWriter = {
    kind: "test",
    frame: String,
    frames: (texts) => texts.join(""),
    shared: (texts) => texts.join(""),
    write: (frame) => void written.push(frame.length),
    writeTo: (_, { texts }) => void written.push(texts.join("").length),
    isOpen: true,
    isCompressing: false,
    bytesRead: 0,
    bytesWritten: 0,
    bytesMoved: 0,
    bufferedUnsafe: () => written.reduce((sum, length) => sum + length, 0),
    drainsAbove: 0,
    ping: () => {},
    pause: () => {},
    resume: () => {},
    close: (code) => void codes.push(code),
    terminate: () => {}
  }
  return { codes, writer, written }
}
