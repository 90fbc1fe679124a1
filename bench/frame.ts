/** Frames of a client, masked as a client has to. A frame of which only numbers change is made once. */

/** The same for all: a load generator has no secrets, and a frame that was masked once can be sent again. */
const mask = [0x5a, 0xc3, 0x17, 0x9e] as const

const maskAt = (index: number): number => mask[index & 3] as number

/** What a frame is: the opcodes of RFC 6455. */
const opcodes = { text: 1, binary: 2, pong: 10 } as const

/** A whole frame. */
export const frame = (payload: string | Buffer, opcode: keyof typeof opcodes = "text"): Buffer => {
  const body = typeof payload === "string" ? Buffer.from(payload) : payload
  const { length } = body
  if (length >= 65_536) throw new Error("The bench sends no text of 64 KB or more.")
  const start = length < 126 ? 6 : 8
  const bytes = Buffer.allocUnsafe(start + length)
  bytes[0] = 0x80 | opcodes[opcode]
  if (start === 6) bytes[1] = 0x80 | length
  else {
    bytes[1] = 0x80 | 126
    bytes.writeUInt16BE(length, 2)
  }
  for (let index = 0; index < 4; index++) bytes[start - 4 + index] = maskAt(index)
  for (let index = 0; index < length; index++) bytes[start + index] = (body[index] as number) ^ maskAt(index)
  return bytes
}

const widthOf = (value: number): number => {
  let width = 1
  for (let rest = value; rest >= 10; rest = Math.floor(rest / 10)) width++
  return width
}

/**
 * A text frame in which up to two numbers change from one time to the next. It is made once for as long as they keep their length, and
 * then copied, with the digits written over those that were there.
 */
export class NumberedFrame {
  /** The text, in pieces; 0 and 1 stand for the numbers. */
  readonly #pieces: ReadonlyArray<string | 0 | 1>
  #frame: Buffer = Buffer.alloc(0)
  #start = 0
  #widths: readonly [number, number] = [0, 0]
  #places: ReadonlyArray<{ readonly at: number; readonly of: 0 | 1 }> = []

  constructor(...pieces: ReadonlyArray<string | 0 | 1>) {
    this.#pieces = pieces
  }

  /** The frame with these numbers, which are whole and not negative. */
  with(first: number, second = 0): Buffer {
    const widths = [widthOf(first), widthOf(second)] as const
    if (widths[0] !== this.#widths[0] || widths[1] !== this.#widths[1]) this.#make(widths)
    const bytes = Buffer.allocUnsafe(this.#frame.length)
    this.#frame.copy(bytes)
    for (const { at, of } of this.#places) {
      let rest = of === 0 ? first : second
      for (let place = at + widths[of] - 1; place >= at; place--) {
        bytes[this.#start + place] = (48 + (rest % 10)) ^ maskAt(place)
        rest = Math.floor(rest / 10)
      }
    }
    return bytes
  }

  #make(widths: readonly [number, number]): void {
    const places: Array<{ at: number; of: 0 | 1 }> = []
    let text = ""
    for (const piece of this.#pieces) {
      if (typeof piece === "string") text += piece
      else {
        places.push({ at: Buffer.byteLength(text), of: piece })
        text += "0".repeat(widths[piece])
      }
    }
    this.#frame = frame(text)
    this.#start = this.#frame.length - Buffer.byteLength(text)
    this.#widths = widths
    this.#places = places
  }
}
