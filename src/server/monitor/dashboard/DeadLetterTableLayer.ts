/** Shows the messages that were dropped. */
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import type * as Component from "../../../Component.ts"
import { DeadLetterTable } from "../../../dashboard/DeadLetterTable.ts"
import { DashboardSource } from "./DashboardSource.ts"
import { refresh } from "./Live.ts"

/** Letters that are shown, the latest. */
const maxShown = 100

/** The dead letters. */
export const layer: Layer.Layer<
  Component.BehaviorOf<DeadLetterTable>,
  never,
  DashboardSource
> = DeadLetterTable.toLayer(
  Effect.gen(function* () {
    const self = yield* DeadLetterTable
    const { letters } = yield* DashboardSource
    let known = -1
    yield* refresh(
      Effect.flatMap(letters.count(), (total) => {
        if (total === known) return Effect.void
        known = total
        return Effect.flatMap(letters.recent, (recent) =>
          self.set({
            total,
            rows: recent
              .slice(-maxShown)
              .reverse()
              .map(({ shape, ...letter }) => ({ ...letter, shape: JSON.stringify(shape) }))
          })
        )
      })
    )
    return DeadLetterTable.of({})
  })
)
