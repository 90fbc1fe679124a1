/** Who may ask the monitor what: every endpoint, from wherever somebody may come, over real sockets. */
import { createServer } from "node:http"
import { connect as connectTcp } from "node:net"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { HttpServerResponse } from "effect/http"
import { MonitorAccess } from "fibra/server"
import {
  ask,
  counters,
  jsonOf,
  type Line,
  type Options,
  port,
  proxies,
  type Question,
  surroundings
} from "../../support/MonitoredServer.ts"
import { connect } from "../../support/JsonSocket.ts"

const token = "a-token-of-the-monitor-that-is-long-enough"
const bearer = { authorization: `Bearer ${token}` }
const prefix = "/api/live"

const open = [`${prefix}/health`, `${prefix}/websocket-info`, `${prefix}/openapi.json`]

/** Every endpoint that is not open. `$instance` and `$connection` are those of a client. */
const guarded: ReadonlyArray<readonly [method: string, path: string]> = [
  ["GET", `${prefix}/stats`],
  ["GET", `${prefix}/connections`],
  ["GET", `${prefix}/connections/$connection`],
  ["GET", `${prefix}/pools`],
  ["GET", `${prefix}/pools/pool-1/stats`],
  ["POST", `${prefix}/pools/pool-99/drain`],
  ["GET", `${prefix}/instances`],
  ["GET", `${prefix}/instances/$instance`],
  ["POST", `${prefix}/instances/none/stop`],
  ["POST", `${prefix}/instances/none/restart`],
  ["GET", `${prefix}/performance/dashboard`],
  ["GET", `${prefix}/performance/components/CounterFixture`],
  ["POST", `${prefix}/performance/alerts/alert-9/resolve`],
  ["GET", "/metrics"]
]

/** Ways to ask, and what they are answered without a token in the environment, and with one; "in" is whatever an allowed request gets. */
const ways: ReadonlyArray<
  readonly [way: string, headers: Question["headers"], without: "in" | number, withToken: "in" | number]
> = [
  ["directly from this machine", {}, "in", "in"],
  ["as localhost", { host: "localhost:3000" }, "in", "in"],
  ["as [::1]", { host: "[::1]:3000" }, "in", "in"],
  ["with the name of another host", { host: "rebound.example.org" }, 403, 401],
  ["with a host that begins like localhost", { host: "localhost.example.org" }, 403, 401],
  ["over a proxy that says for whom", { "x-forwarded-for": "127.0.0.1" }, 403, 401],
  ["over a proxy that says so in another way", { "x-forwarded-proto": "https" }, 403, 401],
  ["over a proxy with the standard header", { forwarded: "for=192.0.2.1" }, 403, 401],
  ["over a proxy that says its name", { via: "1.1 cache" }, 403, 401],
  ["over a proxy that says the real address", { "x-real-ip": "127.0.0.1" }, 403, 401],
  ["over a content network", { "cf-connecting-ip": "192.0.2.1" }, 403, 401],
  ["with the token", bearer, "in", "in"],
  ["with the token over a proxy", { ...bearer, "x-forwarded-for": "192.0.2.1", host: "example.org" }, 403, "in"],
  ["with another token", { authorization: `Bearer ${token}!` }, "in", 401],
  ["with another token over a proxy", { authorization: "Bearer x", via: "1.1 cache" }, 403, 401],
  ["with a password", { authorization: "Basic YWRhOmFkYQ==" }, "in", 401],
  ["from a page of another origin", { ...bearer, origin: "https://example.org" }, 403, 403],
  ["from a page without an origin", { ...bearer, origin: "null" }, 403, 403]
]

/** A server with a client that has mounted something, and the ids of both. */
const inhabited = Effect.gen(function* () {
  const at = yield* port
  const client = yield* connect(at)
  const instance = yield* client.mount({ component: "CounterFixture" })
  const connection = String(client.seen.find(({ type }) => type === "CONNECTION_ESTABLISHED")?.["connectionId"])
  const named = (path: string) => path.replace("$instance", instance).replace("$connection", connection)
  return { at, connection, instance, named }
})

const served = (options: Options) => Layer.provide(counters, surroundings(options))

