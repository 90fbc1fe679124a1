/** docs/monitoring.md: an application decides who may see the monitor. Over real sockets. */
import { assert, it } from "@effect/vitest"
import { Context, Effect, Layer } from "effect"
import { HttpServerResponse } from "effect/http"
import { MonitorAccess } from "fibra/server"
import { ask, counters, port, surroundings } from "../support/MonitoredServer.ts"

// #region team
/** Whatever knows your people. */
class Team extends Context.Service<Team, { readonly roleOf: (session: string) => Effect.Effect<string | undefined> }>()(
  "app/Team"
) {}
// #endregion team

// #region access
const access = MonitorAccess.layer(
  Effect.fnUntraced(function* (request) {
    const team = yield* Team // taken from where the layer is provided with it
    const role = yield* team.roleOf(request.cookies["session"] ?? "")
    if (role === undefined) return yield* Effect.fail(HttpServerResponse.redirect("/login"))
    return role === "operations" // others are answered 403
  })
)
// #endregion access

const teamLayer = Layer.succeed(
  Team,
  Team.of({
    roleOf: (session) =>
      Effect.succeed(
        new Map([
          ["ada-1", "operations"],
          ["bob-1", "sales"]
        ]).get(session)
      )
  })
)

it.live(
  "an application that knows its people lets operations in, sends strangers to the login, and refuses others",
  () =>
    Effect.gen(function* () {
      const at = yield* port
      const status = (cookie: string) =>
        Effect.map(ask(at, "/api/live/stats", { headers: { cookie } }), ({ status }) => status)
      assert.deepStrictEqual(
        yield* Effect.all([status("session=ada-1"), status("session=bob-1"), status("session=eve-1")]),
        [200, 403, 302]
      )
    }).pipe(
      Effect.scoped,
      Effect.provide(Layer.provide(counters, [surroundings({}), Layer.provide(access, teamLayer)]))
    )
)
