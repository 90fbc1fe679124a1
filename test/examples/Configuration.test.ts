/** docs/configuration.md: that what is provided is in force, and that its tables leave nothing out and name the defaults. */
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { assert, describe, it, layer } from "@effect/vitest"
import { Duration, Effect, Layer } from "effect"
import { LiveClient } from "fibra/client"
import { LiveConfig } from "fibra/server"
import { connect } from "../support/RawSocket.ts"
import { Counter } from "../../examples/counter/Counter.ts"
import { server, url } from "./Server.ts"

layer(server)("docs/configuration.md, the example", (it) => {
  it.effect("lets in the origins it names, and clients that are no browser", () =>
    Effect.gen(function* () {
      const address = yield* url
      yield* connect(address, { origin: "https://app.example.org" })
      yield* connect(address)
      const refused = yield* Effect.flip(connect(address, { origin: address.replace("ws:", "http:") }))
      assert.include(refused.message, "403")
    })
  )

  it.effect("mounts as many components as it says", () =>
    Effect.gen(function* () {
      const mount = (yield* LiveClient).mount(Counter, { props: { start: 0 } })
      yield* Effect.repeat(mount, { times: 2 })
      const error = yield* Effect.flip(mount)
      assert.deepInclude(error.reason, { _tag: "TooManyComponents", limit: 3 })
    }).pipe(Effect.provide(Layer.unwrap(Effect.map(url, (url) => LiveClient.layerWebSocket({ url })))))
  )
})

describe("docs/configuration.md, the table", () => {
  const page = readFileSync(fileURLToPath(new URL("../../docs/configuration.md", import.meta.url)), "utf8")
  const units = [
    ["MiB", 1024 * 1024],
    ["KiB", 1024]
  ] as const

  const written = (value: unknown): string => {
    if (Duration.isDuration(value)) {
      return Duration.toHours(value) < 1 ? `${Duration.toSeconds(value)} s` : `${Duration.toHours(value)} h`
    }
    if (typeof value === "boolean") return `\`${value}\``
    if (typeof value !== "number") return `\`"${String(value)}"\``
    const unit = units.find(([, size]) => value >= 16 * 1024 && value >= size && value % size === 0)
    return unit === undefined ? value.toLocaleString("en").replace(",", " ") : `${value / unit[1]} ${unit[0]}`
  }

  for (const [name, value] of Object.entries(LiveConfig.defaults)) {
    it(`has ${name} with its default`, () => {
      const row = page.split("\n").find((line) => line.startsWith(`| \`${name}\` |`))
      assert.include(row, `| ${written(value)} |`)
    })
  }
})
