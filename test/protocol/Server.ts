/** The servers that the cases are played against: the showcase's, and those of the lab with limits of their own. */
import { fileURLToPath } from "node:url"
import { Context, Duration, Effect, Exit, Layer, Scope } from "effect"
import { HttpServer } from "effect/http"
import { Authorization, LiveConfig, LiveServer, Secrets, UploadStore } from "fibra/server"
import * as Site from "../../examples/showcase/Site.ts"
import type { Limits } from "./Case.ts"
import * as Lab from "./Lab.ts"

/** A server that listens. */
export class Server extends Context.Service<
  Server,
  {
    /** Its HTTP address, without a slash at the end. */
    readonly origin: string
    readonly url: string
    /** Makes it begin to end. */
    readonly drain: Effect.Effect<void>
  }
>()("test/protocol/Server") {}

const anywhere = { port: 0, host: "127.0.0.1" }

const secrets = Secrets.layer(["a secret for tests that is long enough to be one"])

/** Serves the app in a Scope of its own, which may end before the tests do. */
const layerOf = <E>(app: Layer.Layer<HttpServer.HttpServer, E>) =>
  Layer.effect(
    Server,
    Effect.gen(function* () {
      const scope = yield* Effect.acquireRelease(Scope.make(), (scope) => Scope.close(scope, Exit.void))
      const context = yield* Layer.buildWithScope(Layer.provide(app, [secrets, UploadStore.layerMemory]), scope)
      const { address } = Context.get(context, HttpServer.HttpServer)
      const host = `127.0.0.1:${"port" in address ? address.port : 0}`
      return Server.of({
        origin: `http://${host}`,
        url: `ws://${host}/api/live/ws`,
        drain: Effect.asVoid(Effect.forkDetach(Scope.close(scope, Exit.void), { startImmediately: true }))
      })
    })
  )

/** What `npm start` serves, without the page that has to be built. */
export const layerShowcase = layerOf(
  Site.layer(fileURLToPath(new URL("../../examples/clients", import.meta.url)), anywhere)
)

/** The numbers as the server has them: times are durations there. */
const config = ({
  firstMessageTimeout,
  linger,
  tokenAge,
  tokenInterval,
  ...limits
}: Limits): Partial<LiveConfig.Settings> => ({
  ...limits,
  ...(firstMessageTimeout === undefined ? {} : { firstMessageTimeout: Duration.millis(firstMessageTimeout) }),
  ...(linger === undefined ? {} : { linger: Duration.millis(linger) }),
  ...(tokenAge === undefined ? {} : { tokenAge: Duration.millis(tokenAge) }),
  ...(tokenInterval === undefined ? {} : { tokenInterval: Duration.millis(tokenInterval) })
})

/** The components of the lab, with these limits and the defaults. Nobody may be in the room "locked". */
export const layerLab = (limits: Limits = {}) =>
  layerOf(
    LiveServer.layerHttp({ components: Lab.components, ...anywhere }).pipe(
      Layer.provide(Lab.layer),
      Layer.provide(Authorization.layer({ join: ({ room }) => Effect.succeed(room !== "locked") })),
      Layer.provide(LiveConfig.layer(config(limits)))
    )
  )
