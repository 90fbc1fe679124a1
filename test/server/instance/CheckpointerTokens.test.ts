/** Whose state goes into a token, when, and what is written to the store instead. */
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Exit, Logger, type Scope } from "effect"
import { TestClock } from "effect/testing"
import { Checkpoint } from "../../../src/server/instance/Checkpoint.ts"
import { Checkpointer } from "../../../src/server/instance/Checkpointer.ts"
import type { Json } from "../../../src/Patch.ts"
import type { Instance } from "../../../src/server/instance/Instance.ts"
import type { StateWriter } from "../../../src/server/instance/StateWriter.ts"
import * as LiveConfig from "../../../src/server/LiveConfig.ts"
import type { Contents } from "../../../src/server/security/StateToken.ts"

const tokenInterval = Duration.seconds(2)

interface Options {
  readonly key?: string
  readonly presence?: Json
  readonly principal?: string
  readonly persist?: boolean
  readonly hasView?: boolean
  readonly isRead?: boolean
  readonly props?: Exit.Exit<unknown, string>
  /** Whether a token of these contents can be made. */
  readonly fits?: (contents: Contents) => boolean
}

/** A checkpointer, one instance, and what was done with them. */
const make = Effect.fnUntraced(function* (options: Options = {}) {
  const { fits = () => true, hasView, isRead = true, key, persist = false, presence, principal } = options
  const done: Array<string> = []
  const warnings: Array<string> = []
  const seals: Array<{ readonly contents: Contents; readonly now: number; readonly encrypt: boolean | undefined }> = []
  const tokens = {
    seal: () => Effect.undefined,
    open: () => Effect.never,
    sealUnsafe: (contents: Contents, now: number, encrypt?: boolean) => {
      seals.push({ contents, now, encrypt })
      return fits(contents) ? `token ${contents.serial} of ${contents.revision}` : undefined
    }
  }
  const states = {
    mark: () => void done.push("mark"),
    now: () => void done.push("now"),
    replaced: (address: string) => void done.push(`replaced ${address}`),
    stopped: () => Effect.sync(() => void done.push("stopped")),
    unstored: (address: string) => (done.push(`unstored ${address}`), instance),
    close: Effect.sync(() => void done.push("close")),
    flush: Effect.sync(() => void done.push("flush"))
  } as unknown as StateWriter
  const checkpoint = new Checkpoint(4, "first", presence)
  const definition = {
    persist,
    view: hasView === true ? {} : undefined,
    component: {
      componentName: "Cart",
      version: 3,
      codec: { encodeProps: () => options.props ?? Exit.succeed({ shop: "books" }) }
    }
  }
  const fields = {
    address: "Cart",
    id: "k3",
    key,
    principal: principal === undefined ? undefined : { id: principal },
    props: {},
    epoch: 4,
    revision: 1,
    encoded: { total: 12 },
    isRead,
    checkpoint,
    definition,
    sealed: (token: string) => void (checkpoint.sealed(), done.push(token))
  }
  const instance = fields as unknown as Instance
  const logger = Logger.make(({ message }) => void warnings.push(String(message)))
  const context = yield* Effect.context<Scope.Scope>()
  const config = { ...LiveConfig.defaults, tokenInterval, maxTokenLength: 100 }
  const checkpointer = new Checkpointer(states, tokens, config, context)
  return { checkpointer, done, fields, instance, logger, seals, warnings }
})

const later = TestClock.adjust(tokenInterval)

describe("the state of a private instance", () => {
  it.effect("goes to its client within the interval, once for all changes", () =>
    Effect.gen(function* () {
      const { checkpointer, done, fields, instance } = yield* make()
      checkpointer.keep(instance)
      fields.revision = 2
      checkpointer.keep(instance)
      assert.deepStrictEqual(done, [])
      yield* later
      assert.deepStrictEqual(done, ["token 1 of 2"])
      yield* later
      assert.lengthOf(done, 1)
      checkpointer.keep(instance)
      yield* later
      assert.deepStrictEqual(done, ["token 1 of 2", "token 2 of 2"])
    })
  )

  it.effect("goes to its client at once when that is asked for, and not again for the same change", () =>
    Effect.gen(function* () {
      const { checkpointer, done, instance } = yield* make()
      checkpointer.keep(instance)
      yield* checkpointer.seal(instance)
      assert.deepStrictEqual(done, ["token 1 of 1"])
      yield* later
      assert.lengthOf(done, 1)
    })
  )

  it.effect("says all that a token has to say", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(5000)
      const { checkpointer, instance, seals } = yield* make({ principal: "ada", presence: { mood: "calm" } })
      yield* checkpointer.seal(instance)
      const contents = {
        principal: "ada",
        component: "Cart",
        version: 3,
        instance: "k3",
        epoch: 4,
        revision: 1,
        serial: 1,
        props: { shop: "books" },
        state: { total: 12 },
        presence: { mood: "calm" }
      }
      assert.deepStrictEqual(seals, [{ contents, now: 5000, encrypt: undefined }])
    })
  )

  it.effect("is nobody's for an anonymous client, and secret where a view hides some of it", () =>
    Effect.gen(function* () {
      const { checkpointer, instance, seals } = yield* make({ hasView: true })
      yield* checkpointer.seal(instance)
      assert.deepStrictEqual([seals[0]?.contents.principal, seals[0]?.encrypt], [null, true])
    })
  )

  it.effect("is not sealed for nobody", () =>
    Effect.gen(function* () {
      const { checkpointer, done, instance, seals } = yield* make({ isRead: false })
      checkpointer.keep(instance)
      yield* checkpointer.seal(instance)
      yield* later
      assert.deepStrictEqual([done, seals], [[], []])
    })
  )

  it.effect("goes with a client that leaves, in a token that counts", () =>
    Effect.gen(function* () {
      const { checkpointer, done, instance } = yield* make({ isRead: false })
      assert.strictEqual(yield* checkpointer.farewell(instance), "token 1 of 1")
      assert.strictEqual(yield* checkpointer.farewell(instance), "token 2 of 1")
      assert.deepStrictEqual(done, [])
    })
  )

  it.effect("has no token when the props cannot be encoded", () =>
    Effect.gen(function* () {
      const { checkpointer, instance, seals } = yield* make({ props: Exit.fail("props") })
      assert.isUndefined(yield* checkpointer.farewell(instance))
      assert.deepStrictEqual(seals, [])
    })
  )

  it.effect("is not stored unless it persists", () =>
    Effect.gen(function* () {
      const transient = yield* make()
      transient.checkpointer.keep(transient.instance)
      assert.deepStrictEqual(transient.done, [])
      const persistent = yield* make({ persist: true })
      persistent.checkpointer.keep(persistent.instance)
      assert.deepStrictEqual(persistent.done, ["mark"])
      yield* later
      assert.deepStrictEqual([transient.done, persistent.done], [["token 1 of 1"], ["mark", "token 1 of 1"]])
    })
  )
})

