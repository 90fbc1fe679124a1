/** docs/configuration.md: what is provided is in force, and the table of settings says what the code says. */
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { assert, describe, it, layer } from "@effect/vitest"
import { ConfigProvider, Context, Duration, Effect, Layer } from "effect"
import { HttpServer } from "effect/http"
import { LiveClient } from "fibra/client"
import { LiveConfig } from "fibra/server"
import { connect } from "../support/RawSocket.ts"
import { Counter } from "../../examples/counter/Counter.ts"
import { config } from "./Environment.ts"
import { server as onRouter } from "./Router.ts"
import { server, url } from "./Server.ts"

layer(server)("docs/configuration.md, the example", (it) => {
  it.effect("the example admits the origins it names, and clients that are not browsers", () =>
    Effect.gen(function* () {
      const address = yield* url
      yield* connect(address, { origin: "https://app.example.org" })
      yield* connect(address)
      const refused = yield* Effect.flip(connect(address, { origin: address.replace("ws:", "http:") }))
      assert.include(refused.message, "403")
    })
  )

  it.effect("the example permits as many components as it says", () =>
    Effect.gen(function* () {
      const mount = (yield* LiveClient).mount(Counter, { props: { start: 0 } })
      yield* Effect.repeat(mount, { times: 2 })
      const error = yield* Effect.flip(mount)
      assert.deepInclude(error.reason, { _tag: "TooManyComponents", limit: 3 })
    }).pipe(Effect.provide(Layer.unwrap(Effect.map(url, (url) => LiveClient.layerWebSocket({ url })))))
  )
})

layer(onRouter)("docs/configuration.md, the example of a router", (it) => {
  it.effect("a router has the live components beside its other routes", () =>
    Effect.gen(function* () {
      const { address } = yield* HttpServer.HttpServer
      const host = `127.0.0.1:${"port" in address ? address.port : 0}`
      const hello = yield* Effect.promise(() => fetch(`http://${host}/hello`).then((response) => response.text()))
      assert.strictEqual(hello, "hello")
      const socket = yield* connect(`ws://${host}/api/live/rpc`)
      assert.isDefined(socket)
    })
  )
})

describe("docs/configuration.md, an environment", () => {
  it.effect("an environment takes precedence over the program, and that over the defaults", () =>
    Effect.gen(function* () {
      const environment = ConfigProvider.layer(ConfigProvider.fromEnv({ env: { FIBRA_IDLE_TIMEOUT: "2 minutes" } }))
      const context = yield* Layer.build(Layer.provide(config, environment))
      assert.deepStrictEqual(Context.get(context, LiveConfig.LiveConfig), {
        ...LiveConfig.defaults,
        allowedOrigins: ["https://example.org"],
        idleTimeout: Duration.minutes(2)
      })
    })
  )
})

describe("docs/configuration.md, the table of settings", () => {
  const page = readFileSync(fileURLToPath(new URL("../../docs/configuration.md", import.meta.url)), "utf8")
  const section = page.slice(page.indexOf("\n### Settings\n"), page.indexOf("\n## What one client may take\n"))
  const rows = section
    .split("\n")
    .filter((line) => line.startsWith("| `"))
    .map((line) =>
      line
        .split("|")
        .slice(1, -1)
        .map((cell) => cell.trim())
    )

  const sizes = [
    ["MiB", 1024 * 1024],
    ["KiB", 1024]
  ] as const

  const written = (value: unknown, unit: string | undefined): string => {
    if (Duration.isDuration(value)) {
      return Duration.toHours(value) < 1 ? `${Duration.toSeconds(value)} s` : `${Duration.toHours(value)} h`
    }
    if (typeof value === "boolean") return `\`${value}\``
    if (typeof value !== "number") return `\`"${String(value)}"\``
    const size = sizes.find(([, size]) => unit !== undefined && /bytes|characters/.test(unit) && value % size === 0)
    return size === undefined || value < 16 * 1024
      ? value.toLocaleString("en").replace(",", " ")
      : `${value / size[1]} ${size[0]}`
  }

  it("the table has every setting once, and no others", () => {
    assert.sameMembers(
      rows.map(([name]) => name),
      Object.keys(LiveConfig.defaults).map((name) => `\`${name}\``)
    )
  })

  for (const [name, value] of Object.entries(LiveConfig.defaults)) {
    const [, byDefault, unit, variable, meaning] = rows.find(([cell]) => cell === `\`${name}\``) ?? []

    it(`the table says the default, the unit, the variable and the meaning of ${name}`, () => {
      assert.strictEqual(byDefault, written(value, unit))
      const units = Duration.isDuration(value) ? /^time$/ : typeof value === "number" ? /^(?!time)[a-z ]+$/ : /^$/
      assert.match(String(unit), units)
      assert.strictEqual(variable, `\`${LiveConfig.variableOf(name as keyof LiveConfig.Settings)}\``)
      assert.match(String(meaning), /^[A-Z].{10,}$/)
    })
  }
})
