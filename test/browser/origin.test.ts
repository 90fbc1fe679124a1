/** A page of another origin, in a browser that says which it is: it may connect when its origin is allowed, and only then. */
import { createServer } from "node:http"
import { NodeHttpServer } from "@effect/platform-node"
import { assert, layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { HttpRouter, HttpServer, HttpServerResponse } from "effect/http"
import { Port, served } from "../support/AuthorizationFixture.ts"
import { Chromium } from "../support/Chromium.ts"

/** A site that has nothing to do with the server, and where it is. */
const site = Effect.gen(function* () {
  const { address } = yield* HttpServer.HttpServer
  return `http://127.0.0.1:${"port" in address ? address.port : 0}`
})

const elsewhere = HttpRouter.use((router) =>
  router.add("GET", "/", HttpServerResponse.html("<h1>Elsewhere</h1>"))
).pipe(
  (app) => HttpRouter.serve(app, { disableLogger: true, disableListenLog: true }),
  Layer.provideMerge(NodeHttpServer.layer(createServer, { port: 0, host: "127.0.0.1" }))
)

layer(Layer.merge(elsewhere, Chromium.layer), { excludeTestServices: true, timeout: 120_000 })(
  "a page elsewhere",
  (it) => {
    it.effect("a page of another origin cannot connect, until its origin is allowed", () =>
      Effect.gen(function* () {
        const origin = yield* site
        const { page } = yield* Chromium.open(origin)
        const outcome = Effect.gen(function* () {
          const port = yield* Port
          return yield* Effect.promise(() =>
            page.evaluate(
              (url) =>
                new Promise<string>((resolve) => {
                  const socket = new WebSocket(url)
                  socket.onmessage = ({ data }) => {
                    resolve(String(JSON.parse(data).type))
                    socket.close()
                  }
                  socket.onerror = () => resolve("refused")
                }),
              `ws://127.0.0.1:${port}/api/live/ws`
            )
          )
        })
        assert.strictEqual(yield* Effect.provide(outcome, served()), "refused")
        assert.strictEqual(
          yield* Effect.provide(outcome, served({ allowedOrigins: [origin] })),
          "CONNECTION_ESTABLISHED"
        )
      }).pipe(Effect.scoped)
    )
  }
)
