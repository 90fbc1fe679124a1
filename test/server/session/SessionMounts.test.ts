/** One client has one cursor on one instance, however often and however slowly it mounts it. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Latch } from "effect"
import type { InstanceRef, OnHeld } from "../../../src/server/instance/InstanceRef.ts"
import * as LiveConfig from "../../../src/server/LiveConfig.ts"
import { type MountHost, SessionMounts } from "../../../src/server/session/SessionMounts.ts"

/** References to the lives of one instance, and what was done with them. */
const make = () => {
  const gate = Latch.makeUnsafe(false)
  const done: Array<string> = []
  const note = (what: string) => Effect.sync(() => void done.push(what))
  const life = (epoch: number) =>
    ({
      id: "Lab:1",
      key: undefined,
      epoch,
      subscribe: () => Effect.andThen(gate.await, Effect.as(note(`subscribed ${epoch}`), { epoch })),
      unsubscribe: () => void done.push(`unsubscribed ${epoch}`),
      detach: () => {},
      release: note(`released ${epoch}`),
      snapshot: () => ({})
    }) as unknown as InstanceRef
  let epoch = 1
  const host = {
    instances: {
      mount: (_request: unknown, _principal: unknown, onHeld: OnHeld) =>
        Effect.sync(() => {
          const ref = life(epoch)
          onHeld(ref)
          return ref
        })
    },
    config: LiveConfig.defaults,
    run: Effect.runFork,
    isDraining: () => false
  } as unknown as MountHost
  const feed = { connection: {}, drop: () => {} }
  const mounts = new SessionMounts(host, feed as never)
  const mount = () =>
    Effect.forkChild(
      Effect.callback<Exit.Exit<unknown, unknown>>((resume) => {
        const request = { component: "Lab", version: 1, props: {} }
        mounts.mount(request as never, { answered: (exit) => resume(Effect.succeed(exit)) }, false)
      }),
      { startImmediately: true }
    )
  return { done, gate, mount, mounts, next: () => void epoch++ }
}

describe("a session", () => {
  it.effect("that mounts an instance while it is mounting it has one cursor, and has mounted it twice", () =>
    Effect.gen(function* () {
      const { done, gate, mount, mounts } = make()
      const both = [yield* mount(), yield* mount()]
      yield* gate.open
      for (const answer of both) assert.deepStrictEqual(yield* Fiber.join(answer), Exit.succeed("Lab:1"))
      assert.deepStrictEqual(done, ["subscribed 1", "released 1"])
      assert.isTrue(mounts.has("Lab:1"))
    })
  )

  it.effect("that is closed while it mounts an instance lets go of it", () =>
    Effect.gen(function* () {
      const { done, gate, mount, mounts } = make()
      const mounting = yield* mount()
      yield* mounts.close()
      yield* gate.open
      assert.isTrue(Exit.hasInterrupts(yield* Fiber.join(mounting)))
      assert.deepStrictEqual(done, ["subscribed 1", "unsubscribed 1", "released 1"])
      assert.deepStrictEqual(mounts.ids, [])
    })
  )

  it.effect("that mounts a later life of an instance has left the life before", () =>
    Effect.gen(function* () {
      const { done, gate, mount, mounts, next } = make()
      yield* gate.open
      yield* Fiber.join(yield* mount())
      next()
      yield* Fiber.join(yield* mount())
      assert.deepStrictEqual(done, ["subscribed 1", "unsubscribed 1", "released 1", "subscribed 2"])
      assert.strictEqual(mounts.instance("Lab:1")?.epoch, 2)
    })
  )
})
