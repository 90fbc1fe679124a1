import { createServer } from "node:http"
import { NodeHttpServer } from "@effect/platform-node"
import { assert, describe, it, vi } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { HttpRouter, HttpServer } from "effect/http"
import { ConnectionSocket } from "../../../src/server/transport/ConnectionSocket.ts"
import { ConnectionLimits } from "../../../src/server/transport/ConnectionLimits.ts"
import { defaults } from "../../../src/server/LiveConfig.ts"
import * as Upgrade from "../../../src/server/http/Upgrade.ts"
import { knock, type Request } from "../../support/Handshake.ts"

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
    // Default ports and capitals make no difference, on either side.
    ["same-origin", "https://example.org", "example.org:443", true],
    ["same-origin", "https://example.org:443", "example.org", true],
    ["same-origin", "http://example.org", "example.org:80", true],
    ["same-origin", "http://example.org:80", "example.org", true],
    ["same-origin", "https://example.org", "Example.ORG", true],
    ["same-origin", "https://EXAMPLE.org", "example.org", true],
    ["same-origin", "https://example.org", "example.org:80", false],
    ["same-origin", "http://example.org:443", "example.org", false],
    ["same-origin", "http://[::1]:3000", "[::1]:3000", true],
    // An empty host is nobody's, and an opaque origin is anybody's.
    ["same-origin", "https://example.org", "", false],
    ["same-origin", "null", "", false],
    ["same-origin", "null", "null", false],
    ["same-origin", "file://", "", false],
    ["same-origin", "file:///", "", false],
    ["same-origin", "file://example.org", "example.org", false],
    ["same-origin", "blob:https://example.org/1", "example.org", false],
    ["same-origin", "blob:https://example.org/1", "", false],
    ["same-origin", "data:text/html,", "", false],
    ["same-origin", "https://example.org", "evil@example.org", false],
    ["same-origin", "https://example.org", "example.org/evil", false],
    [["https://example.org"], "https://example.org:443", "api.example.org", true],
    [["https://example.org:443"], "https://example.org", "api.example.org", true],
    [["https://Example.org"], "https://example.org", "api.example.org", true],
    [["http://example.org"], "https://example.org", "api.example.org", false],
    [["https://example.org"], "https://example.org:8443", "api.example.org", false],
    [["https://example.org"], "null", "api.example.org", false],
    [["null"], "null", "api.example.org", true],
    [["null"], "file://", "api.example.org", false],
    [["capacitor://localhost"], "capacitor://localhost", "api.example.org", true],
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

/** A gate that lets everybody in. */
const open: Upgrade.Gate = {
  limits: new ConnectionLimits(defaults),
  authenticate: undefined,
  compression: undefined,
  config: defaults,
  maxPayload: defaults.maxPayload,
  hasLeft: () => false,
  isDraining: () => false,
  onRequest: () => {},
  onRefused: () => {}
}

const served = (handler: ReturnType<typeof Upgrade.endpoint>["handler"]) =>
  HttpRouter.use((router) => router.add("GET", "/", handler)).pipe(
    (routes) => HttpRouter.serve(routes, { disableLogger: true, disableListenLog: true }),
    Layer.provideMerge(NodeHttpServer.layer(createServer, { port: 0, host: "127.0.0.1" }))
  )

const knockedWith = (request?: Request) =>
  Effect.gen(function* () {
    const { address } = yield* HttpServer.HttpServer
    return yield* knock(`ws://127.0.0.1:${"port" in address ? address.port : 0}/`, request)
  })
const knocked = knockedWith()
/** With a sub-protocol `ws` makes the handshake. */
const knockedOffering = knockedWith({ protocols: ["fibra"] })

it.live("a socket that ws takes over is read with every bound that ws has", () => {
  const { setSocket } = ConnectionSocket.prototype
  /** What ws gives to its own sockets. */
  let own: object | undefined
  const spy = vi.spyOn(ConnectionSocket.prototype, "setSocket").mockImplementation(function (
    this: ConnectionSocket,
    ...all: [...Parameters<typeof setSocket>, options?: object]
  ) {
    own = all[2]
    const [tcp, head] = all
    setSocket.call(this, tcp, head)
  })
  let accepted: ConnectionSocket | undefined
  const { handler } = Upgrade.endpoint(open, (ws) => void (accepted = ws))
  return Effect.gen(function* () {
    assert.strictEqual((yield* knockedOffering).status, 101)
    assert.isAtLeast(Object.keys(own ?? {}).length, 5)
    assert.deepInclude({ ...accepted?.options }, { ...own })
  }).pipe(
    Effect.ensuring(Effect.sync(() => accepted?.terminate())),
    Effect.provide(served(handler)),
    Effect.ensuring(Effect.sync(() => spy.mockRestore()))
  )
})

it.live("a principal that is signed out between its authentication and the handshake is refused", () => {
  const limits = new ConnectionLimits(defaults)
  let [asked, connected] = [0, 0]
  const { handler } = Upgrade.endpoint(
    {
      ...open,
      limits,
      authenticate: () => Effect.succeed({ id: "ada" }),
      // Not when it is authenticated, but when it is about to be connected.
      hasLeft: () => ++asked > 1
    },
    () => void connected++
  )
  return Effect.gen(function* () {
    const answer = yield* knocked
    assert.strictEqual(answer.status, 401)
    assert.include(answer.text, "signed out")
    assert.deepStrictEqual([asked, connected, limits.size], [2, 0, 0])
  }).pipe(Effect.scoped, Effect.provide(served(handler)))
})
