/** Upgrades that go to their endpoint at once: nobody can tell the difference, and whatever was put in between has its say. */
import { EventEmitter } from "node:events"
import {
  createServer,
  get,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type Server
} from "node:http"
import type { AddressInfo, Socket } from "node:net"
import { text } from "node:stream/consumers"
import { NodeHttpServer } from "@effect/platform-node"
import * as NodeHttpServerRequest from "@effect/platform-node/NodeHttpServerRequest"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { HttpRouter, HttpServer, type HttpServerRequest } from "effect/http"
import { defaults } from "../../../src/server/LiveConfig.ts"
import * as DirectUpgrades from "../../../src/server/http/DirectUpgrades.ts"
import { PlainRoutes } from "../../../src/server/http/PlainRoute.ts"
import * as RefusedRequests from "../../../src/server/http/RefusedRequests.ts"
import * as Upgrade from "../../../src/server/http/Upgrade.ts"
import { ConnectionLimits } from "../../../src/server/transport/ConnectionLimits.ts"
import { knock, type Request } from "../../support/Handshake.ts"

/** An endpoint at `/live`, and how many upgrades came to it in all, and past Effect's server. */
class EndpointFixture {
  readonly limits = new ConnectionLimits({ ...defaults, maxConnections: 4 })
  readonly server: Server = createServer()
  isDraining = false
  opened = 0
  ordinary = 0
  /** The upgrades that the server was told of, so that it knows through which HTTP servers they come. */
  told = 0

  /** Its routes, `around` whose own middleware others may be added before and after. */
  routes(around: Around = {}, path = "/live"): Layer.Layer<never, never, HttpRouter.HttpRouter> {
    const fixture = this
    return HttpRouter.use((router) =>
      Effect.gen(function* () {
        const gate: Upgrade.Gate = {
          limits: fixture.limits,
          authenticate: undefined,
          compression: undefined,
          config: { ...defaults, allowedOrigins: ["https://example.org"] },
          maxPayload: defaults.maxPayload,
          hasLeft: () => false,
          isDraining: () => fixture.isDraining,
          onRequest: () => void fixture.told++,
          onRefused: () => {}
        }
        const { handler, take } = Upgrade.endpoint(gate, () => void fixture.opened++)
        const plain = new PlainRoutes(router)
        const direct = new DirectUpgrades.ForeignUpgrades()
        yield* Effect.addFinalizer(() => Effect.sync(() => direct.end()))
        for (const one of around.outside ?? []) yield* router.addGlobalMiddleware(one as never)
        yield* plain.add(RefusedRequests.middleware)
        const routes = around.prefix === undefined ? router : router.prefixed(around.prefix)
        const counted = Effect.andThen(
          Effect.sync(() => fixture.ordinary++),
          handler
        )
        const watched = plain.watched(counted, (request) => {
          if (take !== undefined) direct.learn(incomingOf(request), take)
        })
        yield* routes.add("GET", path as "/live", around.route?.(watched) ?? watched)
        for (const one of around.inside ?? []) yield* router.addGlobalMiddleware(one as never)
      })
    ) as never
  }

  served(around: Around = {}): Layer.Layer<HttpServer.HttpServer> {
    const http = NodeHttpServer.layer(() => this.server, {
      port: 0,
      host: "127.0.0.1",
      disablePreemptiveShutdown: true
    })
    const app = this.routes(around)
    const quiet = { disableLogger: true, disableListenLog: true }
    const { app: wrap } = around
    const routed =
      wrap === undefined
        ? HttpRouter.serve(app, { ...quiet, ...(around.serve as object) })
        : Layer.unwrap(Effect.map(HttpRouter.toHttpEffect(app), (whole) => HttpServer.serve(wrap(whole as App))))
    return routed.pipe(Layer.provideMerge(http)) as never
  }

  knock(path = "/live", request: Request = {}) {
    return knock(`ws://127.0.0.1:${this.#port}${path}`, request)
  }

  /** An upgrade with these headers only. */
  plain(path: string, headers: OutgoingHttpHeaders) {
    return Effect.callback<{ readonly status: number; readonly headers: IncomingHttpHeaders; readonly text: string }>(
      (resume) => {
        const asked = get({ port: this.#port, host: "127.0.0.1", path, headers, agent: false }, (response) => {
          const { headers, statusCode: status = 0 } = response
          void text(response).then((text) => resume(Effect.succeed({ headers, status, text })))
        })
        asked.on("error", () => {})
      }
    )
  }

  get #port(): number {
    return (this.server.address() as AddressInfo).port
  }
}

type App = Effect.Effect<never, never, HttpServerRequest.HttpServerRequest>

/** What stands between the server and the endpoint. */
interface Around {
  readonly outside?: ReadonlyArray<(app: App) => App>
  readonly inside?: ReadonlyArray<(app: App) => App>
  readonly route?: <A>(handler: A) => A
  readonly serve?: { readonly disableLogger?: boolean; readonly middleware?: (app: never) => never }
  readonly app?: (app: App) => App
  readonly prefix?: `/${string}`
}

const incomingOf = (request: HttpServerRequest.HttpServerRequest) =>
  NodeHttpServerRequest.toIncomingMessage(request) as IncomingMessage

const passing = (app: App): App => Effect.flatMap(Effect.void, () => app)

