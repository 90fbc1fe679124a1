/** The flight recorder: what it records of whom, for how long, and what it leaves out. */
import { assert, describe, it, layer } from "@effect/vitest"
import { Effect, Layer, Option } from "effect"
import { TestClock } from "effect/testing"
import { Authorization, Recorder, Recording } from "fibra/server"
import { LiveTest } from "fibra/testing"
import { Dice, diceLayer } from "../../support/Dice.ts"
import { type Command, mount, record, run, secretValues, server } from "../../support/DiceRecording.ts"

const commands = (...tags: ReadonlyArray<Exclude<Command["_tag"], "RollLater" | "Wait">>): ReadonlyArray<Command> =>
  tags.map((_tag) => ({ _tag }))

const infoOf = Effect.map(
  Effect.flatMap(Recorder.Recorder, ({ list }) => list),
  ([info]) => info
)

const idOf = Effect.map(infoOf, (info) => info?.id ?? "")

const get = (id: string) => Effect.flatMap(Recorder.Recorder, (recorder) => recorder.get(id))

describe("a recording", () => {
  it.effect("has each message with its caller, time, seed, patch, duration and outcome", () =>
    Effect.gen(function* () {
      const recording = yield* Recording.fromJson(
        yield* record([{ _tag: "RollLater", millis: 900 }, { _tag: "Crash" }])
      )
      assert.deepInclude(recording, { component: "Dice", version: 1, principal: "ada", dropped: 0, epoch: 1 })
      assert.deepInclude(recording.state, { rolls: [], ticks: 0 })
      const [build, later, crash, rebuild] = recording.messages
      assert.deepInclude(build, { kind: "build", activation: 0 })
      assert.deepInclude(later, { kind: "action", name: "RollLater", payload: { millis: 900 }, activation: 0, at: 0 })
      assert.deepInclude(later?.caller?.principal, { id: "ada" })
      assert.deepStrictEqual(later?.clock, [0, 900])
      assert.strictEqual(later?.duration, 900)
      assert.strictEqual(later?.patch.length, 1)
      assert.strictEqual(later?.outcome._tag, "Success")
      assert.deepInclude(crash, { kind: "action", name: "Crash", activation: 0, patch: [] })
      assert.match(crash?.outcome._tag === "Crash" ? crash.outcome.cause : "", /^Error: It broke at a stone\n +at /)
      assert.deepInclude(rebuild, { kind: "build", activation: 1 })
      assert.notStrictEqual(build?.seed, rebuild?.seed)
    })
  )

  it.effect("has no secret in it: not of props, states, payloads, results or claims, and not in an error", () =>
    Effect.gen(function* () {
      const json = yield* record(commands("SetToken", "Roll", "Deny", "Leak", "SetToken"))
      for (const secret of secretValues) assert.notInclude(json, secret)
      assert.include(json, "Bad token [redacted]")
      assert.include(json, "Not with [redacted]")
      assert.include(json, '"role":"lead"') // `claims` of the recorder names it
    })
  )

  it.effect("a call that Authorization refuses is recorded as refused, and is not replayed", () =>
    Effect.gen(function* () {
      yield* run(yield* mount, { _tag: "Roll" })
      const json = JSON.stringify(Option.getOrThrow(yield* get(yield* idOf)))
      const recording = yield* Recording.fromJson(json)
      assert.deepStrictEqual(recording.messages.at(-1)?.outcome, { _tag: "Refused" })
      const secrets = { "props.pin": "a", "state.token": "a", "claims.session": "a", "claims.role": "a" }
      const { skipped } = yield* LiveTest.replay(Dice, json, { secrets }).pipe(Effect.provide(diceLayer()))
      assert.deepStrictEqual(skipped, [{ number: 2, action: "Roll" }])
    }).pipe(
      Effect.provide(
        server({ components: [Dice] }).pipe(
          Layer.provide(Authorization.layer({ mount: () => Effect.succeed(true), call: () => Effect.succeed(false) }))
        ),
        { local: true }
      )
    )
  )

  it.effect("keeps the last messages, and says how many there were before", () =>
    Effect.gen(function* () {
      const recording = yield* Recording.fromJson(
        yield* record(
          Array.from({ length: 30 }, (): Command => ({ _tag: "Count" })),
          { messages: 10 }
        )
      )
      assert.strictEqual(recording.messages.length, 10)
      assert.strictEqual(recording.dropped, 21) // the build and 20 calls
      assert.deepInclude(recording.messages.at(-1)?.outcome, { result: 30 })
    })
  )

  it.effect("keeps fifty of them unless another number is asked for", () =>
    Effect.gen(function* () {
      const json = yield* record(Array.from({ length: 60 }, (): Command => ({ _tag: "Count" })))
      const { dropped, messages } = yield* Recording.fromJson(json)
      // The first message is the build.
      assert.deepStrictEqual([dropped, messages.length], [11, 50])
    })
  )

  it.effect("stays below its bytes", () =>
    Effect.gen(function* () {
      const maxBytes = 4000
      const json = yield* record(commands(...Array.from({ length: 40 }, () => "Roll" as const)), { maxBytes })
      const { messages, state } = yield* Recording.fromJson(json)
      assert.isAbove(messages.length, 2)
      assert.isAtMost(JSON.stringify({ messages, state }).length, maxBytes * 1.2)
    })
  )
})

