/** A component whose handlers depend on everything that a recording has to give back: time, chance, caller, state, life. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as Rpc from "effect/rpc/Rpc"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import { Component } from "../../src/index.ts"

/** A typed error. */
class Unlucky extends Schema.TaggedError<Unlucky>()("Unlucky", { dice: Schema.Int }) {}

const Roll = Schema.Struct({ dice: Schema.Int, at: Schema.Number, by: Schema.NullOr(Schema.String) })

/** Rolls dice. */
export class Dice extends Component.Service<Dice>()("Dice", {
  props: { pin: Component.secret(Schema.String) },
  state: {
    rolls: Schema.Array(Roll),
    note: Schema.String,
    token: Component.secret(Schema.String),
    ticks: Schema.Int,
    heard: Schema.Int,
    lives: Schema.Array(Schema.Number)
  },
  initial: ({ pin }) => ({ rolls: [], note: "", token: `${pin}-token`, ticks: 0, heard: 0, lives: [] }),
  writable: ["note"],
  actions: [
    Rpc.make("Roll", { success: Schema.Int, error: Unlucky }),
    Rpc.make("RollLater", { payload: { millis: Schema.Int }, success: Schema.Int }),
    Rpc.make("Crash", { payload: { words: Schema.String } }),
    Rpc.make("SetToken", {
      payload: { token: Component.secret(Schema.String), label: Schema.String },
      success: Component.secret(Schema.String)
    }),
    Rpc.make("Deny", { payload: { token: Component.secret(Schema.String) }, error: Schema.String }),
    Rpc.make("Leak", { payload: { token: Component.secret(Schema.String) } }),
    Rpc.make("Count", { success: Schema.Int }),
    Rpc.make("Id", { success: Schema.String })
  ],
  events: { Rolled: Schema.Struct({ dice: Schema.Int }) }
}) {}

/** What a changed handler does otherwise. */
export interface DiceChanges {
  /** Sides of the dice. */
  readonly sides?: number
  readonly mended?: boolean
  readonly result?: number
}

/** Its behaviour. */
export const diceLayer = ({ mended = false, result = 0, sides = 6 }: DiceChanges = {}) =>
  Dice.toLayer(
    Effect.gen(function* () {
      const self = yield* Dice
      let calls = 0
      const life = yield* Random.nextIntBetween(0, 1_000_000)
      yield* self.update((state) => ({ ...state, lives: [...state.lives.slice(-2), life + self.activation] }))
      yield* self
        .update((state) => ({ ...state, ticks: state.ticks + 1 }))
        .pipe(Effect.delay("7 seconds"), Effect.repeat(Schedule.forever), Effect.forkScoped)
      const roll = Effect.fnUntraced(function* (by: string | null) {
        const dice = yield* Random.nextIntBetween(1, sides + 1)
        const at = yield* Clock.currentTimeMillis
        yield* self.update((state) => ({ ...state, rolls: [...state.rolls.slice(-9), { dice, at, by }] }))
        return dice
      })
      return Dice.of({
        Roll: Effect.fnUntraced(function* (_, { principal }) {
          const dice = yield* roll(principal?.id ?? null)
          if (dice === 1) return yield* new Unlucky({ dice })
          yield* Effect.orDie(self.broadcast("Rolled", { dice }))
          return dice
        }),
        RollLater: Effect.fnUntraced(function* ({ millis }) {
          yield* roll("before")
          yield* Effect.sleep(millis)
          return yield* roll("after")
        }),
        Crash: Effect.fnUntraced(function* ({ words }) {
          yield* roll("crashed")
          if (!mended) return yield* Effect.die(new Error(`It broke at ${words}`))
        }),
        SetToken: ({ label, token }) =>
          Effect.as(
            self.update((state) => ({ ...state, token, note: label })),
            token
          ),
        Deny: ({ token }) => Effect.fail(`Not with ${token}`),
        Leak: ({ token }) => Effect.die(new Error(`Bad token ${token}`)),
        Count: () => Effect.sync(() => ++calls + result),
        Id: () => Effect.succeed(self.id),
        on: { Rolled: ({ dice }) => self.update((state) => ({ ...state, heard: state.heard + dice })) }
      })
    }),
    { restart: { intensity: 1000 }, callTimeout: "20 seconds" }
  )