describe("an upgrade that needs nothing of Effect's server", () => {
  it.live(
    "an upgrade goes to its endpoint at once when one of the same path has come to it with nothing in between",
    () => {
      const fixture = new EndpointFixture()
      return Effect.gen(function* () {
        for (const path of ["/live", "/live?room=1", "/live"]) {
          const { headers, status } = yield* fixture.knock(path, { headers: { origin: "https://example.org" } })
          assert.strictEqual(status, 101)
          assert.strictEqual(headers.upgrade, "websocket")
        }
        assert.deepStrictEqual([fixture.opened, fixture.ordinary], [3, 1])
        // The router finds the same route; how the path is written is learned for each way by itself.
        assert.strictEqual((yield* fixture.knock("//live")).status, 101)
        assert.deepStrictEqual([fixture.opened, fixture.ordinary], [4, 2])
        assert.strictEqual(fixture.told, 4)
      }).pipe(Effect.scoped, Effect.provide(fixture.served()))
    }
  )

  it.live("an upgrade that cannot be accepted is refused as if it was the first", () => {
    const fixture = new EndpointFixture()
    const knocks = (drains: boolean) =>
      Effect.gen(function* () {
        const foreign = yield* fixture.knock("/live", { headers: { origin: "https://evil.example" } })
        const keyless = yield* fixture.plain("/live", { connection: "Upgrade", upgrade: "websocket" })
        const elsewhere = yield* fixture.knock("/live/more")
        fixture.isDraining = drains
        const draining = yield* fixture.knock("/live")
        fixture.isDraining = false
        const answers = [foreign, keyless, elsewhere, draining]
        return answers.map(({ headers, status, text }) => ({ headers: { ...headers, date: "" }, status, text }))
      })
    return Effect.gen(function* () {
      const before = yield* knocks(true)
      assert.deepStrictEqual(
        before.map(({ status }) => status),
        [403, 400, 404, 503]
      )
      for (let i = 0; i < 4; i++) assert.strictEqual((yield* fixture.knock()).status, 101)
      assert.deepStrictEqual(yield* knocks(true), before)
      // Its limits count both ways together.
      assert.strictEqual((yield* fixture.knock()).status, 503)
      assert.strictEqual(fixture.limits.size, 4)
    }).pipe(Effect.scoped, Effect.provide(fixture.served()))
  })

  it.live("an upgrade to a route with a prefix goes to its endpoint at once, and not without the prefix", () => {
    const fixture = new EndpointFixture()
    return Effect.gen(function* () {
      for (let i = 0; i < 2; i++) assert.strictEqual((yield* fixture.knock("/v2/live")).status, 101)
      assert.strictEqual((yield* fixture.knock()).status, 404)
      assert.deepStrictEqual([fixture.opened, fixture.ordinary], [2, 1])
    }).pipe(Effect.scoped, Effect.provide(fixture.served({ prefix: "/v2" })))
  })

  const around: ReadonlyArray<readonly [string, Around]> = [
    ["middleware of the router, before it", { outside: [passing] }],
    ["middleware of the router, after it", { inside: [passing] }],
    ["middleware of its route", { route: (handler) => passing(handler as never) as never }],
    ["middleware of the server", { serve: { middleware: (app) => passing(app) as never } }],
    ["the log of requests", { serve: { disableLogger: false } }],
    ["an effect around all routes", { app: passing }],
    ["an effect before all routes", { app: (app) => Effect.suspend(() => app) }]
  ]
  for (const [name, between] of around) {
    it.live(`no upgrade goes past ${name}`, () => {
      const fixture = new EndpointFixture()
      return Effect.gen(function* () {
        for (let i = 1; i <= 3; i++) {
          assert.strictEqual((yield* fixture.knock()).status, 101)
          assert.deepStrictEqual([fixture.opened, fixture.ordinary], [i, i])
        }
      }).pipe(Effect.scoped, Effect.provide(fixture.served(between)))
    })
  }

  it.live("no upgrade goes past a listener that is added later, or past a server whose routes have ended", () => {
    const fixture = new EndpointFixture()
    const { emit } = fixture.server
    return Effect.gen(function* () {
      yield* fixture.knock()
      yield* fixture.knock()
      assert.deepStrictEqual([fixture.opened, fixture.ordinary], [2, 1])
      const seen: Array<unknown> = []
      fixture.server.on("upgrade", ({ url }) => seen.push(url))
      yield* fixture.knock()
      assert.deepStrictEqual([fixture.opened, fixture.ordinary, seen.length], [3, 2, 1])
      assert.notStrictEqual(fixture.server.emit, emit)
    }).pipe(
      Effect.scoped,
      Effect.provide(fixture.served()),
      Effect.andThen(Effect.sync(() => assert.strictEqual(fixture.server.emit, emit)))
    )
  })

  it("an upgrade with bytes behind it, of an unknown path or not accepted goes its ordinary way", () => {
    const direct = new DirectUpgrades.DirectUpgrades()
    let [taken, isAccepted] = [0, true]
    direct.learn({ url: "/live?x" } as IncomingMessage, () => {
      if (isAccepted) taken++
      return isAccepted
    })
    const passed: Array<unknown> = []
    const listener = direct.before(({ url }) => void passed.push(url))
    const come = (url: string, head = "") =>
      listener({ url } as IncomingMessage, new EventEmitter() as Socket, Buffer.from(head))
    come("/live")
    come("/live?y")
    come("/live", "head")
    come("/lively")
    isAccepted = false
    come("/live?z")
    isAccepted = true
    direct.end()
    come("/live?ended")
    assert.strictEqual(taken, 2)
    assert.deepStrictEqual(passed, ["/live", "/lively", "/live?z", "/live?ended"])
  })
})
