/**
 * docs/wire.md is a transcript: each JSON block below a `sent` comment is sent to a server, and each below a `received` comment is
 * what comes back, frame by frame. Ids and times are whatever they are; everything else has to be the same.
 */
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { assert, describe, it, layer } from "@effect/vitest"
import { Effect, Queue } from "effect"
import { Patch } from "fibra"
import { WebSocket } from "ws"
import { server, url } from "./Server.ts"

const page = readFileSync(fileURLToPath(new URL("../../docs/wire.md", import.meta.url)), "utf8")

const blocks = Array.from(page.matchAll(/<!-- (sent|received) -->\s*```json\n([\s\S]*?)\n```/g), ([, who, text]) => ({
  who,
  message: JSON.parse(text ?? "") as unknown
}))

type Rename = (key: string, value: unknown) => unknown

/** A copy in which what stands under a key may have been replaced. */
const renamed = (value: unknown, rename: Rename): unknown => {
  if (Array.isArray(value)) return value.map((item) => renamed(item, rename))
  if (typeof value !== "object" || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, renamed(rename(key, field), rename)]))
}

const isId = (key: string): boolean => key === "componentId" || key === "connectionId"

describe("docs/wire.md, the table of patches", () => {
  const rows = Array.from(page.matchAll(/^\| `(\{.*?)` \| `(\{.*?)` \| `(\[.*?)` \|$/gm), (row) =>
    row.slice(1).map((text) => JSON.parse(text) as Patch.Json)
  )
  for (const [before = null, after = null, patch = null] of rows) {
    it(`has ${JSON.stringify(patch)} from the library`, () => {
      assert.deepStrictEqual(Patch.diff(before, after), patch as unknown as Patch.Patch)
      assert.deepStrictEqual(Patch.apply(before, patch as unknown as Patch.Patch), after)
    })
  }
  it("has six rows", () => assert.lengthOf(rows, 6))
})

layer(server)("docs/wire.md", (it) => {
  it.effect("says what goes over the wire", () =>
    Effect.gen(function* () {
      const frames = yield* Queue.unbounded<string>()
      const address = yield* url
      const ws = yield* Effect.acquireRelease(
        Effect.callback<WebSocket>((resume) => {
          const ws = new WebSocket(address)
          ws.on("message", (data: Buffer) => Queue.offerUnsafe(frames, data.toString()))
          ws.on("open", () => resume(Effect.succeed(ws)))
        }),
        (ws) => Effect.sync(() => ws.terminate())
      )
      const toServer = new Map<unknown, unknown>()
      const toPage = new Map<unknown, unknown>()
      const meet = (ofPage: unknown, ofServer: unknown): void => {
        const ids = (value: unknown) =>
          Array.from(JSON.stringify(value).matchAll(/"(?:componentId|connectionId)":"(\w+)"/g), ([, id]) => id)
        const served = ids(ofServer)
        for (const [index, id] of ids(ofPage).entries()) {
          if (toServer.has(id) || served[index] === undefined) continue
          toServer.set(id, served[index])
          toPage.set(served[index], id)
        }
      }
      for (const { message, who } of blocks) {
        if (who === "sent") {
          ws.send(
            JSON.stringify(renamed(message, (key, value) => (isId(key) ? (toServer.get(value) ?? value) : value)))
          )
        } else {
          const frame = JSON.parse(yield* Queue.take(frames)) as unknown
          meet(message, frame)
          const time = (message: unknown) => (JSON.stringify(message).match(/"time":(\d+)/) ?? [])[1]
          const asWritten: Rename = (key, value) => {
            if (isId(key)) return toPage.get(value) ?? value
            return key === "time" ? Number(time(message)) : value
          }
          assert.deepStrictEqual(renamed(frame, asWritten), message)
        }
      }
      assert.isAbove(blocks.length, 15)
    })
  )
})
