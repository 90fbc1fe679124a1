/**
 * Whatever a network and a server that dies do to it: at rest the client has what the server has, no change is missing between two
 * others, and the effect of each call happened once, or it is said that this is not known. `FIBRA_SEED` repeats a run.
 */
import { assert, it } from "@effect/vitest"
import { Cause, Duration, Effect, Exit, Fiber, Layer, Logger, Schema } from "effect"
import { TestClock } from "effect/testing"
import type { LiveError } from "fibra"
import { LiveConfig, SnapshotStore } from "fibra/server"
import { LiveTest } from "fibra/testing"
import { Effects, SideEffectLog, SideEffectLogLayer } from "../../support/SideEffectLog.ts"
import { Revisions } from "../../support/Revisions.ts"

const Command = Schema.Union([
  Schema.TaggedStruct("Call", {
    action: Schema.Literals(["Write", "Write", "WriteSlowly", "Refuse"]),
    shared: Schema.Boolean
  }),
  Schema.TaggedStruct("Nudge", { shared: Schema.Boolean }),
  Schema.TaggedStruct("Drop", {}),
  Schema.TaggedStruct("Duplicate", {}),
  Schema.TaggedStruct("Delay", { of: Schema.Literals(["client", "server"]) }),
  Schema.TaggedStruct("Arrive", { of: Schema.Literals(["client", "server"]) }),
  Schema.TaggedStruct("Reconnect", {}),
  Schema.TaggedStruct("Restart", { how: Schema.Literals(["killed", "killed", "stopped"]) }),
  Schema.TaggedStruct("Advance", { millis: Schema.Literals([1, 300, 1000, 20_000, 50_000]) }),
  Schema.TaggedStruct("Settle", {})
])
type Command = typeof Command.Type

type CallOutcome = Exit.Exit<unknown, LiveError.LiveError | { readonly _tag: "Refused" }>

interface Call {
  readonly mark: string
  readonly fiber: Fiber.Fiber<CallOutcome>
}

/** What may have happened, given the answer. */
const possibleRuns = (outcome: CallOutcome | undefined): ReadonlyArray<number> => {
  if (outcome === undefined) return []
  if (Exit.isSuccess(outcome)) return [1]
  const error = outcome.cause.reasons.find(Cause.isFailReason)?.error
  if (error?._tag === "Refused") return [1]
  if (error?._tag !== "LiveError" || error.reason._tag !== "CallExpired") return []
  return error.reason.outcome === "notRun" ? [0] : [0, 1]
}

/** Little room, so that its bounds are met. */
const config = LiveConfig.layer({ idleTimeout: Duration.hours(1), windowBatches: 4, conflateAfter: 3, patchLog: 6 })

/** A server may wait for a client that does not read, but not for ever. */
const inTime = Effect.fnUntraced(function* (stop: Effect.Effect<void>) {
  const live = yield* LiveTest
  const stopping = yield* Effect.forkChild(stop, { startImmediately: true })
  for (let turn = 0; turn < 32; turn++) yield* live.settle
  yield* TestClock.adjust("10 seconds")
  yield* Fiber.join(stopping)
})

const run = Effect.fnUntraced(function* (commands: ReadonlyArray<Command>, revisions: Revisions) {
  const live = yield* LiveTest
  const { lives, runs } = yield* Effects
  const own = yield* live.mount(SideEffectLog, {})
  const shared = yield* live.mount(SideEffectLog, { key: "shared" })
  const calls: Array<Call> = []
  let [killed, away] = [false, false]
  for (const command of commands) {
    switch (command._tag) {
      case "Call": {
        const mark = `${command.shared ? "shared" : "private"} ${calls.length}`
        const call = (command.shared ? shared : own).call[command.action]({ mark })
        calls.push({ mark, fiber: yield* Effect.forkChild(Effect.exit(call), { startImmediately: true }) })
        break
      }
      case "Nudge":
        yield* lives.get(command.shared ? "shared" : "private")?.nudge ?? Effect.void
        break
      case "Drop":
        yield* live.disconnect
        break
      case "Duplicate":
        yield* live.twice
        break
      case "Delay":
        yield* command.of === "client" ? live.hold : live.stall
        break
      case "Arrive":
        yield* command.of === "client" ? live.unhold : live.unstall
        break
      case "Reconnect":
        yield* live.reconnect
        break
      case "Restart":
        killed ||= command.how === "killed"
        yield* command.how === "killed" ? live.kill : inTime(live.stop)
        yield* live.start
        break
      case "Advance":
        away ||= command.millis > 45_000
        yield* TestClock.adjust(command.millis)
        break
      case "Settle":
        yield* live.settle
        break
    }
  }
  yield* live.unhold
  yield* live.unstall
  yield* live.reconnect
  // Every slow handler takes its turns, one after the other.
  for (let round = 0; round < calls.length * 3; round++) yield* live.settle
  for (let round = 0; round < 4; round++) yield* Effect.andThen(TestClock.adjust("1 second"), live.settle)

  for (const { fiber, mark } of calls) {
    const outcome = fiber.pollUnsafe()
    const exit = outcome !== undefined && Exit.isSuccess(outcome) ? outcome.value : undefined
    assert.include(possibleRuns(exit), runs.get(mark) ?? 0, `${mark}: ${String(exit)}`)
  }
  for (const [name, handle] of [
    ["private", own],
    ["shared", shared]
  ] as const) {
    const state = yield* handle.state
    assert.deepStrictEqual(state, yield* lives.get(name)?.get ?? Effect.die("it never lived"), name)
    assert.deepInclude(yield* handle.view, { connected: true, status: "running", error: undefined })
    assert.lengthOf(new Set(state.marks), state.marks.length)
    if (killed || away) continue
    const ran = calls.filter(({ mark }) => mark.startsWith(name) && runs.get(mark) === 1)
    assert.includeMembers(
      ran.map(({ mark }) => mark),
      state.marks.slice()
    )
  }
  assert.deepStrictEqual(revisions.complaints, [])
  assert.isAtMost((yield* live.open).instances, 2)
})

const seed = process.env["FIBRA_SEED"] ?? String(Math.floor(Math.random() * 2 ** 32))
const runs = 500

it.effect.prop(
  `client and server agree, and every call ran once or is unknown, in ${runs} runs of seed ${seed}`,
  [Schema.Array(Command).check(Schema.isMinLength(5), Schema.isMaxLength(40))],
  ([commands]) => {
    const revisions = new Revisions()
    return run(commands, revisions).pipe(
      Effect.scoped,
      Effect.provide(
        LiveTest.layer({ components: [SideEffectLog], onFrame: revisions.onFrame, offlineTimeout: "1 minute" }).pipe(
          Layer.provide(SideEffectLogLayer),
          Layer.provide(SnapshotStore.layerMemory),
          Layer.provideMerge(Effects.layer),
          Layer.provide(config),
          Layer.provide(Logger.layer([]))
        ),
        { local: true }
      )
    )
  },
  { arbitrary: { runs, seed, size: 40 }, timeout: 240_000 }
)

console.log(`test/live/sync/model.test.ts: ${runs} runs of seed ${seed}; FIBRA_SEED=${seed} repeats them`)
