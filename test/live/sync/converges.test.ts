/** Whatever happens between a client and its server, in the end the client has what the server has. */
import { assert, layer } from "@effect/vitest"
import { Duration, Effect, Layer, Schema } from "effect"
import { TestClock } from "effect/testing"
import { LiveConfig } from "fibra/server"
import { LiveTest } from "fibra/testing"
import { behaviors, components, Lab } from "../../support/Lab.ts"

const Command = Schema.Union([
  Schema.TaggedStruct("Add", { by: Schema.Literals([1, 2, 3, 500]) }),
  Schema.TaggedStruct("Fill", { count: Schema.Literals([0, 1, 5]) }),
  Schema.TaggedStruct("Prepend", { text: Schema.Literals(["a", "b"]) }),
  Schema.TaggedStruct("Burst", { times: Schema.Literals([1, 5, 40]) }),
  Schema.TaggedStruct("Crash", {}),
  Schema.TaggedStruct("Spoil", {}),
  Schema.TaggedStruct("Stall", {}),
  Schema.TaggedStruct("Unstall", {}),
  Schema.TaggedStruct("Drop", {}),
  Schema.TaggedStruct("MountAgain", {})
])
type Command = typeof Command.Type

interface Model {
  readonly count: number
  readonly items: ReadonlyArray<{ readonly id: number; readonly text: string }>
}

/** What the commands mean, in a few lines. */
const next = (model: Model, command: Command): Model => {
  switch (command._tag) {
    case "Add":
      return model.count + command.by > 100 ? model : { ...model, count: model.count + command.by }
    case "Burst":
      return { ...model, count: model.count + command.times }
    case "Fill":
      return { ...model, items: Array.from({ length: command.count }, (_, id) => ({ id, text: `item ${id}` })) }
    case "Prepend":
      return { ...model, items: [{ id: -1, text: command.text }, ...model.items] }
    default:
      return model
  }
}

let keys = 0

/** So little room that a client falls behind again and again. */
const config = LiveConfig.layer({ idleTimeout: Duration.hours(1), windowBatches: 4, conflateAfter: 2, patchLog: 3 })

layer(LiveTest.layer({ components }).pipe(Layer.provideMerge(behaviors), Layer.provide(config)))(
  "client and server",
  (it) => {
    it.effect.prop(
      "client and server agree, whatever is called, crashes, stalls and drops in between",
      [Schema.Array(Command).check(Schema.isMinLength(20), Schema.isMaxLength(60))],
      ([commands]) =>
        Effect.gen(function* () {
          const live = yield* LiveTest
          const options = { props: { start: 0 }, key: `run ${keys++}` }
          const handles = [yield* live.mount(Lab, options)]
          let model: Model = { count: 0, items: [] }
          for (const command of commands) {
            model = next(model, command)
            const [lab] = handles
            if (lab === undefined) return
            switch (command._tag) {
              case "Stall":
                yield* live.stall
                break
              case "Unstall":
                yield* live.unstall
                break
              case "Drop":
                yield* live.disconnect
                yield* live.reconnect
                break
              case "MountAgain":
                yield* live.mount(Lab, options).pipe(
                  Effect.map((handle) => handles.push(handle)),
                  Effect.forkScoped({ startImmediately: true })
                )
                break
              case "Add":
                yield* start(lab.call.Add({ by: command.by }))
                break
              case "Fill":
                yield* start(lab.call.Fill({ count: command.count }))
                break
              case "Prepend":
                yield* start(lab.call.Prepend({ text: command.text }))
                break
              case "Burst":
                yield* start(lab.call.Burst({ times: command.times }))
                break
              case "Crash":
                yield* start(lab.call.Crash())
                // A sixth crash within 30 seconds would make it faulted, which is another test's subject.
                yield* TestClock.adjust("31 seconds")
                break
              case "Spoil":
                yield* start(lab.call.Spoil())
                yield* TestClock.adjust("31 seconds")
                break
            }
            // A handler that goes on is let finish: the mailbox is small, and a refused call is not in the model.
            for (let turn = 0; turn < 8; turn++) yield* live.settle
          }
          yield* live.unstall
          yield* live.settle
          for (const handle of handles) {
            const { count, items } = yield* handle.state
            assert.deepStrictEqual({ count, items }, model)
          }
        }).pipe(Effect.scoped),
      { arbitrary: { runs: 100, size: 60 } }
    )
  }
)

/** Calls without waiting: the answer may be behind a stalled connection. */
const start = <A, E>(call: Effect.Effect<A, E>) => Effect.forkChild(Effect.exit(call), { startImmediately: true })
