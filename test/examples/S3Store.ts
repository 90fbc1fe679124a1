/** An UploadStore on S3, for docs/uploads.md. */
// #region store
import { Effect, Layer, Stream } from "effect"
import { UploadStore } from "fibra/server"

/** Sends a signed request. Its signature is the business of a library, such as `aws4fetch`. */
export type Send = (url: string, init?: RequestInit) => Promise<Response>

/** S3 takes parts of at least 5 MiB, but for the last. */
const partSize = 5 * 1024 * 1024

/** In a bucket (`https://bucket.s3.eu-central-1.amazonaws.com`), by multipart uploads. */
export const layerS3 = (bucket: string, send: Send): Layer.Layer<UploadStore.UploadStore> => {
  const ask = (operation: UploadStore.UploadOperation, file: string, path: string, init?: RequestInit) =>
    Effect.tryPromise({
      try: () => send(`${bucket}/${path}`, init),
      catch: (cause) => new UploadStore.UploadStoreError({ operation, file, cause })
    }).pipe(
      Effect.filterOrFail(
        ({ ok, status }) => ok || status === 404,
        ({ status }) => new UploadStore.UploadStoreError({ operation, file, cause: new Error(`S3 answered ${status}`) })
      )
    )
  const textOf = (response: Response) => Effect.promise(() => response.text())
  const content = (name: string, headers: Record<string, string> = {}) =>
    Stream.unwrap(
      Effect.map(ask("read", name, name, { headers }), ({ body }) =>
        Stream.fromReadableStream({
          evaluate: () => body ?? new ReadableStream<Uint8Array>(),
          onError: (cause) => new UploadStore.UploadStoreError({ operation: "read", file: name, cause })
        })
      )
    )

  const partial = (id: string, uploadId: string): UploadStore.PartialFile => {
    const key = `unfinished/${id}`
    const tags: Array<string | null> = []
    let waiting: Array<Uint8Array> = []
    let bytes = 0
    const flush = Effect.suspend(() => {
      const body = Buffer.concat(waiting)
      waiting = []
      bytes = 0
      const path = `${key}?partNumber=${tags.length + 1}&uploadId=${uploadId}`
      return Effect.map(ask("append", id, path, { method: "PUT", body }), ({ headers }) =>
        tags.push(headers.get("etag"))
      )
    })
    return {
      append: (more) =>
        Effect.suspend(() => {
          // A copy: these bytes are kept until there are enough of them.
          waiting.push(new Uint8Array(more))
          bytes += more.length
          return bytes < partSize ? Effect.void : Effect.asVoid(flush)
        }),
      content: Stream.empty,
      finish: (name, type) =>
        Effect.gen(function* () {
          yield* flush
          const parts = tags.map(
            (tag, index) => `<Part><PartNumber>${index + 1}</PartNumber><ETag>${tag}</ETag></Part>`
          )
          const body = `<CompleteMultipartUpload>${parts.join("")}</CompleteMultipartUpload>`
          yield* ask("finish", name, `${key}?uploadId=${uploadId}`, { method: "POST", body })
          const headers = {
            "x-amz-copy-source": `${new URL(bucket).host.split(".", 1)[0]}/${key}`,
            "x-amz-metadata-directive": "REPLACE",
            "content-type": type
          }
          yield* ask("finish", name, name, { method: "PUT", headers })
          yield* ask("finish", name, key, { method: "DELETE" })
        }),
      abort: Effect.asVoid(ask("remove", id, `${key}?uploadId=${uploadId}`, { method: "DELETE" })),
      close: Effect.asVoid(ask("remove", id, `${key}?uploadId=${uploadId}`, { method: "DELETE" }))
    }
  }

  return Layer.succeed(UploadStore.UploadStore, {
    create: (id) =>
      ask("create", id, `unfinished/${id}?uploads`, { method: "POST" }).pipe(
        Effect.flatMap(textOf),
        Effect.map((xml) => partial(id, /<UploadId>([^<]+)</.exec(xml)?.[1] ?? ""))
      ),
    // Not kept from process to process. A rule of the bucket ends what a crash has left.
    reopen: () => Effect.undefined,
    sweep: () => Effect.void,
    size: (name) =>
      Effect.map(ask("read", name, name, { method: "HEAD" }), ({ headers, status }) =>
        status === 404 ? undefined : Number(headers.get("content-length"))
      ),
    read: (name, range) =>
      content(name, range && { range: `bytes=${range.offset}-${range.offset + range.length - 1}` }),
    remove: (name) => Effect.asVoid(ask("remove", name, name, { method: "DELETE" })),
    free: Effect.succeed(Infinity)
  })
}
// #endregion store
