/** A client of the JSON wire that sends one file to an album, as those of the seed's family do: one part in flight. */
import { Effect } from "effect"
import { type MemoryConnection, MemoryWires, type Told } from "./MemoryWires.ts"
import { told } from "./Album.ts"

/** A client with an album of its own. */
export interface JsonAlbumClient {
  readonly connection: MemoryConnection
  readonly componentId: string
  /** The name of the upload that was started last. */
  readonly uploadId: () => string
  /** Sends a message, and gives the answer to it. */
  readonly ask: (message: object) => Effect.Effect<Told>
  /** Starts the upload that the rest is about. */
  readonly start: (file: object) => Effect.Effect<Told>
  readonly part: (index: number, bytes: Uint8Array, more?: object) => Effect.Effect<Told>
  readonly binary: (index: number, bytes: Uint8Array, more?: object) => Effect.Effect<Told>
  readonly complete: Effect.Effect<Told>
  /** All of it. */
  readonly send: (file: object, content: Uint8Array) => Effect.Effect<Told>
}

let clients = 0

/** Connects, and mounts an album, or another component that takes photos. */
export const JsonAlbum = Effect.fnUntraced(function* (
  component = "Album"
): Effect.fn.Return<JsonAlbumClient, never, MemoryWires> {
  const { connect } = yield* MemoryWires
  const connection = connect("json")
  let requests = 0
  let uploads = 0
  let uploadId = ""
  const client = ++clients
  const answered = (requestId: string) => told(connection, (message) => message["requestId"] === requestId)
  const ask = (message: object) => {
    const requestId = `request-${++requests}`
    connection.send({ ...message, requestId })
    return answered(requestId)
  }
  const mounted = yield* ask({ type: "COMPONENT_MOUNT", payload: { component } })
  const { componentId } = mounted["result"] as { readonly componentId: string }
  const start: JsonAlbumClient["start"] = (file) => {
    uploadId = `upload-${client}-${++uploads}`
    return ask({ type: "FILE_UPLOAD_START", componentId, upload: "photo", uploadId, expectResponse: true, ...file })
  }
  const part: JsonAlbumClient["part"] = (chunkIndex, bytes, more) => {
    const data = Buffer.from(bytes).toString("base64")
    return ask({ type: "FILE_UPLOAD_CHUNK", componentId, uploadId, chunkIndex, totalChunks: 99, data, ...more })
  }
  const binary: JsonAlbumClient["binary"] = (chunkIndex, bytes, more) => {
    const requestId = `request-${++requests}`
    const header = { type: "FILE_UPLOAD_CHUNK", componentId, uploadId, chunkIndex, totalChunks: 99, requestId }
    connection.sendPart({ ...header, ...more }, bytes)
    return answered(requestId)
  }
  const complete = Effect.suspend(() => ask({ type: "FILE_UPLOAD_COMPLETE", componentId, uploadId }))
  return {
    connection,
    componentId,
    uploadId: () => uploadId,
    ask,
    start,
    part,
    binary,
    complete,
    send: Effect.fnUntraced(function* (file, content) {
      const started = yield* start({ fileSize: content.length, ...file })
      if (started["success"] !== true) return started
      for (let at = 0, index = 0; at < content.length; index++) {
        const size = Math.min(65_536, content.length - at)
        const progress = yield* part(index, content.subarray(at, at + size))
        if (progress["success"] !== true) return progress
        at += size
      }
      return yield* complete
    })
  }
})
