/** What `fibra doctor` finds at a server, and in the environment. */
import { assert, describe, it, layer } from "@effect/vitest"
import { ConfigProvider, Effect, Exit, Layer } from "effect"
import { Authentication, Secrets } from "fibra/server"
import { checkSecrets } from "../../src/cli/SecretCheck.ts"
import { checkClock, checkHandshake } from "../../src/cli/ServerCheck.ts"
import { Port, served } from "../support/AuthorizationFixture.ts"
import { httpProxy } from "../support/HttpProxy.ts"

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
      const deaf = yield* httpProxy(port, { upgrades: false, host: true })
      const hostless = yield* httpProxy(port, { upgrades: true, host: false })
      const early = yield* httpProxy(port, { upgrades: true, host: true, skew: 600_000 })
      const nobody = yield* Effect.scoped(httpProxy(port, { upgrades: true, host: true }))
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
