/** What `fibra doctor` finds at a server, and in the environment. */
import { createServer, request as ask, type Server } from "node:http"
import { assert, describe, it, layer } from "@effect/vitest"
import { ConfigProvider, Effect, Exit, Layer, type Scope } from "effect"
import { Authentication, Secrets } from "fibra/server"
import { checkSecrets } from "../../src/cli/SecretCheck.ts"
import { checkClock, checkHandshake } from "../../src/cli/ServerCheck.ts"
import { Port, served } from "../support/AuthorizationFixture.ts"

/** A proxy in front of a port, which passes upgrades on or does not, and the Host header or its own. */
const proxy = (
  target: number,
  options: { readonly upgrades: boolean; readonly host: boolean; readonly skew?: number }
) => {
  const headersOf = (headers: NodeJS.Dict<string | Array<string>>): typeof headers => ({
    ...headers,
    ...(options.host ? {} : { host: `127.0.0.1:${target}` })
  })
  const server = createServer((incoming, response) => {
    const { connection: _, upgrade: __, ...headers } = headersOf(incoming.headers)
    ask({ port: target, path: incoming.url, headers }, (answer) => {
      const date = new Date(Date.now() + (options.skew ?? 0)).toUTCString()
      response.writeHead(answer.statusCode ?? 500, { ...answer.headers, date })
      answer.pipe(response)
    }).end()
  })
  if (options.upgrades) {
    server.on("upgrade", ({ headers, url }, socket) => {
      const sent = ask({ port: target, path: url, headers: headersOf(headers) })
      sent.on("upgrade", (_, upstream) => {
        socket.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
        upstream
          .pipe(socket)
          .on("error", () => {})
          .pipe(upstream)
          .on("error", () => {})
      })
      sent.on("response", ({ statusCode }) => socket.end(`HTTP/1.1 ${statusCode} No\r\nContent-Length: 0\r\n\r\n`))
      sent.end()
    })
  }
  return listening(server)
}

const listening = (server: Server): Effect.Effect<number, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.callback<number>((resume) => {
      server.listen(0, "127.0.0.1", () => resume(Effect.succeed((server.address() as { port: number }).port)))
    }),
    () => Effect.sync(() => (server.closeAllConnections(), server.close()))
  )

const at = (port: number, path = "/api/live/rpc") => `ws://127.0.0.1:${port}${path}`

/** What it says, and the remedy. */
const said = (check: Effect.Effect<string, { readonly message: string; readonly hint: string }>) =>
  Effect.match(check, { onFailure: ({ hint, message }) => `${message} ${hint}`, onSuccess: (text) => `ok ${text}` })

const guarded = Authentication.layer(({ headers }) =>
  headers["x-account"] === undefined ? Effect.fail(new Authentication.Unauthorized({})) : Effect.undefined
)

layer(served(), { excludeTestServices: true })("a server that is examined", (it) => {
  it.effect("a server that is examined says what is wrong between it and its clients, with a remedy", () =>
    Effect.gen(function* () {
      const port = yield* Port
      const deaf = yield* proxy(port, { upgrades: false, host: true })
      const hostless = yield* proxy(port, { upgrades: true, host: false })
      const early = yield* proxy(port, { upgrades: true, host: true, skew: 600_000 })
      const nobody = yield* Effect.scoped(proxy(port, { upgrades: true, host: true }))
      const page = `http://127.0.0.1:${port}`
      const cases: ReadonlyArray<readonly [Effect.Effect<string, { message: string; hint: string }>, RegExp]> = [
        [checkHandshake(at(port), undefined), /^ok .* takes programs$/],
        [checkHandshake(at(port), page), /^ok .* takes pages of http:/],
        [checkHandshake("nonsense", undefined), /^"nonsense" is no address .* wss:\/\//],
        [checkHandshake(at(nobody), undefined), /nothing listens there\. Start the server/],
        [checkHandshake(at(port, "/live"), undefined), /^There is no ws:.*\/live \(404\)\. .*\/api\/live\/rpc/],
        [checkHandshake(at(deaf), undefined), /no WebSocket gets through \(426\)\. Let the proxy/],
        [checkHandshake(at(hostless), `http://127.0.0.1:${hostless}`), /the same host.*proxy_set_header Host/],
        [
          checkHandshake(at(port), "https://evil.test"),
          /^Pages of https:\/\/evil\.test are not allowed.*allowedOrigins/
        ],
        [checkClock(at(port)), /^ok The clocks agree$/],
        [checkClock(at(early)), /^The clock there is .* ahead of this one\. .*NTP/]
      ]
      for (const [check, expected] of cases) assert.match(yield* said(check), expected)
    }).pipe(Effect.scoped)
  )

  it.effect("a server that is examined says that it asks to sign in", () =>
    Effect.gen(function* () {
      assert.match(yield* said(checkHandshake(at(yield* Port), undefined)), /^It asks to sign in \(401\)\. /)
    }).pipe(Effect.provide(Layer.fresh(served().pipe(Layer.provide(guarded)))))
  )
})

describe("secrets that are examined", () => {
  const long = "s".repeat(32)
  const environments = [
    { FIBRA_SECRET: long },
    { FIBRA_SECRET: ` ${long}\n`, FIBRA_SECRET_PREVIOUS: `${long},${long}` },
    { NODE_ENV: "production" },
    { FIBRA_SECRET: "s".repeat(31) },
    { FIBRA_SECRET: `${long},${long}` },
    { FIBRA_SECRET: long, FIBRA_SECRET_PREVIOUS: "short" },
    { FIBRA_SECRET_PREVIOUS: long },
    {}
  ]
  for (const environment of environments) {
    it.effect(`secrets that are examined are those a server starts with: ${JSON.stringify(environment)}`, () =>
      Effect.gen(function* () {
        const starts = Exit.isSuccess(yield* Effect.exit(Effect.scoped(Layer.build(Layer.fresh(Secrets.layerConfig)))))
        assert.strictEqual(Exit.isSuccess(yield* Effect.exit(checkSecrets)), starts)
      }).pipe(Effect.provide(ConfigProvider.layer(ConfigProvider.fromUnknown(environment))))
    )
  }
})
