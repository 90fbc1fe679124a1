/**
 * Calls, changes and events on a network that is late, cut and away, whenever the simulator of the devtools says so: each call runs
 * once and in its order, the client has the state of the server, and hears each event. `FIBRA_SEED` repeats a run.
 */
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Exit, type Fiber, Layer, Logger, Schema, Stream } from "effect"
import { LiveError } from "fibra"
import { LiveConfig, Secrets } from "fibra/server"
import { maxCharacters, maxMessages } from "../../src/devtools/MessageLog.ts"
import { calm } from "../../src/devtools/Simulator.ts"
import * as LiveCore from "../../src/server/LiveCore.ts"
import { inspectedClient } from "../support/InspectedClient.ts"
import { Effects, SideEffectLog, SideEffectLogLayer } from "../support/SideEffectLog.ts"

const Command = Schema.Union([
  Schema.TaggedStruct("Call", { action: Schema.Literals(["Write", "WriteSlowly", "Refuse"]) }),
  Schema.TaggedStruct("Nudge", {}),
  Schema.TaggedStruct("Disturb", {
    delay: Schema.Literals([0, 3, 400, 2500]),
    jitter: Schema.Literals([0, 1, 50, 900]),
    drop: Schema.Literals([0, 5, 40, 100]),
    offline: Schema.Literals([false, false, false, true])
  }),
  Schema.TaggedStruct("Advance", { millis: Schema.Literals([1, 20, 700, 5000]) })
])
type Command = typeof Command.Type

/** What was called, and what became of it. */
interface Made {
  readonly mark: string
  readonly fiber: Fiber.Fiber<Exit.Exit<unknown, unknown>>
}

/** How often a call may have run that has ended like this. */
const runsOf = (exit: Exit.Exit<unknown, unknown>): ReadonlyArray<number> => {
  const failure = Exit.isFailure(exit) ? exit.cause.reasons[0] : undefined
  if (failure?._tag !== "Fail" || !(failure.error instanceof LiveError.LiveError)) return [1]
  const { reason } = failure.error
  if (reason._tag !== "CallExpired") return assert.fail(`A call failed: ${failure.error.message}`)
  return reason.outcome === "notRun" ? [0] : [0, 1]
}

let cuts = 0

const run = Effect.fnUntraced(function* (commands: ReadonlyArray<Command>) {
  const { advance, client, inspector, settle, sockets } = yield* inspectedClient
  inspector.record()
  const log = yield* client.mount(SideEffectLog, { key: "one" })
  const heard: Array<number> = []
  yield* Effect.forkScoped(
    Stream.runForEach(log.events("Nudged"), ({ nudges }) => Effect.sync(() => void heard.push(nudges))),
    { startImmediately: true }
  )
  const { lives, runs } = yield* Effects
  const life = lives.get("one")
  if (life === undefined) return assert.fail("It does not live.")
  const made: Array<Made> = []
  let nudges = 0
  for (const command of commands) {
    switch (command._tag) {
      case "Call": {
        const mark = `${command.action} ${made.length}`
        made.push({
          mark,
          fiber: yield* Effect.forkChild(Effect.exit(log.call[command.action]({ mark })), { startImmediately: true })
        })
        break
      }
      case "Nudge":
        nudges++
        yield* life.nudge
        break
      case "Disturb":
        inspector.disturb(command)
        break
      case "Advance":
        yield* advance(command.millis)
    }
    yield* settle
  }
  inspector.disturb(calm)
  for (let second = 0; second < 70; second++) yield* advance(1000)

  const done = new Set<string>()
  for (const { fiber, mark } of made) {
    const exit = fiber.pollUnsafe()
    if (exit === undefined || Exit.isFailure(exit)) return assert.fail(`${mark} has not ended.`)
    const ran = runs.get(mark) ?? 0
    assert.include(runsOf(exit.value), ran, `${mark} ran ${ran} times`)
    if (ran === 1) done.add(mark)
  }
  const state = yield* life.get
  const written = made.flatMap(({ mark }) => (done.has(mark) && !mark.startsWith("Refuse") ? [mark] : []))
  assert.deepStrictEqual(state.marks, written, "each ran once, in the order of the calls")
  assert.deepStrictEqual(yield* log.state, state)
  assert.deepStrictEqual(
    heard,
    Array.from({ length: nudges }, (_, index) => index + 1)
  )
  // What was kept of it is what happened.
  const logged = inspector.calls.calls
  assert.isTrue(logged.every(({ outcome }) => outcome !== undefined))
  assert.includeMembers(
    made.map(({ mark }) => mark),
    logged.map(({ payload }) => (payload as { readonly mark: string }).mark)
  )
  assert.isAtMost(inspector.messages.messages.length, maxMessages)
  assert.isAtMost(inspector.messages.characters, maxCharacters)
  cuts += sockets.length - 1
})

const seed = process.env["FIBRA_SEED"] ?? String(Math.floor(Math.random() * 2 ** 32))
const runs = Number(process.env["FIBRA_RUNS"] ?? 60)

describe("the simulator", () => {
  it.effect.prop(
    `a page behind it loses nothing and does nothing twice, in ${runs} runs of seed ${seed}`,
    [Schema.Array(Command).check(Schema.isMinLength(8), Schema.isMaxLength(40))],
    ([commands]) =>
      run(commands).pipe(
        Effect.scoped,
        Effect.provide(
          LiveCore.layer({ components: [SideEffectLog] }).pipe(
            Layer.provide(SideEffectLogLayer),
            Layer.provideMerge(Effects.layer),
            Layer.provide([
              Secrets.layerRandom,
              LiveConfig.layer({ rate: Infinity, linger: Duration.hours(1), idleTimeout: Duration.hours(1) })
            ]),
            Layer.provide(Logger.layer([]))
          ),
          { local: true }
        )
      ),
    { arbitrary: { runs, seed, size: 40 }, timeout: 240_000 }
  )

  it("which has cut connections in these runs", () => {
    assert.isAbove(cuts, runs / 4)
  })
})

console.log(`test/devtools/simulator.model.test.ts: ${runs} runs of seed ${seed}; FIBRA_SEED=${seed} repeats them`)
