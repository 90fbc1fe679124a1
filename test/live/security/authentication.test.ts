/** Who is let in, over real sockets: what Authentication says is what a client gets, and what it does not say lets nobody in. */
import { get } from "node:http"
import { assert, layer } from "@effect/vitest"
import { Context, Duration, Effect, Fiber, Latch, Layer, Logger } from "effect"
import type { HttpServerRequest } from "effect/http"
import { TestClock } from "effect/testing"
import { Authentication, LiveConfig, type Principal } from "fibra/server"
import { knock } from "../../support/Handshake.ts"
import { connect } from "../../support/RawSocket.ts"
import { poison } from "../../support/Poison.ts"
import { Address, served } from "../../support/server.ts"

/** What was logged, and what holds an answer back. */
class AuthorizationFixture extends Context.Service<
  AuthorizationFixture,
  { readonly people: Map<string, Principal>; readonly latch: Latch.Latch; asked: number }
>()("test/AuthorizationFixture") {
  static readonly layer = Layer.sync(AuthorizationFixture, () => ({
    people: new Map([
      ["token-of-ada", { id: "ada" }],
      ["token-of-bob", { id: "bob" }]
    ]),
    latch: Latch.makeUnsafe(false),
    asked: 0
  }))
}

const logged: Array<string> = []
/** Later than the last line that the next one might be left out for. */
const afterLastLine = Effect.andThen(
  TestClock.adjust("10 seconds"),
  Effect.sync(() => void (logged.length = 0))
)
const log = Logger.layer([Logger.make(({ logLevel, message }) => void logged.push(`${logLevel} ${String(message)}`))])

/** What Authentication must not give: no principals, no refusals of its own, no effects. */
const mistakes: Readonly<Record<string, () => unknown>> = {
  "no id": () => Effect.succeed({}),
  "an id that is undefined": () => Effect.succeed({ id: undefined }),
  "an empty id": () => Effect.succeed({ id: "" }),
  "a number as id": () => Effect.succeed({ id: 5 }),
  "an id that cannot be read": () => Effect.succeed(poison("a proxy whose traps throw")),
  "another id each time": () => {
    let reads = 0
    return Effect.succeed({
      get id() {
        return reads++ === 0 ? undefined : "ada"
      }
    })
  },
  "claims that are a text": () => Effect.succeed({ id: "ada", claims: "admin" }),
  "a text": () => Effect.succeed("ada"),
  nothing: () => Effect.succeed(null),
  "a promise of a principal": () => Effect.succeed(Promise.resolve({ id: "ada" })),
  "a failure that is a text": () => Effect.fail("Forbidden"),
  "a failure that is undefined": () => Effect.fail(undefined),
  "a failure that cannot be read": () => Effect.fail(poison("a revoked proxy")),
  "a promise instead of an effect": () => Promise.resolve({ id: "ada" }),
  "a promise that fails instead of an effect": () => Promise.reject(new Error("the secret reason")),
  "nothing instead of an effect": () => undefined
}

const authentication = Authentication.layer((request) => {
  const mistake = mistakes[decodeURIComponent(request.headers["x-mistake"] ?? "")]
  return mistake === undefined ? checked(request) : (mistake() as ReturnType<typeof checked>)
})

const checked = (request: HttpServerRequest.HttpServerRequest) =>
  Effect.gen(function* () {
    const desk = yield* AuthorizationFixture
    desk.asked++
    const token = Authentication.token(request, { query: "token" }) ?? request.cookies["account"]
    switch (token) {
      case undefined:
        return undefined
      case "dies":
        return yield* Effect.die(new Error("the secret reason"))
      case "throws":
        throw new Error("the secret reason")
      case "hangs":
        return yield* Effect.uninterruptible(Effect.never)
      case "waits":
        yield* desk.latch.await
        return { id: "late" }
      case "rejects":
        return yield* Effect.promise(() => Promise.reject(new Error("the secret reason")))
      case "banned":
        return yield* new Authentication.Forbidden({ detail: "the secret reason" })
    }
    const principal = desk.people.get(token)
    if (principal === undefined) {
      return yield* new Authentication.Unauthorized({ detail: "the secret reason", challenge: 'Bearer realm="lab"' })
    }
    return principal
  })

