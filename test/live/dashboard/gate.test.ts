/** Who may see the dashboard, what its answers say to browsers, and that its components are apart from the application's. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Layer } from "effect"
import { HttpServerResponse } from "effect/http"
import { TestClock } from "effect/testing"
import { LiveClient } from "fibra/client"
import { LiveServer, MonitorAccess } from "fibra/server"
import { vi } from "vitest"
import { DashboardOverview } from "../../../src/dashboard/DashboardOverview.ts"
import { InstanceDetail } from "../../../src/dashboard/InstanceDetail.ts"
import { InstanceTable } from "../../../src/dashboard/InstanceTable.ts"
import { DashboardFolder } from "../../../src/server/monitor/dashboard/DashboardFiles.ts"
import { DashboardTickets } from "../../../src/server/monitor/dashboard/DashboardTicket.ts"
import { settle } from "../../support/Album.ts"
import { CounterFixture, CounterFixtureLayer } from "../../support/CounterFixture.ts"
import { knock } from "../../support/Handshake.ts"
import { ask, jsonOf, type Line, type Options, port, proxies, surroundings } from "../../support/MonitoredServer.ts"

const token = "a-token-of-the-monitor-that-is-long-enough"
const path = "/api/live/dashboard"
const html = { accept: "text/html,application/xhtml+xml" }

/** A folder as a build leaves it. */
const built = Layer.effect(
  DashboardFolder,
  Effect.acquireRelease(
    Effect.promise(async () => {
      const folder = await mkdtemp(join(tmpdir(), "dashboard-"))
      await mkdir(join(folder, "assets"))
      await writeFile(join(folder, "index.html"), "<!doctype html><title>the page</title>")
      await writeFile(join(folder, "assets", "index-abc.js"), "// the script")
      await writeFile(join(folder, "secret.txt"), "not of the page")
      return folder
    }),
    (folder) => Effect.promise(() => rm(folder, { recursive: true }))
  )
)

const served = (options: Options = {}, folder: Layer.Layer<never> = built) =>
  LiveServer.layerHttp({ components: [CounterFixture], port: 0, host: "127.0.0.1", dashboard: true }).pipe(
    Layer.provide([CounterFixtureLayer, surroundings(options), folder])
  )

const everything = [path, `${path}/`, `${path}/assets/index-abc.js`, `${path}/assets/nothing.js`, `${path}/rpc`]

const proxied = { "x-forwarded-for": "192.0.2.1" }

const outside = { ...proxied, host: "live.example.org", origin: "http://live.example.org" }
const form = { method: "POST", body: new URLSearchParams({ token }).toString() }