layer(server({}))("a recorder without components", (it) => {
  it.effect("records nothing until it is asked to, then from that time on, and nothing after it was stopped", () =>
    Effect.gen(function* () {
      const recorder = yield* Recorder.Recorder
      const dice = yield* mount
      yield* run(dice, { _tag: "Crash" })
      const id = yield* dice.call.Id()
      assert.deepStrictEqual(yield* recorder.list, [])
      assert.isTrue(Option.isNone(yield* recorder.get(id)))
      assert.isFalse(yield* recorder.start("Dice-0-nobody"))

      assert.isTrue(yield* recorder.start(id))
      yield* run(dice, { _tag: "Count" })
      const recording = Option.getOrThrow(yield* recorder.get(id))
      assert.deepStrictEqual(
        recording.messages.map(({ name }) => name),
        ["Count"]
      )
      assert.strictEqual(recording.messages[0]?.activation, 1)

      yield* recorder.stop(id)
      yield* run(dice, { _tag: "Count" })
      assert.isTrue(Option.isNone(yield* recorder.get(id)))
      assert.deepStrictEqual(yield* recorder.list, [])
    })
  )

  it.effect("a recording that begins in the middle of a life replays on the state of then", () =>
    Effect.gen(function* () {
      const recorder = yield* Recorder.Recorder
      const dice = yield* mount
      yield* run(dice, { _tag: "SetToken" })
      yield* run(dice, { _tag: "Roll" })
      const id = yield* dice.call.Id()
      yield* recorder.start(id)
      yield* run(dice, { _tag: "RollLater", millis: 900 })
      const recording = Option.getOrThrow(yield* recorder.get(id))
      assert.deepInclude(recording.state, { note: "set" })
      const secrets = { "props.pin": "a", "state.token": "a", "claims.session": "a" }
      const replayed = yield* LiveTest.replay(Dice, recording, { secrets }).pipe(Effect.provide(diceLayer()))
      assert.deepStrictEqual(replayed.state.rolls, (yield* dice.state).rolls)
    })
  )
})

describe("the recording of a crash", () => {
  const crash = (instances: number) =>
    Effect.gen(function* () {
      for (let made = 0; made < instances; made++) {
        yield* Effect.scoped(Effect.flatMap(mount, (dice) => run(dice, { _tag: "Crash" })))
        yield* (yield* LiveTest).settle
      }
      return yield* (yield* Recorder.Recorder).list
    })

  it.effect("is kept when the instance has stopped, for as long as was said", () =>
    Effect.gen(function* () {
      const list = yield* crash(1)
      assert.strictEqual(list.length, 1)
      assert.deepInclude(list[0], { component: "Dice", isRecording: false })
      const id = list[0]?.id ?? ""
      const recording = Option.getOrThrow(yield* get(id))
      assert.deepInclude(recording.messages.at(-1), { name: "Crash" })
      yield* TestClock.adjust("61 minutes")
      assert.isTrue(Option.isNone(yield* get(id)))
      assert.deepStrictEqual(yield* (yield* Recorder.Recorder).list, [])
    }).pipe(Effect.provide(server({ components: [Dice], keepFor: "1 hour" }), { local: true }))
  )

  it.effect("is kept of the latest instances only", () =>
    Effect.map(crash(5), (list) => assert.strictEqual(list.length, 3)).pipe(
      Effect.provide(server({ components: [Dice], crashes: 3 }), { local: true })
    )
  )

  it.effect("is kept as it was, whatever the instance does afterwards", () =>
    Effect.gen(function* () {
      const dice = yield* mount
      for (const command of commands("Crash", "Count", "Count", "Count", "Count")) yield* run(dice, command)
      const recorder = yield* Recorder.Recorder
      const id = yield* idOf
      const now = Option.getOrThrow(yield* recorder.get(id))
      assert.isFalse(now.messages.some(({ name }) => name === "Crash"))
      const then = Option.getOrThrow(yield* recorder.crash(id))
      assert.deepInclude(then.messages.at(-1), { name: "Crash" })
    }).pipe(Effect.provide(server({ components: [Dice], messages: 3 }), { local: true }))
  )
})
