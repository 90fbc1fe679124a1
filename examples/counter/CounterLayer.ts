// #region behavior
import { Effect } from "effect"
import { Counter, LimitReached } from "./Counter.ts"

const max = 100

export const CounterLayer = Counter.toLayer(
  Effect.gen(function* () {
    const self = yield* Counter // this instance: id, props, get, set, update, changes, broadcast
    return Counter.of({
      Increment: Effect.fn("Counter.Increment")(function* ({ by }) {
        const { count } = yield* self.get
        if (count + by > max) return yield* new LimitReached({ max })
        const next = yield* self.update((state) => ({ count: state.count + by }))
        if (next.count % 10 === 0) yield* self.broadcast("Milestone", { count: next.count })
        return next.count
      }),
      Reset: () => self.set({ count: 0 })
    })
  }),
  { persist: true } // in the SnapshotStore, which is the memory of the process unless another is provided
)
// #endregion behavior
