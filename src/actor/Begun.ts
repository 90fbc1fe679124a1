// Relies on effect's insides: test/actor/effectInternals.test.ts fails when an upgrade changes them.
/** Effects that are begun at once, without a fiber: what is done then is an Exit, and only the rest has to be run. */
import type * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"

/** Begins an effect. What throws instead of failing has died. */
export const begin = <A, E>(act: () => Effect.Effect<A, E>): Effect.Effect<A, E> => {
  try {
    return act()
  } catch (defect) {
    return Exit.die(defect)
  }
}

/** The success of an effect that is done already. */
export const doneOf = <A, E>(effect: Effect.Effect<A, E>): Exit.Success<A, E> | undefined =>
  Exit.isExit(effect) && Exit.isSuccess(effect) ? (effect as Exit.Success<A, E>) : undefined
