/** The log of refusals: whoever brings bad tokens by the hundred is seen, and does not fill the disk. */
import { assert, it } from "@effect/vitest"
import { Effect, Layer, Logger, References } from "effect"
import { TestClock } from "effect/testing"
import { Authentication } from "fibra/server"
import { request } from "../../support/Handshake.ts"
import { connect } from "../../support/RawSocket.ts"
import { Address, served } from "../../support/server.ts"

/** What would be written, at Info and above, with how many lines it stands for. */
const lines: Array<readonly [message: string, omitted: unknown]> = []
const levels: ReadonlySet<string> = new Set(["Info", "Warn", "Error"])
const logger = Logger.make<unknown, void>(({ fiber, logLevel, message }) => {
  const text = String(Array.isArray(message) ? message[0] : message)
  if (!levels.has(logLevel) || !(text === failed || Object.hasOwn(strangers, text))) return
  lines.push([text, fiber.getRef(References.CurrentLogAnnotations)["omitted"]])
})

const rehydrate = (id: number) =>
  request(id, "Rehydrate", { component: "Lab", token: `forged${id}.token`, props: { start: 0 } })

type Stranger = (url: string) => Effect.Effect<unknown, unknown>

/** The line of an Authentication that breaks. */
const failed = "Authentication failed, and the upgrade was refused"

/** It breaks on one token, as code that asks a service does which is away. */
const authentication = Authentication.layer((request) =>
  Authentication.token(request) === "breaking" ? Effect.die("The service is away") : Effect.undefined
)

/** Whatever a stranger may have refused, a hundred times. */
const strangers: Readonly<Record<string, Stranger>> = {
  "A state token was rejected": (url) =>
    Effect.gen(function* () {
      const socket = yield* connect(url)
      for (let id = 1; id <= 100; id++) {
        socket.send(rehydrate(id))
        yield* socket.answer(id)
      }
    }).pipe(Effect.scoped),
  "A presence token was not accepted": (url) =>
    Effect.gen(function* () {
      const socket = yield* connect(url)
      for (let id = 1; id <= 100; id++) {
        const mount = { component: "Lab", props: { start: 0 }, key: "desk", presence: `forged${id}.token` }
        socket.send(request(id, "Mount", mount))
        yield* socket.answer(id)
      }
    }).pipe(Effect.scoped),
  "An upgrade was refused: its origin is not allowed": (url) =>
    Effect.gen(function* () {
      for (let turn = 0; turn < 100; turn++) yield* Effect.exit(connect(url, { origin: "https://evil.example" }))
    }).pipe(Effect.scoped),
  "A session token was rejected": (url) =>
    Effect.gen(function* () {
      const known = yield* connect(url)
      known.send(request(1, "Connect", {}))
      const { values } = yield* known.next("Chunk")
      const [id = ""] = String(values?.[0]?.["sessionToken"]).split(".")
      for (let turn = 0; turn < 100; turn++) {
        const socket = yield* connect(url)
        socket.send(request(2, "Connect", { resume: { sessionToken: `${id}.${turn}`, components: [], pending: [] } }))
        yield* socket.next("Chunk")
      }
    }).pipe(Effect.scoped)
}

const isOneLine = (message: string, stranger: Stranger) =>
  Effect.gen(function* () {
    const { url } = yield* Address
    lines.length = 0
    yield* stranger(url)
    assert.deepStrictEqual(lines, [[message, undefined]])
    yield* TestClock.adjust("10 seconds")
    yield* stranger(url)
    assert.deepStrictEqual(lines, [
      [message, undefined],
      [message, 99]
    ])
  })

const logged = served.pipe(Layer.provide(Logger.layer([logger])))

for (const [message, stranger] of Object.entries(strangers)) {
  it.effect(`a hundred times "${message}" is one line, and one more with the number of the others`, () =>
    isOneLine(message, stranger).pipe(Effect.provide(logged))
  )
}

it.effect("an Authentication that breaks a hundred times is one line, and one more with the number of the others", () =>
  isOneLine(failed, (url) =>
    Effect.gen(function* () {
      const headers = { authorization: "Bearer breaking" }
      for (let turn = 0; turn < 100; turn++) yield* Effect.exit(connect(url, { headers }))
    }).pipe(Effect.scoped)
  ).pipe(Effect.provide(logged.pipe(Layer.provide(authentication))))
)
