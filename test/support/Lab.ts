/** Components that do on request whatever a component can do, for the tests of the runtime. */
import { Context, Effect, Latch, Layer, Schedule, Schema } from "effect"
import { Rpc } from "effect/rpc"
import { Component } from "fibra"

class TooMuch extends Schema.TaggedError<TooMuch>()("TooMuch", { max: Schema.Int }) {}

const Item = Schema.Struct({ id: Schema.Int, text: Schema.String })

export class Lab extends Component.Service<Lab>()("Lab", {
  props: { start: Schema.Int },
  state: { count: Schema.Int, label: Schema.String, items: Schema.Array(Item), at: Schema.DateTimeUtcFromMillis },
  initial: ({ start }) => ({
    count: start,
    label: "",
    items: [],
    at: Schema.decodeSync(Schema.DateTimeUtcFromMillis)(0)
  }),
  actions: [
    Rpc.make("Add", { payload: { by: Schema.Int }, success: Schema.Int, error: TooMuch }),
    Rpc.make("Crash"),
    Rpc.make("Hang"),
    Rpc.make("Wait", { success: Schema.String }),
    Rpc.make("WaitAndCrash"),
    Rpc.make("Spoil"),
    Rpc.make("Lie", { success: Schema.Int }),
    Rpc.make("Circle", { success: Schema.Any }),
    Rpc.make("Announce", { payload: { text: Schema.String } }),
    Rpc.make("Fill", { payload: { count: Schema.Int } }).annotate(Component.Idempotent, true),
    Rpc.make("Prepend", { payload: { text: Schema.String } }),
    Rpc.make("Burst", { payload: { times: Schema.Int } })
  ],
  events: { Announced: Schema.Struct({ text: Schema.String }) }
}) {}

/** What a test and a handler share. */
export class Gate extends Context.Service<Gate, { readonly latch: Latch.Latch; interrupted: number; built: number }>()(
  "test/Gate"
) {
  static readonly layer = Layer.sync(Gate, () => ({ latch: Latch.makeUnsafe(false), interrupted: 0, built: 0 }))
}

const LabLayer = Lab.toLayer(
  Effect.gen(function* () {
    const self = yield* Lab
    const gate = yield* Gate
    gate.built++
    return Lab.of({
      Add: Effect.fnUntraced(function* ({ by }) {
        const { count } = yield* self.get
        if (count + by > 100) return yield* new TooMuch({ max: 100 })
        return (yield* self.update((state) => ({ ...state, count: state.count + by }))).count
      }),
      Crash: () =>
        Effect.andThen(
          self.update((state) => ({ ...state, label: "poisoned" })),
          Effect.die(new Error("the poison worked"))
        ),
      Hang: () => Effect.onInterrupt(Effect.never, () => Effect.sync(() => void gate.interrupted++)),
      Wait: Effect.fnUntraced(function* () {
        yield* self.update((state) => ({ ...state, label: "waiting" }))
        yield* gate.latch.await
        yield* self.update((state) => ({ ...state, label: "done" }))
        return "waited"
      }),
      WaitAndCrash: Effect.fnUntraced(function* () {
        yield* self.update((state) => ({ ...state, label: "doomed" }))
        yield* gate.latch.await
        return yield* Effect.die(new Error("the wait was in vain"))
      }),
      Spoil: () => self.update((state) => ({ ...state, count: 0.5 })).pipe(Effect.asVoid),
      Lie: () => Effect.succeed(0.5),
      Circle: () =>
        Effect.sync(() => {
          const circle: { self?: unknown } = {}
          circle.self = circle
          return circle
        }),
      Announce: ({ text }) => self.broadcast("Announced", { text }),
      Fill: ({ count }) =>
        self
          .update((state) => ({
            ...state,
            items: Array.from({ length: count }, (_, id) => ({ id, text: `item ${id}` }))
          }))
          .pipe(Effect.asVoid),
      Prepend: ({ text }) =>
        self.update((state) => ({ ...state, items: [{ id: -1, text }, ...state.items] })).pipe(Effect.asVoid),
      Burst: ({ times }) =>
        self
          .update((state) => ({ ...state, count: state.count + 1 }))
          .pipe(Effect.andThen(Effect.yieldNow), Effect.repeat({ times: times - 1 }), Effect.asVoid)
    })
  }),
  { maxIdleTime: "5 minutes", mailboxCapacity: 8 }
)

/** Counts seconds in the background. */
export class Ticker extends Component.Service<Ticker>()("Ticker", {
  state: { seconds: Schema.Int },
  initial: () => ({ seconds: 0 }),
  actions: [Rpc.make("Break")]
}) {}

const TickerLayer = Ticker.toLayer(
  Effect.gen(function* () {
    const self = yield* Ticker
    const broken = Latch.makeUnsafe(false)
    yield* self
      .update(({ seconds }) => ({ seconds: seconds + 1 }))
      .pipe(Effect.schedule(Schedule.spaced("1 second")), Effect.forkScoped)
    yield* Effect.forkScoped(Effect.andThen(broken.await, Effect.die(new Error("the background broke"))))
    return Ticker.of({ Break: () => Effect.asVoid(broken.open) })
  })
)

/** Cannot be built. */
export class Broken extends Component.Service<Broken>()("Broken", {
  state: { never: Schema.Int },
  initial: () => ({ never: 0 })
}) {}

const BrokenLayer = Broken.toLayer(Effect.die(new Error("the build failed")))

/** A handler may take ten seconds here. */
export class Hasty extends Component.Service<Hasty>()("Hasty", {
  state: { calls: Schema.Int },
  initial: () => ({ calls: 0 }),
  actions: [Rpc.make("Hang"), Rpc.make("Call", { success: Schema.Int })]
}) {}

const HastyLayer = Hasty.toLayer(
  Effect.gen(function* () {
    const self = yield* Hasty
    return Hasty.of({
      Hang: () => Effect.never,
      Call: () =>
        Effect.map(
          self.update(({ calls }) => ({ calls: calls + 1 })),
          ({ calls }) => calls
        )
    })
  }),
  { callTimeout: "10 seconds" }
)

/** In no server's list. */
export class Unlisted extends Component.Service<Unlisted>()("Unlisted", {
  state: { nothing: Schema.Int },
  initial: () => ({ nothing: 0 })
}) {}

export const components = [Lab, Ticker, Broken, Hasty] as const

export const behaviors = Layer.mergeAll(LabLayer, TickerLayer, BrokenLayer, HastyLayer).pipe(
  Layer.provideMerge(Gate.layer)
)
