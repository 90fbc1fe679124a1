/**
 * What records the messages of an instance. Instances do not know the recorder; they run their handlers with the Clock
 * and the Random that it gives them, and tell it what became of each.
 */
import type * as Effect from "effect/Effect"
import type { Handlers } from "../../actor/Activation.ts"
import type { MessageObserver } from "../../actor/Observer.ts"

/** Any effect of a behaviour. */
type Work<A> = Effect.Effect<A, unknown, unknown>

/** Records one instance. Nothing here throws. */
export interface InstanceRecorder extends MessageObserver {
  /** The handler of the message that has begun, with what is recorded of its surroundings. */
  readonly handle: <A>(handler: Work<A>) => Work<A>
  /** The same for a build, which begins when this is called. */
  readonly build: (build: Work<Handlers>) => Work<Handlers>
  /** The build has ended, and what it changed is published. */
  readonly built: () => void
  /** The instance has stopped. */
  readonly stopped: () => void
}