for (const [environment, index] of [
  ["without FIBRA_MONITOR_TOKEN", 2],
  ["with FIBRA_MONITOR_TOKEN", 3]
] as const) {
  describe(environment, () => {
    for (const way of ways) {
      const [how, headers] = way
      const expected = way[index]
      it.live(`a request ${how} is ${expected === "in" ? "let in" : `answered ${expected}`} by every endpoint`, () =>
        Effect.gen(function* () {
          const { at, connection, instance, named } = yield* inhabited
          for (const [method, path] of guarded) {
            const answer = yield* ask(at, named(path), { method, headers: headers ?? {} })
            if (expected === "in") {
              assert.include([200, 404], answer.status, path)
              continue
            }
            assert.strictEqual(answer.status, expected, path)
            assert.deepInclude(jsonOf(answer), {
              success: false,
              code: expected === 401 ? "Unauthorized" : "Forbidden"
            })
            assert.strictEqual(answer.headers["www-authenticate"], expected === 401 ? "Bearer" : undefined)
            assert.notInclude(answer.text, instance)
            assert.notInclude(answer.text, connection)
          }
        }).pipe(Effect.scoped, Effect.provide(served(index === 3 ? { token } : {})))
      )
    }
  })
}

describe("what is open", () => {
  it.live("is open to everybody, names neither an instance nor a connection, and has no CORS headers", () =>
    Effect.gen(function* () {
      const { at, connection, instance } = yield* inhabited
      for (const path of open) {
        const answer = yield* ask(at, path, { headers: { host: "example.org", "x-forwarded-for": "192.0.2.1" } })
        assert.strictEqual(answer.status, 200, path)
        assert.notInclude(answer.text, instance)
        assert.notInclude(answer.text, connection)
        assert.isUndefined(answer.headers["access-control-allow-origin"])
      }
    }).pipe(Effect.scoped, Effect.provide(served({})))
  )
})

describe("a proxy on the same machine", () => {
  /** Passes requests on as nginx does without further settings: HTTP/1.0, and the Host of the server behind it. */
  const plainProxy = (target: number) =>
    Effect.map(
      Effect.acquireRelease(
        Effect.callback<ReturnType<typeof createServer>>((resume) => {
          const proxy = createServer((incoming, outgoing) => {
            const upstream = connectTcp(target, "127.0.0.1")
            upstream.end(
              `${incoming.method} ${incoming.url} HTTP/1.0\r\nHost: 127.0.0.1:${target}\r\nConnection: close\r\n\r\n`
            )
            let text = ""
            upstream.on("data", (data) => void (text += data.toString()))
            upstream.on("end", () => outgoing.writeHead(Number(text.slice(9, 12))).end(text.split("\r\n\r\n")[1]))
          })
          proxy.listen(0, "127.0.0.1", () => resume(Effect.succeed(proxy)))
        }),
        (proxy) => Effect.sync(() => void proxy.close())
      ),
      (proxy) => (proxy.address() as { readonly port: number }).port
    )

  it.live("is refused by every endpoint, whatever it adds to a request", () =>
    Effect.gen(function* () {
      const { at, named } = yield* inhabited
      for (const headers of proxies) {
        for (const [method, path] of guarded) {
          assert.strictEqual((yield* ask(at, named(path), { method, headers })).status, 403, JSON.stringify(headers))
        }
      }
    }).pipe(Effect.scoped, Effect.provide(served({})))
  )

  /** What is answered to a request, written out. */
  const write = (at: number, ...lines: ReadonlyArray<string>) =>
    Effect.callback<string>((resume) => {
      const socket = connectTcp(at, "127.0.0.1")
      let text = ""
      socket.on("data", (data) => void (text += data.toString()))
      socket.on("close", () => resume(Effect.succeed(text)))
      socket.write([...lines, "Connection: close", "", ""].join("\r\n"))
    })
  const host = "Host: 127.0.0.1"
  const written: ReadonlyArray<readonly [how: string, status: number, lines: ReadonlyArray<string>]> = [
    ["names its host", 200, [`GET ${prefix}/stats HTTP/1.1`, host]],
    ["names two hosts", 403, [`GET ${prefix}/stats HTTP/1.1`, host, "Host: example.org"]],
    ["names two hosts in the other order", 403, [`GET ${prefix}/stats HTTP/1.1`, "Host: example.org", host]],
    ["names a whole URL, as to a proxy", 403, [`GET http://example.org${prefix}/stats HTTP/1.1`, host]],
    ["names a host with a name in it", 403, [`GET ${prefix}/stats HTTP/1.1`, "Host: 127.0.0.1:80@example.org"]],
    ["names no host", 400, [`GET ${prefix}/stats HTTP/1.1`]],
    ["spells the path in another way", 403, [`GET ${prefix}/%73tats HTTP/1.1`, host, "Via: 1.1 cache"]],
    ["asks what cannot be answered", 403, [`GET ${prefix}/instances?limit=0 HTTP/1.1`, host, "Via: 1.1 cache"]],
    ["asks for the head", 403, [`HEAD ${prefix}/stats HTTP/1.1`, host, "Via: 1.1 cache"]],
    ["names two origins", 403, [`GET ${prefix}/stats HTTP/1.1`, host, "Origin: http://127.0.0.1", "Origin: null"]]
  ]
  for (const [how, status, lines] of written) {
    it.live(`a request that ${how} is answered ${status}`, () =>
      Effect.gen(function* () {
        assert.match(yield* write(yield* port, ...lines), new RegExp(`^HTTP/1\\.1 ${status} `))
      }).pipe(Effect.scoped, Effect.provide(served({})))
    )
  }

  it.live("is refused when it adds no header, as nginx does not unless it is told to", () =>
    Effect.gen(function* () {
      const { at, named } = yield* inhabited
      const proxy = yield* plainProxy(at)
      for (const [method, path] of guarded) {
        const { status } = yield* ask(proxy, named(path), { method })
        assert.strictEqual(status, 403, path)
      }
      assert.strictEqual((yield* ask(proxy, `${prefix}/health`)).status, 200)
    }).pipe(Effect.scoped, Effect.provide(served({})))
  )
})

