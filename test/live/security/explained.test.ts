/** An ordinary request to the endpoint is answered as the handshake of the same client would be. */
import { get, type IncomingMessage } from "node:http"
import { assert, layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { Authentication, type LiveConfig } from "fibra/server"
import { Port, served } from "../../support/AuthorizationFixture.ts"
import { knock } from "../../support/Handshake.ts"

const ours = "https://page.test"
const authentication = Authentication.layer((request) => {
  const token = Authentication.token(request)
  if (token === undefined) return Effect.fail(new Authentication.Unauthorized({}))
  return token === "banned" ? Effect.fail(new Authentication.Forbidden({})) : Effect.succeed({ id: token })
})
const config = { allowedOrigins: [ours], maxConnectionsPerPrincipal: 1 } satisfies Partial<LiveConfig.Settings>

layer(served(config).pipe(Layer.provide(authentication)), { excludeTestServices: true })(
  "a page that was refused",
  (it) => {
    it.effect("a page that was refused gets by HTTP, and may read, what its handshake was answered with", () =>
      Effect.gen(function* () {
        const place = `127.0.0.1:${yield* Port}/api/live/rpc`
        yield* knock(`ws://${place}`, { headers: { authorization: "Bearer many" } })
        for (const [origin, token, expected] of [
          ["https://evil.test", "ada", 403],
          [ours, undefined, 401],
          [ours, "banned", 403],
          [ours, "many", 429],
          [ours, "ada", 426],
          [undefined, "ada", 426],
          [undefined, undefined, 401]
        ] as const) {
          const headers = {
            ...(origin === undefined ? {} : { origin }),
            ...(token === undefined ? {} : { authorization: `Bearer ${token}` })
          }
          const handshake = yield* Effect.scoped(knock(`ws://${place}`, { headers }))
          const answer = yield* Effect.promise(() => fetch(`http://${place}`, { headers }))
          const text = yield* Effect.promise(() => answer.text())
          const what = `${origin} ${token}`
          assert.strictEqual(answer.status, expected, what)
          assert.strictEqual(handshake.status, expected === 426 ? 101 : expected, what)
          if (expected !== 426) assert.strictEqual(text, handshake.text, what)
          assert.strictEqual(answer.headers.get("access-control-allow-origin"), origin ?? null, what)
          assert.strictEqual(
            answer.headers.get("access-control-allow-credentials"),
            origin === undefined ? null : "true"
          )
        }
      }).pipe(Effect.scoped)
    )

    it.effect("a page that was refused is known by where it comes from, when it does not name its origin", () =>
      Effect.gen(function* () {
        const place = `http://127.0.0.1:${yield* Port}/api/live/rpc`
        for (const [referer, expected] of [
          [`${ours}/`, 426],
          ["https://evil.test/", 403],
          ["nonsense", 426]
        ] as const) {
          const headers = { referer, authorization: "Bearer ada" }
          const { statusCode } = yield* Effect.promise(
            () => new Promise<IncomingMessage>((resolve) => get(place, { headers }, resolve))
          )
          assert.strictEqual(statusCode, expected, referer)
        }
      })
    )

    it.effect("a page that was refused may ask with its token", () =>
      Effect.gen(function* () {
        const port = yield* Port
        const preflight = yield* Effect.promise(() =>
          fetch(`http://127.0.0.1:${port}/api/live/rpc`, { method: "OPTIONS", headers: { origin: ours } })
        )
        assert.strictEqual(preflight.status, 204)
        assert.strictEqual(preflight.headers.get("access-control-allow-headers"), "authorization")
        assert.strictEqual(preflight.headers.get("access-control-allow-origin"), ours)
      })
    )
  }
)
