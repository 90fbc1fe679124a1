/** docs/security.md: who is let in, how a browser says who it is, and how somebody is signed out. Over real sockets. */
import { assert, layer } from "@effect/vitest"
import { Context, Effect, Layer, Logger, Redacted } from "effect"
import { Headers, HttpRouter, HttpServer, HttpServerResponse } from "effect/http"
import { LiveClient } from "fibra/client"
import { Authentication, LiveConfig, LiveServer, Principals } from "fibra/server"
import { Counter } from "../../examples/counter/Counter.ts"
import { CounterLayer } from "../../examples/counter/CounterLayer.ts"
import { knock, request } from "../support/Handshake.ts"

// #region accounts
/** Whatever knows your people: a database, the keys of an identity provider. */
class Accounts extends Context.Service<
  Accounts,
  {
    readonly find: (token: string) => Effect.Effect<{ readonly name: string; readonly role: string } | undefined>
    readonly forget: (name: string) => Effect.Effect<void>
    readonly isBanned: (name: string) => boolean
  }
>()("app/Accounts") {}
// #endregion accounts

// #region authentication
const authentication = Authentication.layer(
  Effect.fnUntraced(function* (request) {
    const accounts = yield* Accounts // taken from where the layer is provided with it
    const token = Authentication.token(request) ?? request.cookies["session"]
    if (token === undefined) return undefined // anonymous
    const account = yield* accounts.find(token)
    if (account === undefined) return yield* new Authentication.Unauthorized({ detail: "no such session" }) // 401
    if (accounts.isBanned(account.name)) return yield* new Authentication.Forbidden({}) // 403
    return { id: account.name, claims: { role: account.role } }
  })
)
// #endregion authentication

// #region signout
/** Beside the server, on the same router: signs somebody out everywhere. */
const signOut = HttpRouter.use((router) =>
  Effect.gen(function* () {
    const [accounts, principals] = [yield* Accounts, yield* Principals.Principals]
    yield* router.add(
      "POST",
      "/sign-out/:name",
      Effect.gen(function* () {
        const { name = "" } = yield* HttpRouter.params
        yield* accounts.forget(name) // first, or its clients are let in again
        yield* principals.disconnect({ id: name })
        return HttpServerResponse.empty()
      })
    )
  })
)

const app = LiveServer.layerHttp({ components: [Counter], routes: signOut, port: 0, host: "127.0.0.1" }).pipe(
  Layer.provide([CounterLayer, authentication])
)
// #endregion signout

// #region redacted
/** For whoever traces requests: the sub-protocols may have a token among them. */
const redacted = Layer.succeed(Headers.CurrentRedactedNames, [
  "authorization",
  "cookie",
  "set-cookie",
  "x-api-key",
  "sec-websocket-protocol"
])
// #endregion redacted

// #region limits
const limits = LiveConfig.layer({
  maxConnectionsPerPrincipal: 2, // two tabs
  trustedProxies: 1, // nginx
  rate: 20,
  rateBurst: 200
})
// #endregion limits

const accounts = Layer.sync(Accounts, () => {
  const sessions = new Map([
    ["a1", { name: "ada", role: "admin" }],
    ["b1", { name: "bob", role: "guest" }],
    ["m1", { name: "mallory", role: "guest" }]
  ])
  return {
    find: (token) => Effect.sync(() => sessions.get(token)),
    forget: (name) =>
      Effect.sync(() => {
        for (const [token, account] of sessions) if (account.name === name) sessions.delete(token)
      }),
    isBanned: (name) => name === "mallory"
  }
})

const server = Layer.provide(app, [accounts, limits, redacted, Logger.layer([])])

const origin = Effect.map(HttpServer.HttpServer, ({ address }) => `127.0.0.1:${"port" in address ? address.port : 0}`)

layer(server)("docs/security.md", (it) => {
  it.effect("the example authenticates by a cookie, a header or a sub-protocol, and admits anonymous clients", () =>
    Effect.gen(function* () {
      const url = `ws://${yield* origin}/api/live/rpc`
      const status = (asked: Parameters<typeof knock>[1]) => Effect.map(knock(url, asked), ({ status }) => status)
      assert.strictEqual(yield* status({}), 101)
      assert.strictEqual(yield* status({ headers: { cookie: "session=a1" } }), 101)
      assert.strictEqual(yield* status({ headers: { authorization: "Bearer b1" } }), 101)
      assert.strictEqual(yield* status({ headers: { authorization: "Bearer x1" } }), 401)
      assert.strictEqual(yield* status({ headers: { authorization: "Bearer m1" } }), 403)
    }).pipe(Effect.scoped)
  )

  it.effect("a browser without a cookie authenticates in a sub-protocol, and so does the client of fibra", () =>
    Effect.gen(function* () {
      const url = `ws://${yield* origin}/api/live/rpc`
      const token = "b1"
      // #region browser
      const socket = new WebSocket(url, ["fibra", `bearer.${token}`]) // is answered "fibra"
      // #endregion browser
      const protocol = yield* Effect.callback<string>((resume) => {
        socket.addEventListener("open", () => resume(Effect.succeed(socket.protocol)))
      })
      assert.strictEqual(protocol, "fibra")
      socket.close()
      const secret = Redacted.make(token)
      // #region client
      const client = LiveClient.layerWebSocket({ url, token: Effect.sync(() => Redacted.value(secret)) }) // for each attempt
      // #endregion client
      const counter = yield* LiveClient.pipe(
        Effect.flatMap((live) => live.mount(Counter, { props: { start: 1 } })),
        Effect.provide(client)
      )
      assert.strictEqual((yield* counter.state).count, 1)
    }).pipe(Effect.scoped)
  )

  it.effect("the example signs a principal out", () =>
    Effect.gen(function* () {
      const host = yield* origin
      const ada = yield* knock(`ws://${host}/api/live/rpc`, { headers: { cookie: "session=a1" } })
      ada.send(request(1, "Ping", null))
      yield* Effect.promise(() => fetch(`http://${host}/sign-out/ada`, { method: "POST" }))
      assert.strictEqual(yield* ada.closed, 4003)
      const again = yield* knock(`ws://${host}/api/live/rpc`, { headers: { cookie: "session=a1" } })
      assert.strictEqual(again.status, 401)
    }).pipe(Effect.scoped)
  )
})
