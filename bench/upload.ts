/**
 * Sends files as fast as a window of one MiB lets it: to fibra as uploads, and to plain `ws` as frames that are counted and thrown away.
 * Over the open wire the parts are base64.
 */
import { WebSocket } from "ws"
import { type Front, paths } from "./wires.ts"

/** What is to be sent. */
export interface Files {
  readonly side: "raw" | Front
  readonly port: number
  /** How many at once, each on a connection of its own, and bytes of each. */
  readonly files: number
  readonly bytes: number
}

/** Fields of a message. */
type Fields = Readonly<Record<string, unknown>>

const chunk = 256 * 1024
const window = 4 * chunk
const piece = Buffer.alloc(chunk, "fibra")
const base64 = piece.toString("base64")

/** Bytes of the header of a part. */
const headerSize = 64

/** Characters of the number of a part. */
const numberSize = 8

const lengthOf = (size: number): Buffer => {
  const length = Buffer.alloc(4)
  length.writeUInt32LE(size)
  return length
}

/** The number of the upload: names are used once. */
let last = 0

/** One file on its way. */
class Sending {
  readonly done: Promise<void>
  readonly #ws: WebSocket
  readonly #files: Files
  readonly #uploadId = `bench-${++last}`
  #sent = 0
  #received = 0
  #batches = 0
  #parts = 0
  /** The message of a part, as the JSON wire has it; its number is at the end. */
  readonly #text = Buffer.from(
    `{"type":"FILE_UPLOAD_CHUNK","componentId":"","uploadId":"${this.#uploadId}","data":"${base64}","chunkIndex":${" ".repeat(numberSize)}}`
  )
  /** The frame of a part: the length of its header, the header, and always the same bytes. */
  readonly #frame = Buffer.concat([lengthOf(headerSize), Buffer.alloc(headerSize), piece])
  #ended = (): void => {}

  constructor(files: Files) {
    this.#files = files
    const path = files.side === "raw" ? "/" : paths[files.side]
    this.#ws = new WebSocket(`ws://127.0.0.1:${files.port}${path}`, { perMessageDeflate: false })
    this.done = new Promise((resolve, reject) => {
      this.#ended = resolve
      this.#ws.on("error", reject)
      this.#ws.on("close", () => reject(new Error("The server has closed the connection.")))
    })
    this.#ws.on("open", () => this.#open())
    this.#ws.on("message", (data: Buffer) => {
      const parsed = JSON.parse(data.toString()) as Fields | ReadonlyArray<Fields>
      for (const message of Array.isArray(parsed) ? (parsed as ReadonlyArray<Fields>) : [parsed as Fields]) {
        this.#read(message)
      }
    })
  }

  close(): void {
    this.#ws.removeAllListeners("close")
    this.#ws.terminate()
  }

  get #isRpc(): boolean {
    return this.#files.side === "rpc"
  }

  #open(): void {
    if (this.#files.side === "raw") return this.#pump()
    if (!this.#isRpc)
      return this.#send({ type: "COMPONENT_MOUNT", payload: { component: "Depot" }, requestId: "mount" })
    this.#ask("events", "Connect", {})
    this.#ask("mount", "Mount", { component: "Depot", props: {} })
  }

  #send(message: Fields): void {
    this.#ws.send(JSON.stringify(message))
  }

  #ask(id: string, tag: string, payload: Fields): void {
    this.#send({ _tag: "Request", id, tag, payload, headers: [] })
  }

  #read(message: Fields): void {
    if (this.#files.side === "raw") return this.#acknowledged(Number(message["received"]))
    if (this.#isRpc) this.#readRpc(message)
    else this.#readJson(message)
  }

  #readRpc(message: Fields): void {
    if (message["_tag"] === "Chunk") {
      for (const event of message["values"] as ReadonlyArray<Fields>) {
        if (event["_tag"] === "UploadReceived") this.#acknowledged(Number(event["received"]))
      }
      if (++this.#batches % 4 === 0) this.#ask("received", "Received", { batch: this.#batches })
    }
    const { value } = (message["exit"] ?? {}) as { readonly value?: Fields }
    if (message["requestId"] === "mount") {
      const file = { upload: "file", uploadId: this.#uploadId, name: "bench.dat", type: "" }
      this.#ask("start", "UploadStart", { componentId: value?.["componentId"], size: this.#files.bytes, ...file })
    } else if (message["requestId"] === "start") this.#pump()
    else if (message["requestId"] === "complete") this.#ended()
  }

  #readJson(message: Fields): void {
    switch (message["type"]) {
      case "COMPONENT_MOUNTED": {
        const file = { filename: "bench.dat", fileType: "", fileSize: this.#files.bytes, requestId: "start" }
        return this.#send({ type: "FILE_UPLOAD_START", componentId: "", uploadId: this.#uploadId, ...file })
      }
      case "FILE_UPLOAD_START_RESPONSE":
        return this.#pump()
      case "FILE_UPLOAD_PROGRESS":
        return this.#acknowledged(Number(message["bytesUploaded"]))
      case "FILE_UPLOAD_ERROR":
        return this.#ended()
    }
  }

  #acknowledged(received: number): void {
    this.#received = received
    if (received < this.#files.bytes) return this.#pump()
    if (this.#files.side === "raw") this.#ended()
    else if (this.#isRpc) this.#ask("complete", "UploadComplete", { uploadId: this.#uploadId })
    else this.#send({ type: "FILE_UPLOAD_COMPLETE", componentId: "", uploadId: this.#uploadId })
  }

  #pump(): void {
    while (this.#sent < this.#files.bytes && this.#sent + chunk - this.#received <= window) {
      if (this.#files.side === "raw") this.#ws.send(piece)
      else if (this.#isRpc) this.#part({ uploadId: this.#uploadId, offset: this.#sent })
      else this.#numbered(this.#parts++)
      this.#sent += chunk
    }
  }

  #numbered(index: number): void {
    this.#text.write(String(index).padStart(numberSize), this.#text.length - numberSize - 1)
    this.#ws.send(this.#text, { binary: false })
  }

  #part(header: Fields): void {
    // JSON may have spaces. A frame that is made anew would cost the load more than it costs the server.
    this.#frame.write(JSON.stringify(header).padEnd(headerSize), 4)
    this.#ws.send(this.#frame)
  }
}

/** Sends them, and says how many millions of bytes that were. */
export const send = async (files: Files): Promise<{ readonly units: number }> => {
  const whole = { ...files, bytes: Math.ceil(files.bytes / chunk) * chunk }
  const sending = Array.from({ length: files.files }, () => new Sending(whole))
  try {
    await Promise.all(sending.map(({ done }) => done))
  } finally {
    for (const each of sending) each.close()
  }
  return { units: (whole.bytes * files.files) / 1e6 }
}
