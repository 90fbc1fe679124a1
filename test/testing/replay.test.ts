/** A recording is a test: what was recorded replays without a difference, and what has changed is found. */
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Layer, Logger, Schema } from "effect"
import { Recorder, type Recording } from "fibra/server"
import { LiveTest, type ReplayOptions } from "fibra/testing"
import { Counter } from "../../examples/counter/Counter.ts"
import { CounterLayer } from "../../examples/counter/CounterLayer.ts"
import { Dice, diceLayer, type DiceChanges } from "../support/Dice.ts"
import { Command, mount, record, run, secrets, server } from "../support/DiceRecording.ts"

const replay = (recording: unknown, changes: DiceChanges = {}, options: ReplayOptions = {}) =>
  LiveTest.replay(Dice, recording, { secrets, ...options }).pipe(
    Effect.provide(Layer.merge(diceLayer(changes), Logger.layer([])), { local: true })
  )

const parse = (text: string): Recording.Recording => JSON.parse(text) as Recording.Recording

/** Six is not rolled with dice of two sides. */
const rolls: ReadonlyArray<Command> = Array.from({ length: 8 }, () => ({ _tag: "Roll" }))

describe("replay", () => {
  it.effect.prop(
    "any messages with chance, time, failures, cancellations and crashes replay without a difference",
    [Schema.Array(Command).check(Schema.isMinLength(1), Schema.isMaxLength(40))],
    ([commands]) =>
      Effect.gen(function* () {
        const recording = yield* record(commands, { messages: 1000 })
        const { crashes, mended } = yield* replay(recording, {}, { allowCrashes: true })
        assert.strictEqual(mended.length, 0)
        assert.strictEqual(crashes.length, commands.filter(({ _tag }) => _tag === "Crash" || _tag === "Leak").length)
      }),
    { arbitrary: { runs: 40, size: 40 }, timeout: 60_000 }
  )

  it.effect.prop(
    "the last messages replay on the state before them, when the handlers depend on nothing else",
    [Schema.Array(Command).check(Schema.isMinLength(20), Schema.isMaxLength(40))],
    ([commands]) =>
      Effect.gen(function* () {
        const stateful = commands.filter(({ _tag }) => _tag !== "Count")
        const recording = yield* record(stateful, { messages: 7 })
        assert.isAtMost(parse(recording).messages.length, 7)
        yield* replay(recording, {}, { allowCrashes: true })
      }),
    { arbitrary: { runs: 20, size: 40 }, timeout: 60_000 }
  )

  it.effect("a handler that does something else is found at the first message that shows it", () =>
    Effect.gen(function* () {
      const recording = yield* record([{ _tag: "Count" }, ...rolls])
      const error = yield* Effect.flip(replay(recording, { sides: 2 }))
      assert.strictEqual(error._tag, "ReplayDiffers")
      if (error._tag !== "ReplayDiffers") return
      const message = parse(recording).messages[error.number - 1]
      assert.strictEqual(error.action, "Roll")
      assert.strictEqual(message?.name, "Roll")
      assert.include(["result", "outcome", "error.dice"], error.path)
      assert.match(error.message, /^Message \d+ \(Roll\): "(result|outcome|error.dice)" was .+, and is .+\.$/)
    })
  )

  it.effect("a difference in the state is named by its path", () =>
    Effect.gen(function* () {
      const { messages, ...recording } = parse(yield* record([{ _tag: "SetToken" }]))
      const changed = messages.map((message) =>
        message.name === "SetToken" ? { ...message, patch: [["set", ["note"], "unset"]] } : message
      )
      const error = yield* Effect.flip(replay({ ...recording, messages: changed }))
      assert.deepInclude(error, {
        _tag: "ReplayDiffers",
        number: 2,
        action: "SetToken",
        path: "state.note",
        expected: '"unset"',
        got: '"set"'
      })
    })
  )

  it.effect("a changed result is found, although the state is the same", () =>
    Effect.gen(function* () {
      const recording = yield* record([{ _tag: "Count" }])
      const error = yield* Effect.flip(replay(recording, { result: 100 }))
      assert.deepInclude(error, { _tag: "ReplayDiffers", action: "Count", path: "result", expected: "1", got: "101" })
    })
  )

  it.effect("a recorded crash fails with its cause, and passes once the handler is mended", () =>
    Effect.gen(function* () {
      const recording = yield* record([
        { _tag: "SetToken" },
        { _tag: "Crash" },
        { _tag: "SetToken" },
        { _tag: "Crash" }
      ])
      const error = yield* Effect.flip(replay(recording))
      assert.deepInclude(error, { _tag: "ReplayCrashed", number: 3, action: "Crash" })
      assert.match(error.message, /^Message 3 \(Crash\) crashes: Error: It broke at a stone/)
      if (error._tag === "ReplayCrashed") assert.include(error.cause, "Dice.ts")

      const { crashes, mended, replayed } = yield* replay(recording, { mended: true })
      assert.deepStrictEqual(crashes, [])
      assert.deepStrictEqual(
        mended.map(({ action, number }) => [number, action]),
        [
          [3, "Crash"],
          [6, "Crash"]
        ]
      )
      assert.strictEqual(mended[0]?.state.rolls[0]?.by, "crashed")
      assert.strictEqual(replayed, parse(recording).messages.length)
    })
  )

  it.effect("a message that did not crash then must not crash now", () =>
    Effect.gen(function* () {
      const { messages, ...recording } = parse(yield* record([{ _tag: "Crash" }]))
      const past = messages.map((message) =>
        message.name === "Crash" ? { ...message, outcome: { _tag: "Success", result: null } } : message
      )
      const error = yield* Effect.flip(replay({ ...recording, messages: past }, {}, { allowCrashes: true }))
      assert.strictEqual(error._tag, "ReplayCrashed")
    })
  )

  it.effect("what a handler reads from a clock that goes on while it runs is replayed exactly", () =>
    Effect.gen(function* () {
      let now = 1_700_000_000_000
      const real = yield* Clock.clockWith(Effect.succeed)
      const running: Clock.Clock = {
        ...real,
        currentTimeMillisUnsafe: () => (now += 13),
        currentTimeMillis: Effect.sync(() => (now += 13))
      }
      const recording = yield* Effect.gen(function* () {
        const dice = yield* mount
        for (const command of rolls) yield* run(dice, command)
        const recorder = yield* Recorder.Recorder
        const [info] = yield* recorder.list
        return yield* recorder.get(info?.id ?? "")
      }).pipe(
        Effect.scoped,
        Effect.provide(server({ components: [Dice] }), { local: true }),
        Effect.provideService(Clock.Clock, running)
      )
      const json = JSON.stringify(recording.valueOrUndefined)
      assert.isTrue(parse(json).messages.some(({ clock }) => (clock[0] ?? 0) > 0))
      yield* replay(json)
    })
  )

  it.effect("the secrets that a replay lacks are named, and the test supplies them", () =>
    Effect.gen(function* () {
      const recording = yield* record([{ _tag: "SetToken" }])
      const lacking = yield* Effect.flip(replay(recording, {}, { secrets: { "props.pin": "a pin" } }))
      assert.strictEqual(lacking._tag, "ReplayLacksSecrets")
      if (lacking._tag !== "ReplayLacksSecrets") return
      assert.deepStrictEqual([...lacking.names].sort(), ["SetToken.token", "claims.session", "state.token"])
      const { state } = yield* replay(recording)
      assert.strictEqual(state.token, secrets["SetToken.token"])
    })
  )

  it.effect("a file that is no recording of the component is refused in a sentence", () =>
    Effect.gen(function* () {
      const recording = parse(yield* record([{ _tag: "Roll" }]))
      const issue = (json: unknown) =>
        Effect.map(Effect.flip(replay(json)), (error) => {
          assert.strictEqual(error._tag, "RecordingRejected")
          return error.message
        })
      assert.match(yield* issue("{"), /^This is no recording that can be read: SyntaxError/)
      assert.match(yield* issue({}), /format/)
      assert.match(yield* issue({ ...recording, formatVersion: 2 }), /formatVersion/)
      assert.match(yield* issue({ ...recording, version: 7 }), /it is of "Dice", version 7/)
      const messages = recording.messages.map((message) => ({ ...message, patch: [["unset", ["gone"]]] }))
      assert.match(yield* issue({ ...recording, messages }), /message 1 does not follow/)
      const payloads = [{ ...recording.messages[1], name: "RollLater", payload: { millis: "a while" } }]
      assert.match(yield* issue({ ...recording, messages: payloads }), /RollLater: .*millis/)
      const other = LiveTest.replay(Counter, recording).pipe(Effect.provide(CounterLayer))
      assert.match((yield* Effect.flip(other)).message, /this is "Counter"/)
    })
  )
})