describe("who may see it", () => {
  for (const [how, headers, without, withToken] of [
    ["directly from this machine", {}, "in", "in"],
    ["over a proxy", proxied, 403, 401],
    ["with the name of another host", { host: "rebound.example.org" }, 403, 401],
    ["with the token over a proxy", { ...proxied, authorization: `Bearer ${token}` }, 403, "in"],
    ["with another token", { authorization: "Bearer another" }, "in", 401],
    ["from a page of another origin", { origin: "https://example.org" }, 403, 403],
    [
      "with a ticket of its own making",
      { ...proxied, cookie: `fibra-dashboard=9999999999999.${"a".repeat(43)}` },
      403,
      401
    ]
  ] as const) {
    for (const [environment, options, expected] of [
      ["without FIBRA_MONITOR_TOKEN", {}, without],
      ["with FIBRA_MONITOR_TOKEN", { token }, withToken]
    ] as const) {
      it.live(`${environment}, a request ${how} is ${expected === "in" ? "let in" : `answered ${expected}`}`, () =>
        Effect.gen(function* () {
          const at = yield* port
          for (const each of everything) {
            const { status } = yield* ask(at, each, { headers })
            if (expected === "in") assert.include([200, 302, 404, 426], status, each)
            else assert.strictEqual(status, expected, each)
          }
          const { status } = yield* knock(`ws://127.0.0.1:${at}${path}/rpc`, { headers })
          assert.strictEqual(status, expected === "in" ? 101 : expected)
        }).pipe(Effect.scoped, Effect.provide(served(options)))
      )
    }
  }

  it.live("it is refused over every proxy on the same machine, page, socket and form alike", () =>
    Effect.gen(function* () {
      const at = yield* port
      for (const headers of proxies) {
        const said = JSON.stringify(headers)
        for (const each of everything) assert.strictEqual((yield* ask(at, each, { headers })).status, 403, said)
        const { status } = yield* knock(`ws://127.0.0.1:${at}${path}/rpc`, { headers })
        assert.strictEqual(status, 403, said)
        const origin = `http://127.0.0.1:${at}`
        const form = yield* ask(at, `${path}/sign-in`, { method: "POST", headers: { ...headers, origin } })
        assert.deepStrictEqual([form.status, form.headers["set-cookie"]], [404, undefined], said)
      }
    }).pipe(Effect.scoped, Effect.provide(served()))
  )

  it.live("somebody without a token for a header signs in with a form, and has a cookie for half a day", () =>
    Effect.gen(function* () {
      const at = yield* port
      const origin = "https://live.example.org"
      const browser = { ...proxied, ...html, host: "live.example.org", origin }
      const form = yield* ask(at, `${path}/`, { headers: browser })
      assert.strictEqual(form.status, 401)
      assert.include(form.text, `<form method="post" action="sign-in">`)
      const outside = yield* ask(at, path, { headers: browser })
      assert.include(outside.text, `action="dashboard/sign-in"`)
      const send = (token: string, headers = browser) =>
        ask(at, `${path}/sign-in`, {
          method: "POST",
          headers: { ...headers, "content-type": "application/x-www-form-urlencoded" },
          body: new URLSearchParams({ token }).toString()
        })
      const wrong = yield* send("another token")
      assert.deepStrictEqual([wrong.status, wrong.headers["set-cookie"]], [401, undefined])
      assert.include(wrong.text, `role="alert"`)
      assert.strictEqual((yield* send(token, { ...browser, origin: "https://example.org" })).status, 403)
      const right = yield* send(token)
      assert.deepStrictEqual([right.status, right.headers.location], [303, "./"])
      const [set = ""] = right.headers["set-cookie"] ?? []
      assert.match(set, /; Max-Age=43200; HttpOnly; Secure; SameSite=Strict$/)
      const cookie = set.split(";", 1)[0] ?? ""
      const known = { ...proxied, host: "live.example.org", cookie }
      assert.strictEqual((yield* ask(at, `${path}/`, { headers: known })).status, 200)
      assert.strictEqual((yield* knock(`ws://127.0.0.1:${at}${path}/rpc`, { headers: known })).status, 101)
      // A page of another origin has no cookie of this one; whatever sends it all the same is refused.
      const foreign = { ...known, origin: "https://example.org" }
      assert.strictEqual((yield* knock(`ws://127.0.0.1:${at}${path}/rpc`, { headers: foreign })).status, 403)
      // It opens the dashboard, and nothing else.
      assert.strictEqual((yield* ask(at, "/api/live/stats", { headers: known })).status, 401)
    }).pipe(Effect.scoped, Effect.provide(served({ token })))
  )

  it.live("somebody who signs out has no ticket any more, and neither has a page that is still open", () =>
    Effect.gen(function* () {
      const at = yield* port
      const host = "live.example.org"
      const post = (to: string, cookie = "", origin = `http://${host}`) =>
        ask(at, `${path}/${to}`, {
          method: "POST",
          headers: { ...proxied, host, origin, cookie, "content-type": "application/x-www-form-urlencoded" },
          body: new URLSearchParams({ token }).toString()
        })
      const cookieOf = Effect.map(post("sign-in"), ({ headers }) => headers["set-cookie"]?.[0]?.split(";", 1)[0] ?? "")
      const [own, other] = [yield* cookieOf, yield* cookieOf]
      const open = (cookie: string) =>
        knock(`ws://127.0.0.1:${at}${path}/rpc`, { headers: { ...proxied, host, cookie } })
      const [tab, others] = [yield* open(own), yield* open(other)]
      assert.deepStrictEqual([tab.status, others.status], [101, 101])
      // Another page may not sign somebody out.
      assert.strictEqual((yield* post("sign-out", own, "https://example.org")).status, 403)
      const { headers, status } = yield* post("sign-out", own)
      assert.deepStrictEqual([status, headers.location], [303, "./"])
      const forgotten = headers["set-cookie"] ?? []
      assert.lengthOf(forgotten, 2)
      for (const each of forgotten) assert.match(each, /^fibra-dashboard(-signed-in)?=; Max-Age=0/)
      assert.strictEqual(yield* tab.closed, 4003)
      assert.strictEqual((yield* open(own)).status, 401)
      assert.strictEqual((yield* open(other)).status, 101)
    }).pipe(Effect.scoped, Effect.provide(served({ token })))
  )

  for (const [who, access] of [
    ["without a token in the environment", Layer.empty],
    ["where the application decides", MonitorAccess.layer(() => Effect.succeed(true))]
  ] as const) {
    it.live(`nobody gets a ticket ${who}, which would be valid longer than the reason that it was given for`, () =>
      Effect.gen(function* () {
        const at = yield* port
        for (const headers of [outside, { origin: `http://127.0.0.1:${at}` }]) {
          const answer = yield* ask(at, `${path}/sign-in`, { ...form, headers })
          assert.deepStrictEqual([answer.status, answer.headers["set-cookie"]], [404, undefined])
        }
      }).pipe(Effect.scoped, Effect.provide(Layer.provide(served(), access)))
    )
  }

  it("a ticket is valid for half a day, only where it was issued, and of too many the oldest is not", () => {
    const [tickets, others] = [new DashboardTickets(), new DashboardTickets()]
    const issue = (now: number) => {
      const { cookies } = tickets.issue(HttpServerResponse.empty(), now, false)
      return Object.fromEntries(Object.entries(cookies.cookies).map(([name, { value }]) => [name, value]))
    }
    const half = 12 * 3600 * 1000
    const first = issue(1000)
    assert.isDefined(tickets.find(first, 999 + half))
    assert.isUndefined(tickets.find(first, 1000 + half))
    assert.isUndefined(others.find(first, 2000))
    assert.isUndefined(tickets.find({ "fibra-dashboard": `${first["fibra-dashboard"]}=` }, 2000))
    assert.isUndefined(tickets.find({ "fibra-dashboard": "" }, 2000))
    const second = issue(2000)
    for (let times = 0; times < 999; times++) issue(3000)
    assert.isUndefined(tickets.find(first, 3000))
    assert.isDefined(tickets.find(second, 3000))
  })
})

