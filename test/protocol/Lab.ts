/** Components that go wrong on request, for the refusals which a well-behaved component cannot provoke. */
import { Effect, Layer, Option, Schema } from "effect"
import { Rpc } from "effect/rpc"
import { Component, Upload } from "fibra"
import { SnapshotStore } from "fibra/server"

const room = { room: Schema.String }

/** Goes wrong in many ways. */
class Lab extends Component.Service<Lab>()("Lab", {
  state: {
    count: Schema.Int,
    label: Schema.String.check(Schema.isMaxLength(8)),
    note: Schema.NullOr(Schema.String),
    text: Schema.String
  },
  initial: () => ({ count: 0, label: "", note: "", text: "" }),
  writable: ["label", "note"],
  actions: [
    Rpc.make("Add", { success: Schema.Int }),
    Rpc.make("Crash"),
    Rpc.make("Hang"),
    Rpc.make("Pause", { success: Schema.String }),
    Rpc.make("Fail", { error: Schema.String }),
    Rpc.make("Lie", { success: Schema.Int }),
    Rpc.make("Fill", { payload: { length: Schema.Int } }),
    Rpc.make("Join", { payload: room }),
    Rpc.make("Say", { payload: { words: Schema.String } }),
    Rpc.make("SayIn", { payload: { ...room, words: Schema.String } })
  ],
  events: { Said: Schema.Struct({ words: Schema.NonEmptyString }) },
  uploads: { note: Upload.policy({ maxFileSize: 16, accept: [".txt"] }) }
}) {}

const LabLayer = Lab.toLayer(
  Effect.gen(function* () {
    const self = yield* Lab
    return Lab.of({
      Add: () =>
        Effect.map(
          self.update((state) => ({ ...state, count: state.count + 1 })),
          ({ count }) => count
        ),
      Crash: () =>
        Effect.andThen(
          self.update((state) => ({ ...state, count: -1 })),
          Effect.die(new Error("as it was asked to"))
        ),
      Hang: () => Effect.never,
      Pause: () =>
        self
          .update((state) => ({ ...state, text: "pausing" }))
          .pipe(Effect.andThen(Effect.sleep("300 millis")), Effect.as("paused")),
      Fail: () => Effect.fail("just a text"),
      Lie: () => Effect.succeed(0.5),
      Fill: ({ length }) => Effect.asVoid(self.update((state) => ({ ...state, text: "x".repeat(length) }))),
      Join: ({ room }) => self.join(room),
      Say: ({ words }) => self.broadcast("Said", { words }),
      SayIn: ({ room, words }) => self.broadcast("Said", { words }, { room }),
      uploads: {
        note: ({ name, size }) =>
          name === "spam.txt"
            ? Upload.refuse("spam is not taken")
            : self.update((state) => ({ ...state, text: `${name}, ${size} bytes` }))
      }
    })
  }),
  { mailboxCapacity: 2, restart: { intensity: 2 } }
)

/** A call may take a tenth of a second here. */
class Hasty extends Component.Service<Hasty>()("Hasty", {
  state: {},
  initial: () => ({}),
  actions: [Rpc.make("Hang")]
}) {}

const HastyLayer = Hasty.toLayer({ Hang: () => Effect.never }, { callTimeout: "100 millis" })

/** Cannot be built. */
class Broken extends Component.Service<Broken>()("Broken", { state: {}, initial: () => ({}) }) {}

const BrokenLayer = Broken.toLayer(Effect.die(new Error("the build failed")))

/** What is stored of it cannot be read. */
class Lost extends Component.Service<Lost>()("Lost", { state: {}, initial: () => ({}) }) {}

const LostLayer = Lost.toLayer({}, { persist: true })

const store = Layer.effect(
  SnapshotStore.SnapshotStore,
  Effect.map(Effect.service(SnapshotStore.SnapshotStore), (store) => ({
    ...store,
    read: (address: string) =>
      address.includes("Lost")
        ? Effect.fail(new SnapshotStore.SnapshotStoreError({ address, operation: "read", cause: "it was lost" }))
        : Effect.succeed(Option.none())
  }))
).pipe(Layer.provide(SnapshotStore.layerMemory))

export const components = [Lab, Hasty, Broken, Lost] as const

export const layer = Layer.mergeAll(LabLayer, HastyLayer, BrokenLayer, LostLayer, store)
