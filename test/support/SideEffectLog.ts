/** A component whose every effect is counted outside of it, so that a test knows what ran and how often. */
import { Context, Effect, Layer, Schema } from "effect"
import { Rpc } from "effect/rpc"
import { Component } from "fibra"

class Refused extends Schema.TaggedError<Refused>()("Refused", { mark: Schema.String }) {}

const payload = { mark: Schema.String }

export class SideEffectLog extends Component.Service<SideEffectLog>()("SideEffectLog", {
  state: { marks: Schema.Array(Schema.String), nudges: Schema.Int },
  initial: () => ({ marks: [], nudges: 0 }),
  actions: [
    Rpc.make("Write", { payload, success: Schema.String }),
    Rpc.make("WriteSlowly", { payload, success: Schema.String }),
    Rpc.make("Refuse", { payload, error: Refused })
  ],
  events: { Nudged: Schema.Struct({ nudges: Schema.Int }) }
}) {}

type State = Component.State<typeof SideEffectLog>

/** What happened, whichever server it happened on. */
export class Effects extends Context.Service<
  Effects,
  {
    /** How often the handler of a mark ran. */
    readonly runs: Map<string, number>
    /** The state of the latest life of an instance, and how to change it from outside. */
    readonly lives: Map<string, { readonly get: Effect.Effect<State>; readonly nudge: Effect.Effect<void> }>
  }
>()("test/Effects") {
  static readonly layer = Layer.sync(Effects, () => ({ runs: new Map(), lives: new Map() }))
}

const build = Effect.gen(function* () {
  const self = yield* SideEffectLog
  const { lives, runs } = yield* Effects
  const ran = (mark: string) => Effect.sync(() => void runs.set(mark, (runs.get(mark) ?? 0) + 1))
  const write = (mark: string) =>
    Effect.as(
      self.update((state) => ({ ...state, marks: [...state.marks, mark] })),
      mark
    )
  lives.set(self.key ?? "private", {
    get: self.get,
    nudge: Effect.andThen(
      self.update((state) => ({ ...state, nudges: state.nudges + 1 })),
      ({ nudges }) => Effect.orDie(self.broadcast("Nudged", { nudges }))
    )
  })
  return SideEffectLog.of({
    Write: ({ mark }) => Effect.andThen(ran(mark), write(mark)),
    WriteSlowly: ({ mark }) =>
      ran(mark).pipe(
        Effect.andThen(Effect.repeat(Effect.yieldNow, { times: 20 })),
        Effect.andThen(Effect.suspend(() => write(mark)))
      ),
    Refuse: ({ mark }) => Effect.andThen(ran(mark), Effect.fail(new Refused({ mark })))
  })
})

/** Its state is kept in the store, or only in the tokens of its clients. */
export const layerOf = (persist: boolean) => SideEffectLog.toLayer(build, { persist })

export const SideEffectLogLayer = layerOf(true)
