/** A schema of a contract may fail by itself. Clients are told that their input was refused, and the log is told why. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Logger, Schema } from "effect"
import { Rpc } from "effect/rpc"
import { Component } from "fibra"
import { MemoryWires } from "../../support/MemoryWires.ts"

const Failing = Schema.String.check(
  Schema.makeFilter((text) => {
    if (text === "bad") throw new Error("no connection to 10.0.0.1 as admin")
    return text === "long" ? "Expected a short one" : undefined
  })
)

class Checked extends Component.Service<Checked>()("Checked", {
  props: { text: Failing },
  state: { text: Failing },
  initial: () => ({ text: "" }),
  writable: ["text"],
  actions: [Rpc.make("Take", { payload: { text: Failing } }), Rpc.make("Say", { payload: { text: Schema.String } })],
  events: { Said: Failing },
  presence: { metadata: { text: Failing }, initial: () => ({ text: "" }) }
}) {}

const CheckedLayer = Checked.toLayer(
  Effect.map(Checked, (self) =>
    Checked.of({
      Take: () => Effect.void,
      Say: ({ text }) => Effect.andThen(Effect.ignore(self.track({ text })), self.broadcast("Said", text))
    })
  )
)

describe("a schema that throws", () => {
  const asked = (text: string, componentId: string): Readonly<Record<string, object>> => ({
    "mounts with these props": { type: "COMPONENT_MOUNT", payload: { component: "Checked", props: { text } } },
    "calls with this payload": { type: "CALL_ACTION", componentId, action: "Take", payload: { text } },
    "makes a behaviour broadcast this": { type: "CALL_ACTION", componentId, action: "Say", payload: { text } },
    "sets this": { type: "PROPERTY_UPDATE", componentId, property: "text", value: text }
  })
  for (const name of Object.keys(asked("", ""))) {
    it.effect(`refuses what a client sends, and says nothing of itself: it ${name}`, () => {
      const lines: Array<string> = []
      const logging = Logger.layer([Logger.map(Logger.formatJson, (line) => void lines.push(line))])
      return Effect.gen(function* () {
        const wires = yield* MemoryWires
        const connection = wires.connect("json")
        const ask = (message: object) => {
          connection.send({ ...message, requestId: connection.told.length })
          wires.flush()
          return JSON.stringify(connection.told.at(-1))
        }
        const mounted = ask({ type: "COMPONENT_MOUNT", payload: { component: "Checked", props: { text: "" } } })
        const { componentId } = (JSON.parse(mounted) as { readonly result: { readonly componentId: string } }).result
        assert.include(ask(asked("long", componentId)[name] ?? {}), "Expected a short one")
        const refused = ask(asked("bad", componentId)[name] ?? {})
        assert.include(refused, "it could not be checked")
        assert.notInclude(refused, "10.0.0.1")
        assert.isUndefined(connection.code())
        if (name === "makes a behaviour broadcast this") return
        const line = lines.find((line) => line.includes("10.0.0.1")) ?? assert.fail("nothing was logged")
        assert.include(line, "Checked")
        if (name !== "mounts with these props") assert.include(line, componentId)
      }).pipe(Effect.scoped, Effect.provide(MemoryWires.layer([Checked]).pipe(Layer.provide([CheckedLayer, logging]))))
    })
  }
})
