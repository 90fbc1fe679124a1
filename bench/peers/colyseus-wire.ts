/** A client's end of the protocol of Colyseus: a seat is taken over HTTP, and each frame begins with a byte of code. */
import { Agent, request } from "node:http"
import { frame } from "../frame.ts"
import type { Mounting, Reader, Said, Wire } from "../wire.ts"

const code = { join: 10, error: 11, data: 13, state: 14, patch: 15, ping: 18, request: 21, response: 22 } as const

const agent = new Agent({ keepAlive: true, maxSockets: 64 })

/** Takes a seat, and gives the path of its socket. */
export const seatOf = (port: number, { key, room }: Mounting): Promise<string> =>
  new Promise((resolve, reject) => {
    const path = (key ?? room) === undefined ? "/matchmake/create/own" : "/matchmake/joinOrCreate/shared"
    const headers = { "content-type": "application/json", accept: "application/json" }
    const post = request({ host: "127.0.0.1", port, path, method: "POST", agent, headers }, (response) => {
      let text = ""
      response.setEncoding("utf8")
      response.on("data", (data: string) => (text += data))
      response.on("end", () => {
        if (response.statusCode !== 200) return reject(new Error(text))
        const seat = JSON.parse(text) as Readonly<Record<string, string>>
        resolve(`/${seat["processId"]}/${seat["roomId"]}?sessionId=${seat["sessionId"]}`)
      })
    })
    post.on("error", reject)
    post.end("{}")
  })

/** A short text, and whole numbers, as msgpack has them. */
const text = (value: string): Buffer => Buffer.concat([Buffer.from([0xa0 | value.length]), Buffer.from(value)])
const long = (value: string): Buffer => Buffer.concat([Buffer.from([0xd9, value.length]), Buffer.from(value)])
const uint32 = (value: number): Buffer => {
  const bytes = Buffer.from([0xce, 0, 0, 0, 0])
  bytes.writeUInt32BE(value, 1)
  return bytes
}

/** A number as Colyseus has it, which is not how msgpack has it. */
const number = (value: number): Buffer => {
  if (value < 128) return Buffer.from([value])
  if (value < 256) return Buffer.from([0xcc, value])
  if (value < 65_536) return Buffer.from([0xcd, value & 255, value >> 8])
  return Buffer.from([0xce, value & 255, (value >> 8) & 255, (value >> 16) & 255, value >>> 24])
}

const increment = text("increment")
const say = Buffer.concat([Buffer.from([code.data]), text("say")])
/** The name of a field, as msgpack has it: `said` has `id` in it, too. */
const id = text("id")

/** The number behind `id`, as msgpack has it. */
const idIn = (bytes: Buffer, start: number, end: number): number => {
  const at = bytes.subarray(start, end).indexOf(id) + start + id.length
  const first = bytes[at] as number
  if (first < 128) return first
  if (first === 0xcc) return bytes[at + 1] as number
  return first === 0xcd ? bytes.readUInt16BE(at + 1) : bytes.readUInt32BE(at + 1)
}

/** One client of a server of Colyseus. */
export class ColyseusWire implements Wire {
  readonly #reader: Reader
  #isMounted = false

  constructor(reader: Reader) {
    this.#reader = reader
  }

  /** Who has a seat and a socket is in. */
  mount(): void {}

  increment(id: number): void {
    const request = Buffer.concat([Buffer.from([code.request]), number(id + 1), increment])
    this.#reader.send(frame(request, "binary"))
  }

  write(): void {
    this.#reader.failed("there is no board")
  }

  /** What is said has no answer. */
  say(_: number, { id, text: what }: Said): void {
    const fields = Buffer.concat([Buffer.from([0x82]), text("id"), uint32(id), text("text"), long(what)])
    this.#reader.send(frame(Buffer.concat([say, fields]), "binary"))
    this.#reader.answered()
  }

  leave(): boolean {
    return false
  }

  read(bytes: Buffer, start: number, end: number): void {
    switch ((bytes[start] as number) & 31) {
      case code.response:
        return this.#reader.answered()
      case code.patch:
        return this.#counted(bytes.readUInt32LE(end - 4))
      case code.state: {
        const count = bytes.readUInt32LE(end - 4)
        if (this.#isMounted) return this.#counted(count)
        this.#isMounted = true
        return this.#reader.mounted(count)
      }
      case code.data:
        return this.#reader.heard(idIn(bytes, start, end))
      case code.join:
        return this.#reader.send(frame(Buffer.from([code.join]), "binary"))
      case code.ping:
        return
    }
    this.#reader.failed(bytes.toString("latin1", start, end))
  }

  #counted(count: number): void {
    this.#reader.changed(count, count)
  }
}
