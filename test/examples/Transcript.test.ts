/**
 * docs/wire.md is a transcript: each JSON block below a `sent` comment is sent to a server, and each below a `received` comment is
 * what comes back, frame by frame; other comments open another connection, let time go by, or say how the connection before was
 * closed. Ids, tokens and times are whatever they are; everything else has to be the same.
 */
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { assert, describe, it, layer } from "@effect/vitest"
import { Deferred, Effect, Queue } from "effect"
import { TestClock } from "effect/testing"
import { Patch } from "fibra"
import { LiveConfig } from "fibra/server"
import { WebSocket } from "ws"
import { server, url } from "./Server.ts"

const page = readFileSync(fileURLToPath(new URL("../../docs/wire.md", import.meta.url)), "utf8")

const steps = Array.from(
  page.matchAll(
    /<!-- (sent|received) -->\s*```json\n([\s\S]*?)\n```|<!-- (another connection|a second later|closed (\d+)) -->/g
  ),
  ([, who, text, what, code]) =>
    what === undefined ? { what: who, message: JSON.parse(text ?? "") as unknown } : { what, code: Number(code) }
)

/** A copy in which every text and number may have been replaced. */
const renamed = (value: unknown, rename: (value: unknown, key: string) => unknown, key = ""): unknown => {
  if (Array.isArray(value)) return value.map((item) => renamed(item, rename, key))
  if (typeof value !== "object" || value === null) return rename(value, key)
  return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, renamed(field, rename, key)]))
}

/** What a server makes up, in the order in which it is said. */
const madeUp = (value: unknown): ReadonlyArray<string> =>
  Array.from(
    JSON.stringify(value).matchAll(/"(?:componentId|connectionId|sessionToken|token)":"([^"]+)"/g),
    ([, text = ""]) => text
  )

/** A connection to the server of the page. */
const open = Effect.gen(function* () {
  const frames = yield* Queue.unbounded<string>()
  const closed = yield* Deferred.make<number>()
  const address = yield* url
  const ws = yield* Effect.acquireRelease(
    Effect.callback<WebSocket>((resume) => {
      const ws = new WebSocket(address)
      ws.on("message", (data: Buffer) => Queue.offerUnsafe(frames, data.toString()))
      ws.on("close", (code) => Deferred.doneUnsafe(closed, Effect.succeed(code)))
      ws.on("open", () => resume(Effect.succeed(ws)))
    }),
    (ws) => Effect.sync(() => ws.terminate())
  )
  return { ws, frames, closed: Deferred.await(closed) }
})

describe("docs/wire.md, the table of patches", () => {
  const rows = Array.from(page.matchAll(/^\| `(\{.*?)` \| `(\{.*?)` \| `(\[.*?)` \|$/gm), (row) =>
    row.slice(1).map((text) => JSON.parse(text) as Patch.Json)
  )
  for (const [before = null, after = null, patch = null] of rows) {
    it(`the table of patches has ${JSON.stringify(patch)} as the library makes it`, () => {
      assert.deepStrictEqual(Patch.diff(before, after), patch as unknown as Patch.Patch)
      assert.deepStrictEqual(Patch.apply(before, patch as unknown as Patch.Patch), after)
    })
  }
  it("the table of patches has six rows", () => assert.lengthOf(rows, 6))
})

layer(server)("docs/wire.md", (it) => {
  it.effect("the transcript is what is sent", () =>
    Effect.gen(function* () {
      let connection = yield* open
      let before = connection
      const toServer = new Map<unknown, unknown>()
      const toPage = new Map<unknown, unknown>()
      const meet = (ofPage: unknown, ofServer: unknown): void => {
        const served = madeUp(ofServer)
        for (const [index, text] of madeUp(ofPage).entries()) {
          if (toServer.has(text) || served[index] === undefined) continue
          toServer.set(text, served[index])
          toPage.set(served[index], text)
        }
      }
      for (const { code, message, what } of steps) {
        switch (what) {
          case "sent":
            connection.ws.send(JSON.stringify(renamed(message, (value) => toServer.get(value) ?? value)))
            break
          case "received": {
            const frame = JSON.parse(yield* Queue.take(connection.frames)) as unknown
            meet(message, frame)
            const time = (message: unknown) => (JSON.stringify(message).match(/"time":(\d+)/) ?? [])[1]
            const asWritten = renamed(frame, (value, key) => {
              if (key === "time") return Number(time(message))
              // The page has the default, and its server less, for another example.
              if (key === "maxComponents") return LiveConfig.defaults.maxComponents
              return toPage.get(value) ?? value
            })
            assert.deepStrictEqual(asWritten, message)
            break
          }
          case "another connection":
            before = connection
            connection = yield* open
            break
          case "a second later":
            yield* TestClock.adjust("1 second")
            break
          default:
            assert.strictEqual(yield* before.closed, code)
        }
      }
      assert.strictEqual(yield* Queue.size(connection.frames), 0)
      assert.isAbove(steps.length, 40)
    })
  )
})
