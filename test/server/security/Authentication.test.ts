import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Layer } from "effect"
import { HttpServerRequest } from "effect/http"
import { Authentication } from "fibra/server"

const asked = (headers: Record<string, string>, query = "") =>
  HttpServerRequest.fromWeb(new Request(`http://localhost/api/live/rpc${query}`, { headers }))

describe("the token of an upgrade request", () => {
  const cases = [
    ["none", {}, "", undefined],
    ["of the header", { authorization: "Bearer abc.def" }, "", "abc.def"],
    ["of the header, whatever the case of its scheme", { authorization: "bearer abc" }, "", "abc"],
    ["not of another scheme", { authorization: "Basic abc" }, "", undefined],
    ["of a sub-protocol", { "sec-websocket-protocol": "fibra, bearer.abc.def" }, "", "abc.def"],
    ["of a sub-protocol without spaces", { "sec-websocket-protocol": "bearer.abc,fibra" }, "", "abc"],
    ["not of another sub-protocol", { "sec-websocket-protocol": "fibra, bearer" }, "", undefined],
    ["not an empty one", { "sec-websocket-protocol": "bearer." }, "", undefined],
    [
      "of the header before the sub-protocol",
      { authorization: "Bearer a", "sec-websocket-protocol": "bearer.b" },
      "",
      "a"
    ],
    ["of the query", {}, "?a=b&token=a%2Fb", "a/b"],
    ["of the query last", { authorization: "Bearer a" }, "?token=b", "a"],
    ["not an empty one of the query", {}, "?token=", undefined]
  ] as const
  for (const [name, headers, query, expected] of cases) {
    it(name, () => assert.strictEqual(Authentication.token(asked(headers, query), { query: "token" }), expected))
  }

  it("the token of an upgrade request is not read from the query by default", () => {
    assert.isUndefined(Authentication.token(asked({}, "?token=abc")))
  })
})

class Accounts extends Context.Service<Accounts, { readonly of: (token: string) => string }>()("test/Accounts") {}

describe("an Authentication", () => {
  it.effect("there is no Authentication unless it is provided", () =>
    Effect.map(Authentication.Authentication, (authenticate) => assert.isUndefined(authenticate))
  )

  it.effect("an Authentication releases what it acquires when it has answered", () =>
    Effect.gen(function* () {
      const released: Array<string> = []
      const layer = Authentication.layer(({ headers }) =>
        Effect.acquireRelease(Effect.succeed({ id: headers["x-name"] ?? "" }), ({ id }) =>
          Effect.sync(() => void released.push(id))
        )
      )
      // For as long as a server runs, its layers are.
      const authenticate = Context.get(yield* Layer.build(layer), Authentication.Authentication)
      yield* authenticate?.(asked({ "x-name": "ada" })) ?? Effect.undefined
      assert.deepStrictEqual(released, ["ada"])
    })
  )

  it.effect("an Authentication has the services of its layer, and the request of each client", () =>
    Effect.gen(function* () {
      const layer = Authentication.layer(() =>
        Effect.gen(function* () {
          const { headers } = yield* HttpServerRequest.HttpServerRequest
          return { id: (yield* Accounts).of(headers["x-name"] ?? "") }
        })
      ).pipe(Layer.provide(Layer.succeed(Accounts, { of: (name) => `account of ${name}` })))
      const authenticate = yield* Authentication.Authentication.pipe(Effect.provide(layer))
      assert.deepStrictEqual(yield* authenticate?.(asked({ "x-name": "ada" })) ?? Effect.undefined, {
        id: "account of ada"
      })
    })
  )
})
