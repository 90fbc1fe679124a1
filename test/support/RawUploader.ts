/** Sends files to a depot over a real socket of the RPC wire, with nothing of ours on its side, and notes what it sends. */
import { createHash } from "node:crypto"
import { Effect, type Scope } from "effect"
import { WebSocket } from "ws"
import { partFrame } from "./MemoryWires.ts"

const block = 1024 * 1024

/** One block of bytes that do not repeat. */
const first = Buffer.allocUnsafe(block)
for (let at = 0; at < block; at += 4) first.writeUInt32LE(Math.imul(at, 2654435761) >>> 0, at)

/** A piece of a file whose blocks are alike but for their beginning. */
const pieceOf = (offset: number, length: number): Buffer => {
  const within = offset % block
  const piece = Buffer.from(first.subarray(within, Math.min(block, within + length)))
  if (within === 0 && piece.length >= 4) piece.writeUInt32LE(offset / block, 0)
  return piece
}

/** The SHA-256 of such a file. */
export const digestOf = (size: number): string => {
  const hash = createHash("sha256")
  for (let at = 0; at < size; at += block) hash.update(pieceOf(at, Math.min(block, size - at)))
  return hash.digest("hex")
}

type Fields = Record<string, unknown>

/** A socket of the RPC wire. */
export class RawUploader {
  readonly ws: WebSocket
  readonly #answers = new Map<string, (exit: Fields) => void>()
  readonly #received = new Map<string, (received: number) => void>()
  #requests = 0
  #stream = ""
  #batches = 0
  readonly closed: Promise<void>

  constructor(url: string) {
    this.ws = new WebSocket(url, { perMessageDeflate: false })
    this.closed = new Promise((resolve) => this.ws.on("close", () => resolve()))
    this.ws.on("error", () => {})
    this.ws.on("message", (data: Buffer) => {
      const parsed = JSON.parse(data.toString()) as Fields | ReadonlyArray<Fields>
      for (const message of Array.isArray(parsed) ? (parsed as ReadonlyArray<Fields>) : [parsed as Fields]) {
        this.#take(message)
      }
    })
  }

  /** Opens it until the Scope closes, and mounts a depot. */
  static readonly open = (
    port: number
  ): Effect.Effect<{ readonly socket: RawUploader; readonly componentId: string }, never, Scope.Scope> =>
    Effect.gen(function* () {
      const socket = yield* Effect.acquireRelease(
        Effect.sync(() => new RawUploader(`ws://127.0.0.1:${port}/api/live/rpc`)),
        ({ ws }) => Effect.sync(() => ws.terminate())
      )
      yield* Effect.promise(() => new Promise<void>((resolve) => socket.ws.once("open", () => resolve())))
      socket.#stream = "events"
      socket.ws.send(JSON.stringify({ _tag: "Request", id: "events", tag: "Connect", payload: {}, headers: [] }))
      const mounted = yield* socket.ask("Mount", { component: "Depot", props: {} })
      return { socket, componentId: String(mounted["componentId"]) }
    })

  /** Sends a request, and gives its success. */
  ask(tag: string, payload: object): Effect.Effect<Fields> {
    return Effect.callback<Fields>((resume) => {
      const id = `r${++this.#requests}`
      this.#answers.set(id, (exit) =>
        resume(
          exit["_tag"] === "Success"
            ? Effect.succeed((typeof exit["value"] === "object" ? exit["value"] : { value: exit["value"] }) as Fields)
            : Effect.die(new Error(JSON.stringify(exit)))
        )
      )
      this.ws.send(JSON.stringify({ _tag: "Request", id, tag, payload, headers: [] }))
    })
  }

  /**
   * Sends a file from an offset on, as fast as its window allows, until all is acknowledged, the socket closes, or
   * `stopAt` is acknowledged. Gives what is acknowledged then.
   */
  send(
    uploadId: string,
    from: number,
    size: number,
    window: number,
    chunk: number,
    stopAt = Infinity
  ): Promise<number> {
    return new Promise((resolve) => {
      let sent = from
      let acknowledged = from
      const end = () => {
        this.#received.delete(uploadId)
        resolve(acknowledged)
      }
      const pump = () => {
        while (sent < size && sent - acknowledged + chunk <= window && this.ws.readyState === WebSocket.OPEN) {
          const piece = pieceOf(sent, Math.min(chunk, size - sent))
          this.ws.send(partFrame({ uploadId, offset: sent }, piece))
          sent += piece.length
        }
      }
      this.#received.set(uploadId, (received) => {
        acknowledged = received
        if (acknowledged >= Math.min(size, stopAt)) end()
        else pump()
      })
      void this.closed.then(end)
      if (from >= size) end()
      else pump()
    })
  }

  #take(message: Fields): void {
    if (message["_tag"] === "Exit") {
      const answer = this.#answers.get(String(message["requestId"]))
      this.#answers.delete(String(message["requestId"]))
      answer?.(message["exit"] as Fields)
    }
    if (message["_tag"] !== "Chunk" || message["requestId"] !== this.#stream) return
    for (const event of message["values"] as ReadonlyArray<Fields>) {
      if (event["_tag"] === "UploadReceived") {
        this.#received.get(String(event["uploadId"]))?.(Number(event["received"]))
      } else if (event["_tag"] === "UploadFailed") throw new Error(JSON.stringify(event))
    }
    if (++this.#batches % 4 !== 0) return
    const payload = { batch: this.#batches }
    this.ws.send(
      JSON.stringify({ _tag: "Request", id: "a", tag: "Received", payload, headers: [], isNotification: true })
    )
  }
}
