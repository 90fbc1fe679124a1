/**
 * docs/protocol.md is a transcript: its blocks of JSON are sent and received in this order, in frames as they are shown. Ids, tokens
 * and times are whatever they are, and a clock ticks when it does; everything else has to be the same.
 */
import { readFileSync } from "node:fs"
import { assert, layer } from "@effect/vitest"
import { Effect, type Schema } from "effect"
import type { Step } from "./Case.ts"
import * as Runner from "./Runner.ts"
import { layerShowcase, Server } from "./Server.ts"

type Json = Schema.Json

const page = readFileSync(new URL("../../docs/protocol.md", import.meta.url), "utf8")

/** What a server makes up. */
const madeUp = new Set(["connectionId", "sessionToken", "componentId", "newComponentId", "signedState", "at"])

/** What a clock tells when it ticks, and when it is set. */
const ticking: Json = { type: "STATE_UPDATE", payload: { state: { now: { $is: "any" } } } }

/** The page as the steps of a case. */
const steps: ReadonlyArray<Step> = (() => {
  /** The names of what a server has made up; what the page has made up itself stands for itself. */
  const names = new Map<string, string | undefined>()
  const sent = (value: Json): Json => {
    if (typeof value === "string") {
      const name = names.get(value)
      if (name === undefined) names.set(value, undefined)
      return name === undefined ? value : `\${${name}}`
    }
    if (Array.isArray(value)) return value.map(sent)
    if (typeof value !== "object" || value === null) return value
    return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, sent(field)]))
  }
  const received = (value: Json, key = ""): Json => {
    if (key === "timestamp") return { $is: "integer" }
    if (typeof value === "string") {
      const name = names.get(value)
      if (name !== undefined) return `\${${name}}`
      if (!madeUp.has(key) || names.has(value)) {
        // A sentence may speak of what was made up.
        return Array.from(names).reduce((text, [id, name]) => (name ? text.replaceAll(id, `\${${name}}`) : text), value)
      }
      names.set(value, `v${names.size}`)
      return { $is: "string", $capture: names.get(value) ?? "" }
    }
    if (Array.isArray(value)) return value.map((item: Json) => received(item, key))
    if (typeof value !== "object" || value === null) return value
    return { $exactly: Object.fromEntries(Object.entries(value).map(([key, field]) => [key, received(field, key)])) }
  }
  let opened = false
  return Array.from(
    page.matchAll(/<!-- connect(?: \?(\S+))? -->|<!-- (sent|received) -->\s*```json\n([\s\S]*?)\n```/g)
  ).flatMap(([, query = "", direction, text = ""]): ReadonlyArray<Step> => {
    if (direction === undefined) {
      const closing: ReadonlyArray<Step> = opened ? [{ close: "a" }] : []
      opened = true
      return [...closing, { open: "a", query: sent(Object.fromEntries(new URLSearchParams(query))) as {} }]
    }
    const message = JSON.parse(text) as Json
    if (direction === "sent") return [{ send: sent(message) }]
    return Array.isArray(message)
      ? message.map((one: Json, index) => ({ expect: received(one), frame: index === 0 ? "array" : "same" }))
      : [{ expect: received(message), frame: "object" }]
  })
})()

/** The first message of a connection is what the step that connects expects. */
const merged = steps.reduce<ReadonlyArray<Step>>((before, step) => {
  const last = before.at(-1)
  return last !== undefined && "open" in last && last.expect === undefined && "expect" in step
    ? [...before.slice(0, -1), { ...last, expect: step.expect }]
    : [...before, step]
}, [])

layer(layerShowcase, { excludeTestServices: true })("docs/protocol.md", (it) => {
  it.effect("the page says what is sent", () =>
    Effect.gen(function* () {
      const [first, ...others] = merged
      assert.isAbove(others.length, 20)
      if (first === undefined) return
      const { url } = yield* Server
      yield* Runner.run({ name: "docs/protocol.md", ignore: [ticking], steps: [first, ...others] }, { url })
    })
  )
})
