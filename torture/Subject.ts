/** The component that is tortured, and the one that stands by: each effect of a call is counted outside of them. */
import { Context, Effect, Layer, Schema } from "effect"
import { Rpc } from "effect/rpc"
import { Component } from "fibra"
import { poisons } from "./Poison.ts"
import type { Weather } from "./Weather.ts"

class Refused extends Schema.TaggedError<Refused>()("Refused", { mark: Schema.String }) {}

const marked = { mark: Schema.String }
const poisoned = { ...marked, kind: Schema.String }

export class Subject extends Component.Service<Subject>()("Subject", {
  props: { who: Schema.String },
  state: {
    marks: Schema.Array(Schema.String),
    list: Schema.Array(Schema.Int),
    bag: Schema.Record(Schema.String, Schema.Int)
  },
  initial: () => ({ marks: [], list: [], bag: {} }),
  actions: [
    Rpc.make("Write", { payload: marked, success: Schema.String }),
    Rpc.make("WriteSlowly", { payload: marked, success: Schema.String }),
    Rpc.make("Guess", { payload: marked, success: Schema.String }),
    Rpc.make("Refuse", { payload: marked, error: Refused }),
    Rpc.make("Throw", { payload: poisoned }),
    Rpc.make("FailWith", { payload: poisoned }),
    Rpc.make("Hang", { payload: marked }),
    Rpc.make("HangHard", { payload: marked }),
    Rpc.make("ChangeInPlace", { payload: marked }),
    Rpc.make("Unencodable", { payload: marked }),
    Rpc.make("Halve", { payload: { ...marked, size: Schema.Int } }),
    Rpc.make("Shout", { payload: marked })
  ],
  optimistic: {
    Guess: (state, { mark }) => ({ ...state, marks: [...state.marks, mark] })
  },
  events: { Shouted: Schema.Struct(marked) },
  presence: { metadata: { name: Schema.String }, initial: () => ({ name: "somebody" }) }
}) {}

export type SubjectState = Component.State<typeof Subject>

/** What happened, whichever server it happened on. */
export class Record extends Context.Service<
  Record,
  {
    readonly weather: Weather
    /** How often the handler of a mark ran. */
    readonly runs: Map<string, number>
    /** The states of the lives that have not ended, by the key or the name of their instance; the latest is last. */
    readonly lives: Map<string, ReadonlyArray<Effect.Effect<SubjectState>>>
  }
>()("torture/Record") {}

export const SubjectLayer = Subject.toLayer(
  Effect.gen(function* () {
    const self = yield* Subject
    const { lives, runs, weather } = yield* Record
    const ran = (mark: string) => Effect.sync(() => void runs.set(mark, (runs.get(mark) ?? 0) + 1))
    const write = (mark: string) =>
      Effect.as(
        self.update((state) => ({ ...state, marks: [...state.marks, mark], bag: { ...state.bag, [mark]: 1 } })),
        mark
      )
    const name = self.key ?? self.props.who
    const state = self.get
    lives.set(name, [...(lives.get(name) ?? []), state])
    // A mount that its client has given up may begin after the one that it has made instead.
    yield* Effect.addFinalizer(() =>
      Effect.sync(() => {
        lives.set(name, lives.get(name)?.filter((life) => life !== state) ?? [])
      })
    )
    yield* Effect.addFinalizer(() => {
      if (weather.finalizer === "hangs") return Effect.never
      if (weather.finalizer === "throws") return Effect.die(poisons["throwingMessage"]?.())
      return Effect.void
    })
    if (weather.background === "ignoresInterruption") {
      yield* Effect.forkScoped(Effect.uninterruptible(Effect.never))
    }
    if (weather.build === "throws") return yield* Effect.die(poisons["revoked"]?.())
    if (weather.build === "hangs") return yield* Effect.never
    if (weather.build === "leavesUnencodable") {
      yield* self.update((state) => ({ ...state, list: [Number.NaN] }))
    }
    return Subject.of({
      Write: ({ mark }) => Effect.andThen(ran(mark), write(mark)),
      WriteSlowly: ({ mark }) =>
        ran(mark).pipe(
          Effect.andThen(Effect.repeat(Effect.yieldNow, { times: 20 })),
          Effect.andThen(Effect.suspend(() => write(mark)))
        ),
      Guess: ({ mark }) => Effect.andThen(ran(mark), write(mark)),
      Refuse: ({ mark }) => Effect.andThen(ran(mark), Effect.fail(new Refused({ mark }))),
      Throw: ({ kind, mark }) =>
        Effect.andThen(
          ran(mark),
          Effect.suspend((): Effect.Effect<void> => {
            throw poisons[kind]?.()
          })
        ),
      FailWith: ({ kind, mark }) => Effect.andThen(ran(mark), Effect.fail(poisons[kind]?.() as never)),
      Hang: ({ mark }) => Effect.andThen(ran(mark), Effect.never),
      HangHard: ({ mark }) => Effect.andThen(ran(mark), Effect.uninterruptible(Effect.never)),
      ChangeInPlace: ({ mark }) =>
        Effect.andThen(
          ran(mark),
          Effect.flatMap(self.get, (state) =>
            Effect.sync(() => {
              const { bag } = state as { bag: { [mark: string]: number } }
              bag[mark] = 1
            })
          )
        ),
      Unencodable: ({ mark }) =>
        Effect.andThen(
          ran(mark),
          self.update((state) => ({ ...state, list: [0.5] }))
        ),
      Halve: ({ mark, size }) =>
        Effect.andThen(
          ran(mark),
          self.update((state) => ({
            ...state,
            list:
              state.list.length === 0
                ? Array.from({ length: size }, (_, index) => index)
                : state.list.filter((_, index) => index % 2 === 0)
          }))
        ),
      Shout: ({ mark }) => Effect.andThen(ran(mark), self.broadcast("Shouted", { mark }))
    })
  }),
  {
    persist: true,
    callTimeout: "20 seconds",
    shutdown: "1 second",
    maxIdleTime: "30 seconds",
    anonymous: true
  }
)

/** Whoever only wants to count, while others are tortured. */
export class Bystander extends Component.Service<Bystander>()("Bystander", {
  state: { count: Schema.Int },
  initial: () => ({ count: 0 }),
  actions: [Rpc.make("Count", { success: Schema.Int })]
}) {}

export const BystanderLayer = Layer.suspend(() =>
  Bystander.toLayer(
    Effect.gen(function* () {
      const self = yield* Bystander
      return Bystander.of({
        Count: () =>
          Effect.map(
            self.update(({ count }) => ({ count: count + 1 })),
            ({ count }) => count
          )
      })
    }),
    { anonymous: true }
  )
)
