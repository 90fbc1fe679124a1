/** The showcase much as `npm start` has it: built by vite, served by its own layer. It can be stopped and started again. */
import { mkdtemp, rm } from "node:fs/promises"
import { createServer } from "node:http"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { NodeHttpServer } from "@effect/platform-node"
import { Context, Effect, Exit, Layer, Scope } from "effect"
import { HttpServer } from "effect/http"
import { build } from "vite"
import * as Site from "../../examples/showcase/Site.ts"

const root = fileURLToPath(new URL("../../examples/showcase", import.meta.url))

/** The page, with the React that complains and that runs effects twice, in a directory that goes away with the Scope. */
const built = Effect.gen(function* () {
  const outDir = yield* Effect.acquireRelease(
    Effect.promise(() => mkdtemp(join(tmpdir(), "showcase-"))),
    (outDir) => Effect.promise(() => rm(outDir, { recursive: true, force: true }))
  )
  yield* Effect.promise(() =>
    build({ root, mode: "development", logLevel: "error", build: { outDir, emptyOutDir: true } })
  )
  return outDir
})

const serve = Effect.fnUntraced(function* (dist: string, port: number) {
  const scope = yield* Scope.make()
  const options = { port, host: "127.0.0.1", disablePreemptiveShutdown: true }
  const server = Site.layer(dist).pipe(Layer.provideMerge(NodeHttpServer.layer(createServer, options)))
  const { address } = Context.get(yield* Layer.buildWithScope(server, scope), HttpServer.HttpServer)
  return { port: "port" in address ? address.port : 0, stop: Scope.close(scope, Exit.void) }
})

/** The showcase, served. */
export class Showcase extends Context.Service<
  Showcase,
  {
    readonly url: string
    readonly stop: Effect.Effect<void>
    /** Serves it where it was served before. */
    readonly start: Effect.Effect<void>
  }
>()("test/browser/Showcase") {
  static readonly layer = Layer.effect(
    Showcase,
    Effect.gen(function* () {
      const dist = yield* built
      let server = yield* serve(dist, 0)
      const { port } = server
      yield* Effect.addFinalizer(() => server.stop)
      return Showcase.of({
        url: `http://127.0.0.1:${port}/`,
        stop: Effect.suspend(() => server.stop),
        start: Effect.orDie(Effect.map(serve(dist, port), (again) => void (server = again)))
      })
    })
  )
}
