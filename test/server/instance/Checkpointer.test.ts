/** What sealing a state costs when there can be no token of it. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Logger, type Scope } from "effect"
import { SnapshotStore } from "fibra/server"
import { Checkpoint } from "../../../src/server/instance/Checkpoint.ts"
import type { Instance } from "../../../src/server/instance/Instance.ts"
import * as LiveConfig from "../../../src/server/LiveConfig.ts"
import { Checkpointer } from "../../../src/server/instance/Checkpointer.ts"
import { StateWriter } from "../../../src/server/instance/StateWriter.ts"
import type { Contents } from "../../../src/server/security/StateToken.ts"
import { SlowHandlers } from "../../support/SlowHandlers.ts"

const maxTokenLength = 1000

/** An instance as far as tokens go, and the states that were sealed, whether there was room for them or not. */
const make = Effect.fnUntraced(function* (text: string) {
  const sealed: Array<Contents["state"]> = []
  const tokens = {
    seal: () => Effect.undefined,
    open: () => Effect.never,
    sealUnsafe: (contents: Contents) => {
      sealed.push(contents.state)
      const token = Buffer.from(JSON.stringify(contents)).toString("base64url")
      return token.length > maxTokenLength ? undefined : token
    }
  }
  const context = yield* Effect.context<Scope.Scope>()
  const store = yield* SnapshotStore.SnapshotStore
  const config = { ...LiveConfig.defaults, maxTokenLength }
  const states = new StateWriter(store, config, () => {}, context)
  const keeper = new Checkpointer(states, tokens, config, context)
  let encoded = { text }
  let revision = 0
  const instance = {
    id: "SlowHandlers:1",
    key: undefined,
    props: {},
    epoch: 1,
    checkpoint: new Checkpoint(1, "first"),
    get revision() {
      return revision
    },
    get encoded() {
      return encoded
    },
    definition: { component: SlowHandlers, persist: false }
  } as unknown as Instance
  const change = (text: string) => {
    encoded = { text }
    revision++
  }
  return { keeper, instance, sealed, change }
})

describe("a state that is too large for a token", () => {
  it.effect("a state that is too large for a token is sealed in vain once, and again when it may fit", () =>
    Effect.gen(function* () {
      const { change, instance, keeper, sealed } = yield* make("x".repeat(800))
      assert.isUndefined(yield* keeper.farewell(instance))
      assert.isUndefined(yield* keeper.farewell(instance))
      change("y".repeat(900))
      assert.isUndefined(yield* keeper.farewell(instance))
      assert.lengthOf(sealed, 1)
      change("z".repeat(10))
      assert.isString(yield* keeper.farewell(instance))
      assert.lengthOf(sealed, 2)
    }).pipe(Effect.scoped, Effect.provide([SnapshotStore.layerMemory, Logger.layer([])]))
  )

  it.effect("a state that is slightly too large has no token either", () =>
    Effect.gen(function* () {
      const { change, instance, keeper } = yield* make("x".repeat(800))
      assert.isUndefined(yield* keeper.farewell(instance))
      // It is short enough alone, and not with what else is in a token.
      change("y".repeat(700))
      assert.isUndefined(yield* keeper.farewell(instance))
      assert.isUndefined(yield* keeper.farewell(instance))
      change("")
      assert.isString(yield* keeper.farewell(instance))
    }).pipe(Effect.scoped, Effect.provide([SnapshotStore.layerMemory, Logger.layer([])]))
  )
})
