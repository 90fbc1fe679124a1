// #region behavior
import { DateTime, Effect, Option, Schedule } from "effect"
import { Clock, UnknownZone } from "./Clock.ts"

export const ClockLayer = Clock.toLayer(
  Effect.gen(function* () {
    const self = yield* Clock
    const tick = Effect.flatMap(DateTime.now, (now) => self.update((state) => ({ ...state, now })))
    // Lives as long as this instance: a restart starts it anew, an unmount ends it.
    yield* tick.pipe(Effect.repeat(Schedule.spaced("1 second")), Effect.forkScoped)
    return Clock.of({
      SetZone: Effect.fn("Clock.SetZone")(function* ({ zone }) {
        if (Option.isNone(DateTime.zoneMakeNamed(zone))) return yield* new UnknownZone({ zone })
        yield* self.update((state) => ({ ...state, zone }))
      })
    })
  })
)
// #endregion behavior
