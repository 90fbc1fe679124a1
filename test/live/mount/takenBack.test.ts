/** A client that leaves while it is being answered: whatever was found or started for it is released, at whatever moment it leaves. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Scheduler } from "effect"
import { TestClock } from "effect/testing"
import { settle, wires } from "../../support/Album.ts"
import { MemoryWires } from "../../support/MemoryWires.ts"

/** More turns than a mount takes. */
const turns = 60

/** Mounts it and leaves, after each number of turns; returns how many instances are left. */
const leaveAtEach = (payload: object) =>
  Effect.gen(function* () {
    const { connect, instances } = yield* MemoryWires
    for (let turn = 0; turn < turns; turn++) {
      const connection = connect("rpc")
      const mount = { component: "Album", props: {}, ...payload }
      connection.send({ _tag: "Request", id: "1", tag: "Mount", payload: mount, headers: [] })
      for (let waited = 0; waited < turn; waited++) yield* Effect.yieldNow
      connection.send({ _tag: "Eof" })
      connection.drop()
      yield* settle
    }
    // A shared one stays for its idle time.
    yield* TestClock.adjust("1 hour")
    yield* settle
    return yield* instances
  })

describe("a client that leaves while it mounts", () => {
  for (const [kind, payload] of [
    ["a private", {}],
    ["a private, in a room,", { room: "hall" }],
    ["a shared", { key: "wall" }]
  ] as const) {
    it.effect(`${kind} instance leaves nothing, at whatever moment`, () =>
      Effect.gen(function* () {
        // Fibers yield after so many steps, so that each place where they can be interrupted is one where they are.
        for (const steps of [3, 5, 8]) {
          const left = leaveAtEach(payload).pipe(Effect.provide(wires(), { local: true }))
          const inSteps = Effect.provideService(left, Scheduler.MaxOpsBeforeYield, steps)
          assert.strictEqual(yield* inSteps, 0, `${steps} steps at a time`)
        }
      })
    )
  }
})
