/** What the health of an instance is judged by. It is read for all instances at once, and so has few numbers. */
import * as Duration from "effect/Duration"
import type { InstanceStatus } from "../../LiveProtocol.ts"
import type { InstanceActor } from "./InstanceActor.ts"
import type { Recently } from "./Tally.ts"

/** The vital signs of an instance. Times are in milliseconds. */
export interface Vitals {
  readonly status: InstanceStatus
  readonly recently: Pick<Recently, "actions" | "crashes" | "renders" | "slow" | "restarts">
  /** How long the oldest message has waited; 0 when none waits. */
  readonly waiting: number
  /** How long the handler of a message has run, and how long it may; 0 when none runs. */
  readonly running: number
  readonly mayRun: number
}

const nothing: Vitals["recently"] = { actions: 0, crashes: 0, renders: 0, slow: 0, restarts: 0 }

/** The vital signs of an instance. `age` is that of the server in milliseconds, `micros` its other clock. */
export const of = (
  { handlerTimeout, instance }: InstanceActor,
  { age, micros }: { readonly age: number; readonly micros: number }
): Vitals => {
  const { cell, clientStatus: status, statsIfAny } = instance
  const { current, oldest } = cell
  return {
    status,
    recently: statsIfAny?.recently(age) ?? nothing,
    waiting: oldest === undefined ? 0 : (micros - oldest.queuedAt) / 1000,
    running: current === undefined || current.begunAt === 0 ? 0 : (micros - current.begunAt) / 1000,
    mayRun: Duration.toMillis(handlerTimeout)
  }
}
