/**
 * What is in a file, as far as it can be told while its bytes go by: its digest, how it begins and how it ends, and
 * whether there is markup in a picture. Nothing else of it is kept. `FileType` judges by it.
 */
import { createHash, type Hash } from "node:crypto"

/** Bytes from the beginning: enough to recognise all formats, also those that begin as a ZIP archive. */
const headSize = 64 * 1024

/** Bytes from the end: the directory of a ZIP archive begins in them, if one ends there. */
const tailSize = 65_536 + 22

/** Characters of the longest marker, less one: it may lie across two pieces. */
const overlap = 15

/** The beginning of the formats in which a browser would find markup, if it were told to. */
const pictures: ReadonlyArray<readonly [offset: number, magic: Buffer]> = [
  [0, Buffer.from("89504e470d0a1a0a", "hex")],
  [0, Buffer.from("ffd8ff", "hex")],
  [0, Buffer.from("GIF8")],
  [0, Buffer.from("BM")],
  [0, Buffer.from("RIFF")],
  [0, Buffer.from("II*\0")],
  [0, Buffer.from("MM\0*")],
  [0, Buffer.from([0, 0, 1, 0])],
  [4, Buffer.from("ftyp")]
]

const pdf = Buffer.from("%PDF-")

const isPicture = (head: Buffer): boolean =>
  pictures.some(([offset, magic]) => head.subarray(offset, offset + magic.length).equals(magic))

/** What a compressed picture of any size does not hold by accident: shorter markers would occur in some. */
const markup = /<(?:script|!doctype|iframe|(?:html|body)[\s>]|\?php\s)/i

const lessThan = "<".charCodeAt(0)

/** What is in one file. */
export class FileContent {
  size = 0
  readonly #hash: Hash = createHash("sha256")
  #heads: Array<Buffer> | undefined = []
  #head: Buffer | undefined
  #isPicture: boolean | undefined
  /** Whether it matters how it ends. */
  #hasEnd = true
  #hasMarkup = false
  /** The end of what has gone by; of pictures only. */
  #end: Buffer = Buffer.alloc(0)
  #last: Buffer = Buffer.alloc(0)

  /** The next bytes of the file. They may be used for something else afterwards. */
  add(bytes: Uint8Array): void {
    const piece = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    this.#hash.update(piece)
    if (this.#heads !== undefined) this.#begin(piece)
    if (this.#isPicture === true) this.#look(piece)
    if (this.#hasEnd) this.#last = tailOf(this.#last, piece, tailSize)
    this.size += piece.length
  }

  /** The first bytes. */
  get head(): Buffer {
    return (this.#head ??= Buffer.concat(this.#heads ?? []))
  }

  /** The last bytes of a picture or a PDF. */
  get tail(): Buffer {
    return this.#last
  }

  /** Whether there is markup in a picture. */
  get hasMarkup(): boolean {
    return this.#hasMarkup
  }

  /** The SHA-256 in hexadecimal digits; once. */
  digest(): string {
    return this.#hash.digest("hex")
  }

  #begin(piece: Buffer): void {
    const heads = this.#heads as Array<Buffer>
    const missing = headSize - this.size
    heads.push(Buffer.from(piece.subarray(0, missing)))
    const size = this.size + piece.length
    if (this.#isPicture === undefined && size >= 16) {
      // Together, because a client may send byte by byte.
      const head = Buffer.concat(heads)
      this.#isPicture = isPicture(head)
      this.#hasEnd = this.#isPicture || head.subarray(0, 5).equals(pdf)
      if (this.#isPicture) this.#look(head.subarray(0, this.size))
    }
    if (size < headSize) return
    this.#head = Buffer.concat(heads)
    this.#heads = undefined
  }

  #look(piece: Buffer): void {
    if (this.#hasMarkup) return
    // Across the seam first, and then within.
    const seam = Buffer.concat([this.#end, piece.subarray(0, overlap)])
    this.#hasMarkup = isMarked(seam) || isMarked(piece)
    this.#end = tailOf(this.#end, piece, overlap)
  }
}

/** Looks at the places where markup could begin: in a picture these are few. */
const isMarked = (bytes: Buffer): boolean => {
  for (let at = bytes.indexOf(lessThan); at >= 0; at = bytes.indexOf(lessThan, at + 1)) {
    if (isLetter(bytes[at + 1]) && markup.test(bytes.toString("latin1", at, at + overlap + 1))) return true
  }
  return false
}

/** Whether markup could go on with this byte: `!`, `?` or a letter. */
const isLetter = (byte: number | undefined): boolean =>
  byte !== undefined && (byte === 0x21 || byte === 0x3f || (byte | 0x20) >= 0x61)

/** The last bytes of both. */
const tailOf = (before: Buffer, piece: Buffer, size: number): Buffer =>
  piece.length >= size ? Buffer.from(piece.subarray(-size)) : Buffer.concat([before, piece]).subarray(-size)
