/** What the log says of connections that are refused: that it happened, once in a while, and what to change. */
import { assert, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { Authentication } from "fibra/server"
import { knock } from "../../support/Handshake.ts"
import { counters, type Line, port, surroundings } from "../../support/MonitoredServer.ts"

const authentication = Authentication.layer((request) => {
  const token = Authentication.token(request)
  if (token === undefined) return Effect.undefined
  return token === "banned"
    ? Effect.fail(new Authentication.Forbidden({ detail: "banned since May" }))
    : Effect.fail(new Authentication.Unauthorized({ detail: "no such session" }))
})

const refusals: ReadonlyArray<readonly [who: string, headers: Record<string, string>, status: number, said: RegExp]> = [
  ["a page of another origin", { origin: "https://evil.example" }, 403, /LiveConfig\.allowedOrigins/],
  ["somebody with a token that is not valid", { authorization: "Bearer guess" }, 401, /give its page the token/],
  ["somebody who may not connect", { authorization: "Bearer banned" }, 403, /Authentication\.layer/]
]

for (const [who, headers, status, said] of refusals) {
  it.live(`${who} is refused with ${status}, which is a warning for the first of many, and says what to change`, () => {
    const lines: Array<Line> = []
    return Effect.gen(function* () {
      const url = `ws://127.0.0.1:${yield* port}/api/live/rpc`
      for (let times = 0; times < 5; times++) {
        assert.strictEqual((yield* knock(url, { headers })).status, status)
      }
      const refused = lines.filter(({ message }) => message.startsWith("An upgrade was refused"))
      assert.deepStrictEqual(
        refused.map(({ level }) => level),
        ["Warn"]
      )
      assert.match(String(refused[0]?.labels["hint"]), said)
    }).pipe(
      Effect.scoped,
      Effect.provide(Layer.provide(counters, [surroundings({ log: (line) => void lines.push(line) }), authentication]))
    )
  })
}
