/**
 * Whatever a network and a server that dies do to it: at rest the client has what the server has, no change is missing between two
 * others, and the effect of each call happened once, or it is said that this is not known. `FIBRA_SEED` repeats a run.
 */
import { assert, it } from "@effect/vitest"
import { Cause, Duration, Effect, Exit, Fiber, Layer, Logger, Schema, Scope } from "effect"
import { TestClock } from "effect/testing"
import type { LiveError } from "fibra"
import { LiveConfig, Principals, SnapshotStore } from "fibra/server"
import { LiveTest, type TestClient } from "fibra/testing"
import * as LiveHandle from "../../../src/client/LiveHandle.ts"
import { Page } from "../../../src/client/PageLifecycle.ts"
import * as ReplicaOpener from "../../../src/client/ReplicaOpener.ts"
import { Effects, layerOf, SideEffectLog } from "../../support/SideEffectLog.ts"
import { makePage, type PageEvents } from "../../support/PageEvents.ts"
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
  Schema.TaggedStruct("Trickle", { frames: Schema.Literals([1, 2, 5]) }),
  Schema.TaggedStruct("Reconnect", {}),
  Schema.TaggedStruct("Restart", { how: Schema.Literals(["killed", "killed", "stopped"]) }),
  Schema.TaggedStruct("Advance", { millis: Schema.Literals([1, 300, 1000, 20_000, 50_000]) }),
  Schema.TaggedStruct("Hide", {}),
  Schema.TaggedStruct("Show", {}),
  Schema.TaggedStruct("Close", {}),
  Schema.TaggedStruct("SignIn", { as: Schema.Literals(["ada", "bob"]) }),
  Schema.TaggedStruct("SignOut", {}),
  Schema.TaggedStruct("FailToken", {}),
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
  // It was signed out, and not sent.
  if (error?._tag === "LiveError" && error.reason._tag === "Disconnected") return [0]
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

/** A page in a browser that has had others before, and may have others after. */
interface OpenPage extends TestClient {
  readonly events: PageEvents
  readonly revisions: Revisions
  readonly own: LiveHandle.LiveHandle<typeof SideEffectLog>
  readonly shared: LiveHandle.LiveHandle<typeof SideEffectLog>
  readonly close: Effect.Effect<void>
}

const openPage = Effect.fnUntraced(function* (
  principal: string
): Effect.fn.Return<OpenPage, never, LiveTest | Scope.Scope> {
  const live = yield* LiveTest
  const [events, revisions] = [makePage(), new Revisions()]
  const scope = yield* Effect.acquireRelease(Scope.make(), (scope) => Scope.close(scope, Exit.void))
  const client = yield* live
    .connect({ principal, offlineTimeout: "1 minute", mountTimeout: "1 hour", onFrame: revisions.onFrame })
    .pipe(Effect.provideService(Page, events.page), Scope.provide(scope))
  const mount = (options: { readonly key: string } | { readonly cacheKey: string }) =>
    Effect.sync(() => LiveHandle.make(ReplicaOpener.of(client.client)(SideEffectLog, options)))
  const [own, shared] = [yield* mount({ cacheKey: "own" }), yield* mount({ key: "shared" })]
  yield* client.settle
  // Whatever runs in a page ends with it, at once.
  const close = events
    .hide(false)
    .pipe(Effect.andThen(client.disconnect), Effect.andThen(Scope.close(scope, Exit.void)))
  return { ...client, events, revisions, own, shared, close }
})