describe("the state of a shared instance", () => {
  it.effect("goes into no token, however that is asked for", () =>
    Effect.gen(function* () {
      const { checkpointer, done, instance, seals } = yield* make({ key: "general", persist: true })
      checkpointer.keep(instance)
      yield* checkpointer.seal(instance)
      assert.isUndefined(yield* checkpointer.farewell(instance))
      yield* later
      assert.deepStrictEqual([done, seals], [["mark"], []])
    })
  )
})

describe("a state that has no room in a token", () => {
  it.effect("is left out of it when the store has it", () =>
    Effect.gen(function* () {
      const { checkpointer, instance, logger, seals, warnings } = yield* make({
        persist: true,
        fits: ({ state }) => state === undefined
      })
      const token = yield* Effect.provide(checkpointer.farewell(instance), Logger.layer([logger]))
      assert.strictEqual(token, "token 1 of 1")
      assert.deepStrictEqual(
        seals.map(({ contents }) => contents.state),
        [{ total: 12 }, undefined]
      )
      assert.deepStrictEqual(warnings, [])
    })
  )

  it.effect("is lost with its session otherwise, which is logged once for each component", () =>
    Effect.gen(function* () {
      const { checkpointer, instance, logger, warnings } = yield* make({ fits: () => false })
      const leave = Effect.provide(checkpointer.farewell(instance), Logger.layer([logger]))
      assert.isUndefined(yield* leave)
      assert.lengthOf(warnings, 1)
      assert.include(warnings[0], "maxTokenLength")
      assert.isUndefined(yield* leave)
      assert.lengthOf(warnings, 1)
    })
  )

  it.effect("because it cannot be encoded is no crash", () =>
    Effect.gen(function* () {
      const { checkpointer, instance, logger } = yield* make({
        fits: () => {
          throw new RangeError("nested too deeply")
        }
      })
      assert.isUndefined(yield* Effect.provide(checkpointer.farewell(instance), Logger.layer([logger])))
    })
  )

  it.effect("is tried again when it has changed and may fit, by its length, and each time once it has fitted", () =>
    Effect.gen(function* () {
      let limit = 10
      const { checkpointer, fields, instance, logger, seals } = yield* make({ fits: () => limit > 10 })
      const become = (text: string) => {
        fields.encoded = { text } as never
        fields.revision++
      }
      const leave = Effect.provide(checkpointer.farewell(instance), Logger.layer([logger]))
      yield* leave
      yield* leave
      assert.lengthOf(seals, 1)
      // 75 bytes of JSON are the 100 characters of the longest token.
      become("x".repeat(76 - `{"text":""}`.length))
      yield* leave
      assert.lengthOf(seals, 1)
      become("x".repeat(75 - `{"text":""}`.length))
      limit = 100
      assert.isString(yield* leave)
      assert.lengthOf(seals, 2)
      assert.isString(yield* leave)
      become("x".repeat(500))
      assert.isString(yield* leave)
      assert.lengthOf(seals, 4)
    })
  )
})

describe("what the store has to know of an instance", () => {
  it.effect("is passed on under its address", () =>
    Effect.gen(function* () {
      const { checkpointer, done, instance } = yield* make()
      checkpointer.retire(instance)
      checkpointer.started(instance)
      assert.strictEqual(checkpointer.unstored("Cart", { key: "general", id: "k3" }), instance)
      yield* checkpointer.close
      assert.deepStrictEqual(done, ["now", "replaced Cart#k3", "unstored Cart/general", "close"])
    })
  )

  it.effect("is written when it has stopped, and no token is made of it any more", () =>
    Effect.gen(function* () {
      const { checkpointer, done, instance } = yield* make()
      checkpointer.keep(instance)
      yield* checkpointer.stopped(instance)
      yield* later
      assert.deepStrictEqual(done, ["stopped"])
    })
  )

  it.effect("is written at once when all is flushed, after the tokens that are due", () =>
    Effect.gen(function* () {
      const { checkpointer, done, instance } = yield* make()
      checkpointer.keep(instance)
      yield* checkpointer.flush
      assert.deepStrictEqual(done, ["token 1 of 1", "flush"])
    })
  )
})
