/** Tells the test that started this process where its server listens, and ends the process when that test is gone. */
import { flushCompileCache } from "node:module"
import * as Effect from "effect/Effect"
import * as HttpServer from "effect/http/HttpServer"
import * as Layer from "effect/Layer"

/** Tells when the server listens. */
export const listening: Layer.Layer<never, never, HttpServer.HttpServer> = Layer.effectDiscard(
  Effect.map(Effect.service(HttpServer.HttpServer), ({ address }) => {
    process.on("disconnect", () => process.exit(1))
    // Many are killed: what they have compiled is there for the next one all the same.
    flushCompileCache()
    process.send?.("port" in address ? address.port : 0)
  })
)