const run = Effect.fnUntraced(function* (commands: ReadonlyArray<Command>, persist: boolean) {
  const live = yield* LiveTest
  const principals = yield* Principals.Principals
  const { lives, runs } = yield* Effects
  let who = "ada"
  let page: OpenPage = yield* openPage(who)
  let calls: Array<Call> = []
  let made = 0
  const isLost = { private: false, shared: false }
  let isHidden = false
  for (const command of commands) {
    switch (command._tag) {
      case "Call": {
        const mark = `${command.shared ? "shared" : "private"} ${made++} ${command.action}`
        const call = (command.shared ? page.shared : page.own).call[command.action]({ mark })
        calls.push({ mark, fiber: yield* Effect.forkChild(Effect.exit(call), { startImmediately: true }) })
        break
      }
      case "Nudge":
        yield* lives.get(command.shared ? "shared" : "private")?.nudge ?? Effect.void
        break
      case "Drop":
        yield* page.disconnect
        break
      case "Duplicate":
        yield* page.twice
        break
      case "Delay":
        yield* command.of === "client" ? page.hold : page.stall
        break
      case "Arrive":
        yield* command.of === "client" ? page.unhold : page.unstall
        break
      case "Trickle":
        yield* page.trickle(command.frames)
        break
      case "Reconnect":
        if (!isHidden) yield* page.reconnect
        break
      case "Restart":
        // What is in no store is in a token, which may not have arrived.
        if (command.how === "killed" || !persist) isLost.private = isLost.shared = true
        yield* command.how === "killed" ? live.kill : inTime(live.stop)
        yield* live.start
        break
      case "Advance":
        if (command.millis > 45_000) isLost.private = isLost.shared = true
        yield* TestClock.adjust(command.millis)
        break
      case "Hide":
        isHidden = true
        yield* page.events.hide(true)
        yield* page.settle
        break
      case "Show":
        isHidden = false
        yield* page.events.show
        yield* page.settle
        break
      case "Close":
        yield* page.close
        // Nobody waits for these any more.
        for (const { fiber, mark } of calls) {
          yield* Fiber.interrupt(fiber)
          assert.isAtMost(runs.get(mark) ?? 0, 1, mark)
        }
        calls = []
        isHidden = false
        page = yield* openPage(who)
        if ((yield* page.own.activation) !== "rehydrated") isLost.private = true
        break
      case "SignIn":
        if (who !== command.as) isLost.private = true
        who = command.as
        isHidden = false
        yield* page.signIn(who)
        break
      case "SignOut":
        isLost.private = true
        yield* principals.disconnect({ id: who })
        yield* page.settle
        break
      case "FailToken":
        yield* page.fail({ kind: "token" })
        break
      case "Settle":
        yield* page.settle
        break
    }
  }
  yield* page.fail()
  yield* page.events.show
  yield* page.unhold
  yield* page.unstall
  yield* page.signIn(who)
  // Every slow handler takes its turns, one after the other.
  for (let round = 0; round < calls.length * 3; round++) yield* page.settle
  for (let round = 0; round < 4; round++) yield* Effect.andThen(TestClock.adjust("1 second"), page.settle)

  for (const { fiber, mark } of calls) {
    const outcome = fiber.pollUnsafe()
    const exit = outcome !== undefined && Exit.isSuccess(outcome) ? outcome.value : undefined
    assert.include(possibleRuns(exit), runs.get(mark) ?? 0, `${mark}: ${String(exit)}`)
  }
  for (const [name, handle] of [
    ["private", page.own],
    ["shared", page.shared]
  ] as const) {
    const state = yield* handle.state
    assert.deepStrictEqual(state, yield* lives.get(name)?.get ?? Effect.die("it never lived"), name)
    assert.deepInclude(yield* handle.view, { connected: true, status: "running", error: undefined })
    assert.lengthOf(new Set(state.marks), state.marks.length)
    if (isLost[name]) continue
    const ran = Array.from(runs.keys()).filter((mark) => mark.startsWith(name))
    assert.includeMembers(ran, state.marks.slice())
    assert.includeMembers(
      state.marks.slice(),
      ran.filter((mark) => mark.endsWith("Write"))
    )
  }
  assert.deepStrictEqual(page.revisions.complaints, [])
  // What a closed page has left ends after a while.
  yield* TestClock.adjust("2 minutes")
  yield* page.settle
  assert.isAtMost((yield* live.open).instances, 2)
})

const seed = process.env["FIBRA_SEED"] ?? String(Math.floor(Math.random() * 2 ** 32))
const runs = Number(process.env["FIBRA_RUNS"] ?? 300)

it.effect.prop(
  `client and server agree, and every call ran once or is unknown, in ${runs} runs of seed ${seed}`,
  [Schema.Array(Command).check(Schema.isMinLength(5), Schema.isMaxLength(40)), Schema.Boolean],
  ([commands, persist]) =>
    run(commands, persist).pipe(
      Effect.scoped,
      Effect.provide(
        LiveTest.layer({ components: [SideEffectLog] }).pipe(
          Layer.provide(layerOf(persist)),
          Layer.provide(SnapshotStore.layerMemory),
          Layer.provideMerge(Effects.layer),
          Layer.provideMerge(Principals.layer),
          Layer.provide(config),
          Layer.provide(Logger.layer([]))
        ),
        { local: true }
      )
    ),
  { arbitrary: { runs, seed, size: 40 }, timeout: 240_000 }
)

console.log(`test/live/sync/model.test.ts: ${runs} runs of seed ${seed}; FIBRA_SEED=${seed} repeats them`)