describe("a page of another origin", () => {
  const resolve = `${prefix}/performance/alerts/alert-9/resolve`
  const posts: ReadonlyArray<readonly [what: string, headers: Question["headers"], status: number]> = [
    ["a program sends it without a body", {}, 404],
    ["a page of the server sends it", { origin: "http://localhost:3000", host: "localhost:3000" }, 404],
    ["a page of the server sends it, and says that it is of the same origin", { "sec-fetch-site": "same-origin" }, 404],
    ["a page whose origin is listed sends it", { origin: "https://listed.example.org" }, 404],
    ["a page of another port sends it", { origin: "http://localhost:4000", host: "localhost:3000" }, 403],
    ["a browser hides the origin of the page", { origin: "null" }, 403],
    ["a browser says that it is of another site", { "sec-fetch-site": "cross-site" }, 403],
    ["it is a form", { "content-type": "application/x-www-form-urlencoded" }, 403],
    ["it is a text, as a form may send it", { "content-type": "text/plain" }, 403],
    ["it is JSON", { "content-type": "application/json; charset=utf-8" }, 404]
  ]
  for (const [what, headers, status] of posts) {
    it.live(`a POST is ${status === 403 ? "refused" : "let in"} when ${what}`, () =>
      Effect.gen(function* () {
        const at = yield* port
        const answer = yield* ask(at, resolve, { method: "POST", headers: headers ?? {} })
        assert.strictEqual(answer.status, status)
      }).pipe(Effect.scoped, Effect.provide(served({ config: { allowedOrigins: ["https://listed.example.org"] } })))
    )
  }

  for (const [how, status, headers] of [
    ["in a link", 200, { "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate" }],
    ["as a picture or a script", 403, { "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors" }],
    ["from another port", 403, { "sec-fetch-site": "same-site", "sec-fetch-mode": "no-cors" }]
  ] as const) {
    it.live(`what it may have ${how} is answered ${status}, and is for nobody's page`, () =>
      Effect.gen(function* () {
        const answer = yield* ask(yield* port, `${prefix}/stats`, { headers })
        assert.strictEqual(answer.status, status)
        assert.deepInclude(answer.headers, {
          "x-content-type-options": "nosniff",
          "cross-origin-resource-policy": "same-origin",
          "x-frame-options": "DENY",
          "cache-control": "no-store"
        })
      }).pipe(Effect.provide(served({})))
    )
  }

  it.live("is refused even where any page may mount components", () =>
    Effect.gen(function* () {
      const answer = yield* ask(yield* port, resolve, { method: "POST", headers: { origin: "https://example.org" } })
      assert.strictEqual(answer.status, 403)
    }).pipe(Effect.scoped, Effect.provide(served({ config: { allowedOrigins: "any" } })))
  )
})

