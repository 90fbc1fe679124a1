/** Records the dice: sends commands to one instance of them in virtual time. */
import { Effect, Fiber, Layer, Logger, Option, Schema } from "effect"
import { TestClock } from "effect/testing"
import type { LiveHandle } from "fibra/client"
import { Recorder } from "fibra/server"
import { LiveTest } from "fibra/testing"
import { Dice, diceLayer } from "./Dice.ts"

/** A call, or the passing of time. */
export const Command = Schema.Union([
  Schema.TaggedStruct("Roll", {}),
  Schema.TaggedStruct("RollLater", { millis: Schema.Literals([1, 900, 30_000]) }),
  Schema.TaggedStruct("Crash", {}),
  Schema.TaggedStruct("Leak", {}),
  Schema.TaggedStruct("SetToken", {}),
  Schema.TaggedStruct("Deny", {}),
  Schema.TaggedStruct("Count", {}),
  Schema.TaggedStruct("Cancel", {}),
  Schema.TaggedStruct("Wait", { millis: Schema.Literals([1, 333, 20_000]) })
])
export type Command = typeof Command.Type

/** What no recording may have in it. */
export const secretValues = ["1234-pin", "s3cr3t-token", "s3cr3t-claim"]

/** Values for a replay in place of them. */
export const secrets = {
  "props.pin": "a pin",
  "state.token": "a token",
  "SetToken.token": "a token",
  "Leak.token": "a token",
  "Deny.token": "a token",
  "claims.session": "a session"
}

/** A client of the dice. */
export type DiceHandle = LiveHandle<typeof Dice>

/** Sends a command, and lets time pass until it is answered. */
export const run = Effect.fnUntraced(function* ({ call }: Pick<DiceHandle, "call">, command: Command) {
  const live = yield* LiveTest
  const answer = (): Effect.Effect<unknown, unknown> => {
    switch (command._tag) {
      case "RollLater":
        return call.RollLater({ millis: command.millis })
      case "Crash":
        return call.Crash({ words: "a stone" })
      case "Leak":
        return call.Leak({ token: "s3cr3t-token" })
      case "Deny":
        return call.Deny({ token: "s3cr3t-token" })
      case "SetToken":
        return call.SetToken({ token: "s3cr3t-token", label: "set" })
      case "Cancel":
        return Effect.timeout(call.RollLater({ millis: 5000 }), "1 second")
      case "Wait":
        return Effect.sleep(command.millis)
      case "Roll":
        return call.Roll()
      case "Count":
        return call.Count()
    }
  }
  const running = yield* Effect.forkChild(Effect.exit(answer()), { startImmediately: true })
  yield* live.settle
  for (let waited = 0; running.pollUnsafe() === undefined && waited < 60; waited++) {
    yield* TestClock.adjust("1 second")
    yield* live.settle
  }
  return yield* Fiber.join(running)
})

/** A server with dice, and a client with claims. */
export const server = (options: Recorder.RecorderOptions) =>
  LiveTest.layer({
    components: [Dice],
    principal: { id: "ada", claims: { role: "lead", session: "s3cr3t-claim" } }
  }).pipe(
    Layer.provide(diceLayer()),
    Layer.provideMerge(Recorder.layer({ claims: ["role"], ...options })),
    Layer.provide(Logger.layer([]))
  )

/** The dice of the first client. */
export const mount = Effect.flatMap(LiveTest, (live) => live.mount(Dice, { props: { pin: "1234-pin" } }))

/** The recording of one instance that gets these commands, as JSON. */
export const record = (commands: ReadonlyArray<Command>, options: Recorder.RecorderOptions = {}) =>
  Effect.gen(function* () {
    const dice = yield* mount
    for (const command of commands) yield* run(dice, command)
    const recorder = yield* Recorder.Recorder
    const [info] = yield* recorder.list
    return JSON.stringify(Option.getOrThrow(yield* recorder.get(info?.id ?? "")))
  }).pipe(Effect.scoped, Effect.provide(server({ components: [Dice], ...options }), { local: true }))