const subject = served.pipe(
  Layer.provide(authentication),
  Layer.provideMerge(AuthorizationFixture.layer),
  Layer.provide(LiveConfig.layer({ authenticationTimeout: Duration.seconds(3) })),
  Layer.provide(log)
)

const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } })

layer(subject)("a client that connects", (it) => {
  it.effect("a client is admitted with a token in its header, a cookie, one in the query, or anonymously", () =>
    Effect.gen(function* () {
      const { url } = yield* Address
      assert.strictEqual((yield* knock(url, bearer("token-of-ada"))).status, 101)
      assert.strictEqual((yield* knock(url, { headers: { cookie: "a=b; account=token-of-ada" } })).status, 101)
      assert.strictEqual((yield* knock(`${url}?token=token-of-bob`)).status, 101)
      assert.strictEqual((yield* knock(url)).status, 101)
    }).pipe(Effect.scoped)
  )

  it.effect("a client that is not known is answered 401 and how to authenticate, and not why it was refused", () =>
    Effect.gen(function* () {
      const { url } = yield* Address
      const { headers, status, text } = yield* knock(url, bearer("made-up"))
      assert.strictEqual(status, 401)
      assert.strictEqual(headers["www-authenticate"], 'Bearer realm="lab"')
      assert.include(text, "Sign in, then connect again.")
      assert.notInclude(text, "secret reason")
    }).pipe(Effect.scoped)
  )

  it.effect("a client that is known and not permitted is answered 403", () =>
    Effect.gen(function* () {
      const { status, text } = yield* knock((yield* Address).url, bearer("banned"))
      assert.strictEqual(status, 403)
      assert.notInclude(text, "secret reason")
    }).pipe(Effect.scoped)
  )

  it.effect("a client is answered 500 when Authentication dies or throws, and is never made anonymous", () =>
    Effect.gen(function* () {
      const { url } = yield* Address
      for (const token of ["dies", "throws", "rejects"]) {
        yield* afterLastLine
        const { status, text } = yield* knock(url, bearer(token))
        assert.strictEqual(status, 500)
        assert.notInclude(text, "secret reason")
        assert.include(logged.join("\n"), "Error Authentication failed")
      }
    }).pipe(Effect.scoped)
  )

  for (const name of Object.keys(mistakes)) {
    it.effect(`a client is answered 500 when Authentication gives ${name}, and is never let in`, () =>
      Effect.gen(function* () {
        const { url } = yield* Address
        yield* afterLastLine
        const { status, text } = yield* knock(url, { headers: { "x-mistake": encodeURIComponent(name) } })
        assert.strictEqual(status, 500)
        assert.notInclude(text, "secret reason")
        assert.include(logged.join("\n"), "Error Authentication failed")
      }).pipe(Effect.scoped)
    )
  }

  it.effect("a client is answered 503 when Authentication takes too long", () =>
    Effect.gen(function* () {
      const { url } = yield* Address
      const desk = yield* AuthorizationFixture
      const { asked } = desk
      const answer = yield* Effect.forkChild(knock(url, bearer("hangs")), { startImmediately: true })
      yield* TestClock.withLive(Effect.repeat(Effect.sleep("2 millis"), { until: () => desk.asked > asked }))
      yield* TestClock.adjust("3 seconds")
      const { headers, status } = yield* Fiber.join(answer)
      assert.strictEqual(status, 503)
      assert.strictEqual(headers["retry-after"], "1")
      assert.include(logged.join("\n"), "Error Authentication gave no answer within authenticationTimeout")
    }).pipe(Effect.scoped)
  )

  it.effect("a client in a browser brings its token as a sub-protocol, and is answered the other one", () =>
    Effect.gen(function* () {
      const { url } = yield* Address
      const ada = yield* knock(url, { protocols: ["fibra", "bearer.token-of-ada"] })
      assert.deepStrictEqual([ada.status, ada.protocol], [101, "fibra"])
      // Also when the secret one comes first.
      const bob = yield* knock(url, { protocols: ["bearer.token-of-bob", "fibra"] })
      assert.deepStrictEqual([bob.status, bob.protocol], [101, "fibra"])
      assert.strictEqual((yield* knock(url, { protocols: ["fibra", "bearer.made-up"] })).status, 401)
    }).pipe(Effect.scoped)
  )

  it.effect("a client that offers only a secret sub-protocol does not get it back", () =>
    Effect.gen(function* () {
      const { url } = yield* Address
      // `ws` fails such a connection itself, so this looks at the answer.
      const told = yield* Effect.callback<string>((resume) => {
        const headers = {
          connection: "Upgrade",
          upgrade: "websocket",
          "sec-websocket-version": "13",
          "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
          "sec-websocket-protocol": "bearer.token-of-ada, other"
        }
        const asking = get(url.replace("ws:", "http:"), { headers })
        asking.on("upgrade", (response, socket) => {
          socket.destroy()
          resume(Effect.succeed(JSON.stringify(response.headers)))
        })
      })
      assert.include(told, "sec-websocket-accept")
      assert.notInclude(told, "sec-websocket-protocol")
    }).pipe(Effect.scoped)
  )
})

