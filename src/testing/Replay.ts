/**
 * Runs a recording as a test: in virtual time, each message of it is handled by the behaviour of the test, on the state
 * and at the time that it was handled then, with the same random numbers and the same caller. What it does now is
 * compared with what it did.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Scheduler from "effect/Scheduler"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import type * as Component from "../Component.ts"
import * as LiveConfig from "../server/LiveConfig.ts"
import * as ComponentDefinition from "../server/instance/ComponentDefinition.ts"
import * as Recording from "../server/monitor/Recording.ts"
import * as Rooms from "../server/room/Rooms.ts"
import * as RightsInForce from "../server/security/RightsInForce.ts"
import type { ReplayError } from "./ReplayError.ts"
import type { Stage } from "./ReplayInstance.ts"
import { ReplayPlayer } from "./ReplayPlayer.ts"
import type { Replay, ReplayOptions } from "./ReplayResult.ts"

/** Replays a recording: the JSON of it, as a value or as a text. */
export const replay = <C extends Component.Typed>(
  component: C,
  recording: unknown,
  options: ReplayOptions = {}
): Effect.Effect<Replay<Component.State<C>>, ReplayError, Component.Requirement<C>> =>
  Effect.gen(function* () {
    const decoded = yield* Recording.fromJson(recording)
    yield* check(component, decoded)
    const player = new ReplayPlayer(decoded, yield* stageOf(component), options)
    yield* player.run
    return player.result as Replay<Component.State<C>>
  }).pipe(Effect.scoped, Effect.provide(Layer.fresh(TestClock.layer())))

const check = (
  { componentName, version }: Component.Any,
  recording: Recording.Recording
): Effect.Effect<void, Recording.RecordingRejected> => {
  if (recording.component === componentName && recording.version === version) return Effect.void
  const issue = `it is of "${recording.component}", version ${recording.version}, and this is "${componentName}", version ${version}`
  return Effect.fail(new Recording.RecordingRejected({ issue }))
}

/** The component with the behaviour of the test, on the clock of the replay. */
const stageOf = Effect.fnUntraced(function* (component: Component.Any) {
  const outside = Context.omit(Scope.Scope)(yield* Effect.context<Scope.Scope>())
  const behavior = Context.getUnsafe(outside, component.behavior)
  const definition = ComponentDefinition.make(component, behavior, outside, LiveConfig.defaults)
  const context = definition.context.pipe(
    // The behaviour was given those of the test.
    Context.add(Clock.Clock, Context.get(outside, Clock.Clock)),
    Context.add(Scheduler.Scheduler, Context.get(outside, Scheduler.Scheduler))
  )
  const rooms = yield* Effect.provideService(
    Layer.build(Layer.fresh(Rooms.layer)),
    RightsInForce.Override,
    RightsInForce.none
  )
  const stage: Stage = {
    // The events that it heard in its rooms are in the recording.
    definition: { ...definition, context, hears: new Set() },
    config: yield* LiveConfig.LiveConfig,
    rooms: Context.get(rooms, Rooms.Rooms)
  }
  return stage
})