describe("refusals", () => {
  it.live("are warnings that say what to change, one for a hundred", () => {
    const lines: Array<Line> = []
    return Effect.gen(function* () {
      const at = yield* port
      for (let times = 0; times < 20; times++) yield* ask(at, `${prefix}/stats`, { headers: { via: "1.1 cache" } })
      const refused = lines.filter(({ message }) => message === "A request to the monitor was refused")
      assert.lengthOf(refused, 1)
      assert.strictEqual(refused[0]?.level, "Warn")
      assert.include(String(refused[0]?.labels["hint"]), "FIBRA_MONITOR_TOKEN")
    }).pipe(Effect.scoped, Effect.provide(served({ log: (line) => lines.push(line) })))
  })

  it.live("never have the token in them, sent or expected", () => {
    const lines: Array<Line> = []
    return Effect.gen(function* () {
      const at = yield* port
      const { text } = yield* ask(at, `${prefix}/stats`, { headers: { authorization: "Bearer guessed-by-somebody" } })
      for (const said of [text, JSON.stringify(lines)]) {
        assert.notInclude(said, "guessed-by-somebody")
        assert.notInclude(said, token)
      }
    }).pipe(Effect.scoped, Effect.provide(served({ token, log: (line) => lines.push(line) })))
  })
})

describe("MonitorAccess", () => {
  const status = (access: Layer.Layer<MonitorAccess.MonitorAccess, MonitorAccess.MonitorTokenError>, headers = {}) =>
    Effect.gen(function* () {
      return yield* ask(yield* port, `${prefix}/stats`, { headers })
    }).pipe(Effect.scoped, Effect.provide(Layer.provide(counters, [surroundings({}), access])))

  it.live("lets an application decide, whatever machine somebody is on", () =>
    Effect.gen(function* () {
      const access = MonitorAccess.layer((request) => Effect.succeed(request.headers["x-team"] === "operations"))
      assert.strictEqual((yield* status(access)).status, 403)
      assert.strictEqual((yield* status(access, { "x-team": "operations", via: "1.1 cache" })).status, 200)
    })
  )

  it.live("answers with the response of an application, such as a redirect", () =>
    Effect.gen(function* () {
      const access = MonitorAccess.layer(() => Effect.fail(HttpServerResponse.redirect("/login")))
      const answer = yield* status(access)
      assert.deepStrictEqual([answer.status, answer.headers["location"]], [302, "/login"])
    })
  )

  it.live("lets nobody in when the decision of an application dies", () =>
    Effect.gen(function* () {
      const answer = yield* status(MonitorAccess.layer(() => Effect.die(new Error("no database"))))
      assert.strictEqual(answer.status, 500)
      assert.notInclude(answer.text, "database")
    })
  )

  it.live("lets nobody in when the decision of an application is late", () =>
    Effect.gen(function* () {
      const access = Layer.provide(counters, [
        surroundings({ config: { authenticationTimeout: "100 millis" } }),
        MonitorAccess.layer(() => Effect.never)
      ])
      const answer = yield* Effect.provide(
        Effect.flatMap(port, (at) => ask(at, `${prefix}/stats`)),
        access
      )
      assert.deepInclude(jsonOf(answer), { success: false, code: "Failed" })
      assert.strictEqual(answer.status, 500)
    }).pipe(Effect.scoped)
  )

  it.live("lets in nobody without the token with layerToken, not even from this machine", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* status(MonitorAccess.layerToken(token))).status, 401)
      assert.strictEqual((yield* status(MonitorAccess.layerToken(token), bearer)).status, 200)
    })
  )

  it.live("refuses to start with a token that could be guessed", () =>
    Effect.gen(function* () {
      const start = (options: Options) => Effect.flip(Layer.build(Layer.fresh(served(options))))
      assert.strictEqual(
        String(yield* start({ token: "short" })),
        "MonitorTokenError: FIBRA_MONITOR_TOKEN has less than 32 characters."
      )
      assert.strictEqual(
        String(yield* start({ token: `${token} and more` })),
        "MonitorTokenError: FIBRA_MONITOR_TOKEN has a space in it, so nobody can send it."
      )
    }).pipe(Effect.scoped)
  )
})