/** Asks for a session over a socket, and gives what the server says of it. */
const established = Effect.fnUntraced(function* (url: string, token: string | undefined, resume?: unknown) {
  const socket = yield* connect(url, token === undefined ? {} : bearer(token))
  // Something to come back for.
  if (resume === undefined) {
    socket.send({
      _tag: "Request",
      id: 1,
      tag: "Mount",
      payload: { component: "Lab", props: { start: 0 } },
      headers: []
    })
    yield* socket.answer(1)
  }
  socket.send({ _tag: "Request", id: 2, tag: "Connect", payload: resume === undefined ? {} : { resume }, headers: [] })
  const { values = [] } = yield* socket.next("Chunk")
  return values[0] ?? { _tag: "nothing" }
})

layer(subject)("a session", (it) => {
  it.effect("a session is resumed by its principal and by nobody else, whoever has its token", () =>
    Effect.gen(function* () {
      const { url } = yield* Address
      const { sessionToken } = yield* established(url, "token-of-ada")
      const resume = { sessionToken, components: [], pending: [] }
      for (const thief of ["token-of-bob", undefined]) {
        const { rejected, resumed } = yield* established(url, thief, resume)
        assert.deepStrictEqual([resumed, rejected], [false, { _tag: "TokenRejected", reason: "principal" }])
      }
      assert.isTrue((yield* established(url, "token-of-ada", resume))["resumed"])
    }).pipe(Effect.scoped)
  )

  it.effect("a session is not resumed with credentials that have expired: the client is authenticated anew", () =>
    Effect.gen(function* () {
      const { url } = yield* Address
      const desk = yield* AuthorizationFixture
      desk.people.set("token-of-eve", { id: "eve" })
      const { sessionToken } = yield* established(url, "token-of-eve")
      desk.people.delete("token-of-eve")
      const refused = yield* Effect.flip(
        established(url, "token-of-eve", { sessionToken, components: [], pending: [] })
      )
      assert.include(refused.message, "401")
    }).pipe(Effect.scoped)
  )
})

layer(served.pipe(Layer.provide(LiveConfig.layer({ allowedOrigins: ["https://app.example.org"] }))))(
  "a page of another origin",
  (it) => {
    it.effect("a page of another origin is answered 403, and one of an allowed origin is admitted", () =>
      Effect.gen(function* () {
        const { url } = yield* Address
        const foreign = yield* knock(url, { headers: { origin: "https://evil.example" } })
        assert.strictEqual(foreign.status, 403)
        assert.include(foreign.text, "https://evil.example")
        assert.strictEqual((yield* knock(url, { headers: { origin: "https://app.example.org" } })).status, 101)
      }).pipe(Effect.scoped)
    )
  }
)
