import { createServer } from "node:http"
import { NodeHttpServer } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { HttpRouter, HttpServer } from "effect/http"
import { ConnectionLimits } from "../../../src/server/transport/ConnectionLimits.ts"
import { defaults } from "../../../src/server/LiveConfig.ts"
import * as Upgrade from "../../../src/server/http/Upgrade.ts"
import { knock } from "../../support/Handshake.ts"

describe("the origin of a page", () => {
  const cases = [
    ["same-origin", undefined, "example.org", true],
    ["same-origin", "https://example.org", "example.org", true],
    ["same-origin", "http://127.0.0.1:3000", "127.0.0.1:3000", true],
    ["same-origin", "https://example.org", "example.org:8080", false],
    ["same-origin", "https://example.org.evil.example", "example.org", false],
    ["same-origin", "null", "example.org", false],
    ["same-origin", "not a url", "example.org", false],
    ["same-origin", "https://example.org", undefined, false],
    [["https://app.example.org"], "https://app.example.org", "api.example.org", true],
    [["https://app.example.org"], "https://example.org", "example.org", false],
    [[], undefined, "example.org", true],
    ["any", "https://evil.example", "example.org", true]
  ] as const

  for (const [allowed, origin, host, expected] of cases) {
    it(`a page of ${origin} on ${host} is ${expected ? "admitted" : "refused"} for ${String(allowed)}`, () => {
      assert.strictEqual(Upgrade.isAllowedOrigin(allowed, origin, host), expected)
    })
  }
})

it.live("a principal that is signed out between its authentication and the handshake is refused", () => {
  const limits = new ConnectionLimits(defaults)
  let [asked, connected] = [0, 0]
  const handler = Upgrade.handler(
    {
      limits,
      authenticate: () => Effect.succeed({ id: "ada" }),
      compression: undefined,
      config: defaults,
      maxPayload: defaults.maxPayload,
      // Not when it is authenticated, but when it is about to be connected.
      hasLeft: () => ++asked > 1,
      isDraining: () => false,
      onRequest: () => {},
      onRefused: () => {}
    },
    () => void connected++
  )
  const app = HttpRouter.use((router) => router.add("GET", "/", handler)).pipe(
    (routes) => HttpRouter.serve(routes, { disableLogger: true, disableListenLog: true }),
    Layer.provideMerge(NodeHttpServer.layer(createServer, { port: 0, host: "127.0.0.1" }))
  )
  return Effect.gen(function* () {
    const { address } = yield* HttpServer.HttpServer
    const answer = yield* knock(`ws://127.0.0.1:${"port" in address ? address.port : 0}/`)
    assert.strictEqual(answer.status, 401)
    assert.include(answer.text, "signed out")
    assert.deepStrictEqual([asked, connected, limits.size], [2, 0, 0])
  }).pipe(Effect.scoped, Effect.provide(app))
})
