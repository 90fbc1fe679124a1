/** A component that takes files, and clients of both wires that send them with nothing of ours on their side. */
import { createHash } from "node:crypto"
import { Effect, Layer, Schema, Stream } from "effect"
import { Component, Upload } from "fibra"
import { UploadStore } from "fibra/server"
import { type MemoryConnection, MemoryWires, type Told } from "./MemoryWires.ts"
import type { LiveConfig } from "fibra/server"

/** Takes pictures and texts, and anything at all. */
export class Album extends Component.Service<Album>()("Album", {
  state: { files: Schema.Array(Schema.String) },
  initial: () => ({ files: [] }),
  uploads: {
    photo: Upload.policy({ maxFileSize: 1_000_000, maxFiles: 4, accept: ["image/*", ".pdf", ".svg", ".txt"] }),
    any: Upload.policy({ maxFileSize: 10_000_000, maxFiles: 100 })
  }
}) {}

/** The files that were handled, newest last, with their content. */
export const handled: Array<Upload.UploadedFile & { readonly content: string }> = []

/** What is done with a file is in its name. */
const take = Effect.fnUntraced(function* (file: Upload.UploadedFile) {
  const self = yield* Album
  const pieces = yield* Effect.orDie(Stream.runCollect(file.stream))
  handled.push({ ...file, content: Buffer.concat(pieces).toString("latin1") })
  if (file.name.startsWith("refuse")) return yield* Upload.refuse("we have that one")
  if (file.name.startsWith("crash")) return yield* Effect.die(new Error("the film tore"))
  if (file.name.startsWith("hang")) return yield* Effect.never
  yield* self.update(({ files }) => ({ files: [...files, file.url] }))
})

export const AlbumLayer = Album.toLayer(Album.of({ uploads: { photo: take, any: take } }), {
  callTimeout: "10 seconds"
})

/** A server with an album, whose files are in this store. */
export const server = (config: Partial<LiveConfig.Settings> = {}) =>
  MemoryWires.layer([Album], config).pipe(Layer.provide(AlbumLayer))

/** The same, with a store in memory. */
export const wires = (config: Partial<LiveConfig.Settings> = {}) =>
  Layer.provideMerge(server(config), UploadStore.layerMemory)

/** The smallest picture: one transparent point. */
export const png = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "base64"
)

/** A picture of about so many bytes: with a comment of zeros, which no program looks at. */
export const pngOf = (bytes: number): Buffer => {
  const end = png.length - 12
  const body = Buffer.alloc(Math.max(0, bytes - png.length - 12))
  const head = Buffer.alloc(8)
  head.writeUInt32BE(body.length)
  head.write("teSt", 4)
  return Buffer.concat([png.subarray(0, end), head, body, Buffer.alloc(4), png.subarray(end)])
}

export const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex")

/** Lets everything happen that can. */
export const settle: Effect.Effect<void> = Effect.promise(
  () => new Promise<void>((resolve) => setImmediate(resolve))
).pipe(Effect.repeat({ times: 9 }), Effect.asVoid)

/** Waits for a message of the server, and gives it. */
export const told = (connection: MemoryConnection, wanted: (message: Told) => boolean): Effect.Effect<Told> =>
  Effect.gen(function* () {
    for (let tries = 0; tries < 200; tries++) {
      const found = connection.told.find(wanted)
      if (found !== undefined) return found
      yield* settle
    }
    return yield* Effect.die(new Error(`it was not told: ${JSON.stringify(connection.told.slice(-5))}`))
  })
