/** The showcase much as `npm start` has it: built by vite, served by a process of its own, which can end and start again. */
import { fileURLToPath } from "node:url"
import { NodeServices } from "@effect/platform-node"
import { Context, type Duration, Effect, Layer, Logger, Scope } from "effect"
import { HttpServer } from "effect/http"
import { LiveConfig, Secrets, SnapshotStore, UploadStore } from "fibra/server"
import * as Site from "../../examples/showcase/Site.ts"
import { builtPage } from "./builtPage.ts"
import * as ServerProcess from "./ServerProcess.ts"
import { folder as directory } from "./workspace.ts"

const root = fileURLToPath(new URL("../../examples/showcase", import.meta.url))

/** The page in this folder with its components, served by this process until the Scope closes. */
const another = Effect.fnUntraced(function* (dist: string, linger: Duration.Input) {
  const site = Site.layer(dist, { port: 0, host: "127.0.0.1" }).pipe(
    Layer.provide([
      LiveConfig.layer({ linger }),
      SnapshotStore.layerMemory,
      UploadStore.layerMemory,
      Secrets.layerRandom,
      Logger.layer([])
    ]),
    Layer.provide(NodeServices.layer)
  )
  const { address } = Context.get(yield* Effect.orDie(Layer.build(Layer.fresh(site))), HttpServer.HttpServer)
  return { port: "port" in address ? address.port : 0 }
})

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
    /**
     * Serves it once more, with stores of its own, until the Scope closes; sessions wait as long as is said. It need not be
     * killed, so this process serves it, which is sooner done than starting another one.
     */
    readonly another: (options: {
      readonly linger: Duration.Input
    }) => Effect.Effect<{ readonly port: number }, never, Scope.Scope>
  }
>()("test/browser/Showcase") {
  static readonly layer = Layer.effect(
    Showcase,
    Effect.gen(function* () {
      const [DIST, DATA] = [yield* builtPage(root), yield* directory]
      const options = {
        file: new URL("ShowcaseServer.ts", import.meta.url),
        env: { DIST, DATA, FIBRA_SECRET: "" }
      }
      const scope = yield* Effect.scope
      let server = yield* ServerProcess.start(options)
      const { port } = server
      return Showcase.of({
        another: ({ linger }) => another(DIST, linger),
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
