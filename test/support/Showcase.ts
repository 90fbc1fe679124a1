/** The showcase much as `npm start` has it: built by vite, served by a process of its own, which can end and start again. */
import { fileURLToPath } from "node:url"
import { Context, Effect, Layer, Scope } from "effect"
import { build } from "vite"
import * as ServerProcess from "./ServerProcess.ts"
import { folder as directory } from "./workspace.ts"

const root = fileURLToPath(new URL("../../examples/showcase", import.meta.url))

/** The showcase, served. */
export class Showcase extends Context.Service<
  Showcase,
  {
    readonly url: string
    /** Asks it to end, and waits until it has. */
    readonly stop: Effect.Effect<void>
    /** Ends it without asking. */
    readonly kill: Effect.Effect<void>
    /** Serves it where it was served before. */
    readonly start: Effect.Effect<void>
    /** Serves it once more, with a store of its own, until the Scope closes; sessions wait as long as is said. */
    readonly another: (options: {
      readonly linger: string
    }) => Effect.Effect<{ readonly port: number }, never, Scope.Scope>
  }
>()("test/browser/Showcase") {
  /** With the React that complains and that runs effects twice. */
  static readonly layer = Layer.effect(
    Showcase,
    Effect.gen(function* () {
      const [DIST, DATA] = [yield* directory, yield* directory]
      yield* Effect.promise(() =>
        build({ root, mode: "development", logLevel: "error", build: { outDir: DIST, emptyOutDir: true } })
      )
      const options = {
        file: new URL("ShowcaseServer.ts", import.meta.url),
        // For the names that lead to src/.
        flags: ["--import", new URL("sourceNames.ts", import.meta.url).href],
        env: { DIST, DATA, FIBRA_SECRET: "" }
      }
      const scope = yield* Effect.scope
      let server = yield* ServerProcess.start(options)
      const { port } = server
      return Showcase.of({
        another: ({ linger }) =>
          Effect.flatMap(directory, (DATA) =>
            ServerProcess.start({ ...options, env: { ...options.env, DATA, LINGER: linger } })
          ),
        url: `http://127.0.0.1:${port}/`,
        stop: Effect.asVoid(Effect.suspend(() => server.end("SIGTERM"))),
        kill: Effect.asVoid(Effect.suspend(() => server.end("SIGKILL"))),
        start: Effect.map(
          Scope.provide(ServerProcess.start({ ...options, port }), scope),
          (again) => void (server = again)
        )
      })
    })
  )
}
