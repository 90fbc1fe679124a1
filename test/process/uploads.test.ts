/**
 * Files over real sockets to servers that are processes: memory stays flat, and what was confirmed is not sent again, however often the
 * connection is cut and the server killed. `FIBRA_UPLOAD_MB` says how large the files are.
 */
import { mkdtemp, readdir, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Scope } from "effect"
import * as ServerProcess from "../support/ServerProcess.ts"
import { digestOf, RawUploader } from "../support/RawUploader.ts"

const file = new URL("../support/UploadServer.ts", import.meta.url)
const mb = Number(process.env["FIBRA_UPLOAD_MB"] ?? 16)
const size = mb * 1_000_000 + 17
const chunk = 256 * 1024

/** As long as it takes, where somebody measures. */
const timeout = 60_000 + mb * 1000

const folder = Effect.acquireRelease(
  Effect.promise(() => mkdtemp(join(process.env["FIBRA_UPLOAD_DIR"] ?? tmpdir(), "fibra-uploads-"))),
  (path) => Effect.promise(() => rm(path, { recursive: true, force: true }))
)

const said = (what: string, figures: object): Effect.Effect<void> =>
  process.env["FIBRA_UPLOAD_MB"] === undefined ? Effect.void : Effect.log(what, figures)

const startOf = (componentId: string, uploadId: string, bytes: number, token?: unknown) => ({
  componentId,
  upload: "file",
  uploadId,
  name: `${uploadId}.dat`,
  type: "",
  size: bytes,
  ...(token === undefined ? {} : { token })
})

describe("files to a server that is a process", () => {
  it.live(
    "large files, one and then ten at once, take no more memory than their windows",
    () =>
      Effect.gen(function* () {
        const store = yield* folder
        const server = yield* ServerProcess.start({
          file,
          env: { STORE: store },
          flags: ["--max-old-space-size=256"]
        })
        const { componentId, socket } = yield* RawUploader.open(server.port)
        const memory = Effect.map(socket.ask("Call", { componentId, action: "Memory", payload: null }), ({ value }) =>
          Number(value)
        )
        const send = Effect.fnUntraced(function* (target: typeof socket, id: string, name: string, bytes: number) {
          const started = yield* target.ask("UploadStart", startOf(id, name, bytes))
          yield* Effect.promise(() => target.send(name, 0, bytes, Number(started["window"]), chunk))
          return yield* target.ask("UploadComplete", { uploadId: name })
        })
        const before = yield* memory
        let most = 0
        /** How long calls take on the connection that uploads. */
        const calls: Array<number> = []
        const watching = yield* Effect.forkChild(
          Effect.forever(
            Effect.andThen(
              Effect.suspend(() => {
                const called = performance.now()
                return Effect.map(memory, (rss) => {
                  calls.push(performance.now() - called)
                  most = Math.max(most, rss)
                })
              }),
              Effect.sleep("50 millis")
            )
          )
        )
        const began = performance.now()
        const one = yield* send(socket, componentId, "one", size)
        const middle = performance.now()
        const ofOne = calls.splice(0).sort((a, b) => a - b)
        assert.deepInclude(one, { size, sha256: digestOf(size) })
        const small = Math.ceil(size / 5)
        const others = yield* Effect.forEach(
          Array.from({ length: 10 }, (_, index) => `ten${index}`),
          (name) =>
            Effect.flatMap(RawUploader.open(server.port), ({ componentId, socket }) =>
              send(socket, componentId, name, small)
            ),
          { concurrency: "unbounded" }
        )
        const end = performance.now()
        for (const each of others) assert.deepInclude(each, { size: small, sha256: digestOf(small) })
        void watching
        yield* said("uploads", {
          MBps: size / 1000 / (middle - began),
          "MBps of ten": (small * 10) / 1000 / (end - middle),
          "RSS growth, MB": (most - before) / 1e6,
          "calls beside one: median, p95, ms": [ofOne[ofOne.length >> 1], ofOne[Math.floor(ofOne.length * 0.95)]]
        })
        // Ten windows, and what a collector has not collected yet.
        assert.isBelow(most - before, 100e6)
      }),
    timeout
  )

  it.live(
    "a file is whole after five cuts and a kill, and nothing that was confirmed is sent again",
    () =>
      Effect.gen(function* () {
        const store = yield* folder
        const env = { STORE: store }
        const scope = yield* Effect.scope
        let server = yield* ServerProcess.start({ file, env })
        let token: unknown
        let confirmed = 0
        let again = 0
        for (let cut = 1; cut <= 6; cut++) {
          const own = yield* Scope.fork(scope)
          const { componentId, socket } = yield* Scope.provide(RawUploader.open(server.port), own)
          const started = yield* socket.ask("UploadStart", startOf(componentId, "cut", size, token))
          token = started["token"]
          const received = Number(started["received"])
          again += Math.max(0, confirmed - received)
          const stopAt = Math.ceil((size * cut) / 6)
          confirmed = yield* Effect.promise(() =>
            socket.send("cut", received, size, Number(started["window"]), chunk, cut === 6 ? Infinity : stopAt)
          )
          if (cut === 6) {
            const completed = yield* socket.ask("UploadComplete", { uploadId: "cut" })
            assert.deepInclude(completed, { size, sha256: digestOf(size) })
          }
          yield* Scope.close(own, Exit.void)
          if (cut !== 3) continue
          yield* server.end("SIGKILL")
          server = yield* ServerProcess.start({ file, env, port: server.port })
        }
        assert.strictEqual(again, 0)
        const left = yield* Effect.promise(() => readdir(join(store, ".unfinished")))
        assert.deepStrictEqual(left, [])
      }),
    timeout
  )
})