describe("its files", () => {
  it.live("are read again only when they have changed, and nothing else may be done with them", () =>
    Effect.gen(function* () {
      const at = yield* port
      const page = yield* ask(at, `${path}/`)
      assert.include(page.text, "the page")
      const { etag = "", ...headers } = page.headers
      assert.deepInclude(headers, {
        "x-frame-options": "DENY",
        "x-content-type-options": "nosniff",
        "cache-control": "private, no-cache"
      })
      assert.include(headers["content-security-policy"], "script-src 'self';")
      assert.notInclude(headers["content-security-policy"], "unsafe")
      const again = yield* ask(at, `${path}/`, { headers: { "if-none-match": etag } })
      assert.deepStrictEqual([again.status, again.text], [304, ""])
      const script = yield* ask(at, `${path}/assets/index-abc.js`)
      assert.deepStrictEqual(
        [script.text, script.headers["content-type"]],
        ["// the script", "text/javascript; charset=utf-8"]
      )
      for (const name of ["..%2fsecret.txt", "%2e%2e%2f%2e%2e%2fsecret.txt", "secret.txt", "nothing.js"]) {
        assert.strictEqual((yield* ask(at, `${path}/assets/${name}`)).status, 404, name)
      }
    }).pipe(Effect.scoped, Effect.provide(served()))
  )

  it.live("when they were not built, the answer says how to", () =>
    Effect.gen(function* () {
      const { status, text } = yield* ask(yield* port, `${path}/`)
      assert.strictEqual(status, 503)
      assert.include(text, "npm run build")
    }).pipe(Effect.scoped, Effect.provide(served({}, Layer.succeed(DashboardFolder, "/nowhere"))))
  )

  it.live("there are none without `dashboard: true`", () =>
    Effect.gen(function* () {
      const at = yield* port
      for (const each of everything) assert.strictEqual((yield* ask(at, each)).status, 404, each)
    }).pipe(
      Effect.scoped,
      Effect.provide(
        LiveServer.layerHttp({ components: [CounterFixture], port: 0, host: "127.0.0.1" }).pipe(
          Layer.provide([CounterFixtureLayer, surroundings()])
        )
      )
    )
  )
})

