/** Asks an actor in process, in a loop inside one Effect: through mailbox and handler with a state change, and back. */
import * as Effect from "effect/Effect"
import { Actor } from "../src/actor/index.ts"
import * as ipc from "./ipc.ts"

const Counter = Actor.make("Counter", {
  initial: { count: 0 },
  build: (self) =>
    Effect.succeed({
      Increment: ({ by }: { readonly by: number }) => self.update(({ count }) => ({ count: count + by }))
    })
})

const round = Effect.fnUntraced(function* (times: number) {
  const counter = yield* Actor.spawn(Counter)
  const start = performance.now()
  for (let index = 0; index < times; index++) yield* counter.ask("Increment", { by: 1 })
  const micros = (performance.now() - start) * 1000
  const { count } = yield* counter.state
  if (count !== times)
    return yield* Effect.die(new Error(`${times} asks were answered, and ${count} changed the state.`))
  return micros / times
}, Effect.scoped)

const answers = {
  /** Microseconds per ask. */
  ask: (times: number) => Effect.runPromise(round(times))
}

/** What this process can be asked. */
export type Answers = typeof answers

ipc.answer(answers)