/** A client of one of the endpoints. */
const clientOf = (at: number, endpoint: string) =>
  Effect.map(
    Layer.build(Layer.fresh(LiveClient.layerWebSocket({ url: `ws://127.0.0.1:${at}${endpoint}` }))),
    (context) => Context.get(context, LiveClient)
  )

describe("its components", () => {
  it.live("cannot be reached from the application, nor the application's from them, and are counted nowhere", () =>
    Effect.gen(function* () {
      const at = yield* port
      const application = yield* clientOf(at, "/api/live/rpc")
      const dashboard = yield* clientOf(at, `${path}/rpc`)
      yield* application.mount(CounterFixture, {})
      const table = yield* dashboard.mount(InstanceTable, { props: { text: "", kind: "" } })
      yield* dashboard.mount(DashboardOverview, { key: "server" })
      assert.deepStrictEqual(
        (yield* table.state).rows.map(({ component }) => component),
        ["CounterFixture"]
      )
      const unknown = yield* Effect.flip(application.mount(InstanceTable, { props: { text: "", kind: "" } }))
      const foreign = yield* Effect.flip(dashboard.mount(CounterFixture, {}))
      assert.deepStrictEqual([unknown.reason._tag, foreign.reason._tag], ["UnknownComponent", "UnknownComponent"])
      const { stats } = jsonOf(yield* ask(at, "/api/live/stats"))
      assert.deepInclude(stats, { components: 1, instances: 1, connections: 1 })
      assert.notInclude((yield* ask(at, "/metrics")).text, "InstanceTable")
    }).pipe(Effect.scoped, Effect.provide(served()))
  )

  it.live("end with their viewers, whom a request of the application does not notice", () =>
    Effect.gen(function* () {
      const at = yield* port
      for (let times = 0; times < 3; times++) {
        const viewer = yield* knock(`ws://127.0.0.1:${at}${path}/rpc`)
        assert.strictEqual(viewer.status, 101)
        yield* viewer.close
      }
      assert.strictEqual((yield* ask(at, "/api/live/health")).status, 200)
    }).pipe(Effect.scoped, Effect.provide(served()))
  )

  it.live("signing in and out, and taking a recording along, are each a line of the log", () => {
    const lines: Array<Line> = []
    return Effect.gen(function* () {
      const at = yield* port
      yield* (yield* clientOf(at, "/api/live/rpc")).mount(CounterFixture, {})
      const { stats } = jsonOf(yield* ask(at, "/api/live/stats"))
      assert.deepInclude(stats, { instances: 1 })
      const instances = jsonOf(yield* ask(at, "/api/live/instances"))["instances"] as ReadonlyArray<{ id: string }>
      const id = instances[0]?.id ?? ""
      const detail = yield* (yield* clientOf(at, `${path}/rpc`)).mount(InstanceDetail, { props: { id } })
      yield* detail.call.StartRecording()
      assert.strictEqual((yield* ask(at, `${path}/recordings/${id}`)).status, 200)
      const post = (to: string, cookie = "") => ask(at, `${path}/${to}`, { ...form, headers: { ...outside, cookie } })
      const cookie = (yield* post("sign-in")).headers["set-cookie"]?.[0]?.split(";", 1)[0] ?? ""
      yield* post("sign-out", cookie)
      assert.deepStrictEqual(
        lines
          .filter(({ message }) => message.includes("dashboard") && !message.includes("from now on"))
          .map(({ labels, level, message }) => [level, message, labels["instance"], labels["by"]]),
        [
          ["Info", "A recording is downloaded from the dashboard", id, "127.0.0.1"],
          ["Info", "Somebody signed in to the dashboard", undefined, "127.0.0.1"],
          ["Info", "Somebody signed out of the dashboard", undefined, "127.0.0.1"]
        ]
      )
    }).pipe(Effect.scoped, Effect.provide(served({ token, log: (line) => void lines.push(line) })))
  })

  it.effect("nothing is computed before the first viewer and after the last, and history begins anew", () =>
    Effect.gen(function* () {
      const at = yield* port
      // Each look at the whole server reads it once.
      const looks = vi.spyOn(process, "memoryUsage")
      yield* Effect.addFinalizer(() => Effect.sync(() => looks.mockRestore()))
      yield* TestClock.adjust("2 minutes")
      const asked = () => looks.mock.calls.length
      const view = Effect.gen(function* () {
        const overview = yield* (yield* clientOf(at, `${path}/rpc`)).mount(DashboardOverview, { key: "server" })
        const { samples } = yield* overview.state
        const since = asked()
        yield* Effect.repeat(Effect.andThen(TestClock.adjust("1 second"), settle), { until: () => asked() > since + 2 })
        return samples.length
      }).pipe(Effect.scoped)
      assert.strictEqual(asked(), 0)
      assert.strictEqual(yield* view, 0)
      let rounds = 0
      const isQuiet = Effect.suspend(() => {
        const since = asked()
        rounds++
        return Effect.map(Effect.andThen(TestClock.adjust("20 seconds"), settle), () => asked() === since)
      })
      yield* Effect.repeat(settle, { times: 10 })
      yield* Effect.repeat(isQuiet, { until: (isQuiet) => isQuiet })
      // In the first they end, unless the server noticed a little later that the viewer had gone.
      assert.isAtMost(rounds, 3)
      assert.strictEqual(yield* view, 0)
    }).pipe(Effect.scoped, Effect.provide(served()))
  )

  const lines: Array<Line> = []
  it.live("what somebody does is logged with the address it came from, and what is only looked at is not", () =>
    Effect.gen(function* () {
      const at = yield* port
      yield* (yield* clientOf(at, "/api/live/rpc")).mount(CounterFixture, {})
      const dashboard = yield* clientOf(at, `${path}/rpc`)
      const table = yield* dashboard.mount(InstanceTable, { props: { text: "", kind: "" } })
      const [row] = (yield* table.state).rows
      const detail = yield* dashboard.mount(InstanceDetail, { props: { id: row?.id ?? "" } })
      const before = lines.filter(({ message }) => message.includes("dashboard"))
      assert.deepStrictEqual(before, [])
      yield* detail.call.Reveal()
      yield* detail.call.Restart()
      yield* detail.call.Stop()
      assert.deepStrictEqual(
        lines
          .filter(({ message }) => message.includes("dashboard"))
          .map(({ labels, level, message }) => [level, message, labels["instance"], labels["by"]]),
        [
          ["Info", "The state of an instance is revealed in the dashboard", row?.id, "127.0.0.1"],
          ["Info", "An instance is restarted from the dashboard", row?.id, "127.0.0.1"],
          ["Info", "An instance is stopped from the dashboard", row?.id, "127.0.0.1"]
        ]
      )
    }).pipe(Effect.scoped, Effect.provide(served({ log: (line) => void lines.push(line) })))
  )
})
