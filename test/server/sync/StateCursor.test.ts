/** What a client of the open wire is told of a state: no token beside a state it is not of, and nothing older after what is newer. */
import { assert, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import * as Patch from "../../../src/Patch.ts"
import type { Batch } from "../../../src/server/sync/Batch.ts"
import { ChangeLogs } from "../../../src/server/sync/ChangeLogs.ts"
import { ClientInfo } from "../../../src/server/sync/ClientInfo.ts"
import * as JsonEncoder from "../../../src/server/wire/json/JsonEncoder.ts"
import { defaults } from "../../../src/server/LiveConfig.ts"
import { StateCursor, type Source } from "../../../src/server/sync/StateCursor.ts"

const encoder = JsonEncoder.make(() => 0)

/** A state that counts, and is sealed with a token that says which state it is of. */
class Counted implements Source {
  readonly rank = 0
  readonly id = "counted" as Source["id"]
  readonly key = undefined
  readonly epoch = 1
  readonly clientStatus = "running"
  readonly conflateAfter = 4
  readonly logs = new ChangeLogs(defaults)
  readonly refresh = () => {}
  readonly confirm = () => {}
  encoded = { count: 0 }
  revision = 0
  #serial = 0

  change(): void {
    const before = this.encoded
    this.encoded = { count: before.count + 1 }
    this.revision++
    this.logs.append(this, { patch: Patch.diff(before, this.encoded) })
  }

  seal(): void {
    const { encoded, epoch, id, key, revision } = this
    this.logs.seal({ serial: ++this.#serial, token: `of ${revision}`, told: { encoded, epoch, id, key, revision } })
  }
}

interface Update {
  readonly type: string
  readonly revision: number
  readonly payload: { readonly state: { readonly count: number }; readonly signedState?: string }
}

const Step = Schema.Literals(["change", "seal", "read", "start over", "come back"])

it.effect.prop(
  "a token is sent with its state, and the last one is sent",
  [Schema.Array(Step).check(Schema.isMinLength(12), Schema.isMaxLength(30))],
  ([steps]) =>
    Effect.sync(() => {
      const source = new Counted()
      const sink = { client: new ClientInfo(undefined, "client"), encoder, cursorWoke: () => {} }
      const reader = new StateCursor(source, sink)
      reader.announce()
      // Another page of the same instance, which does not read: so the newest token stays, and who comes back finds it again.
      const other = new StateCursor(source, sink)
      other.announce()
      const updates: Array<Update> = []
      const read = () => {
        const batches: Array<Batch> = []
        reader.take(batches)
        const told = batches.flatMap(({ texts }) => texts.map((text) => JSON.parse(text) as Update))
        // What there is to say of its life follows what it has become.
        const statuses = told.filter(({ type }) => type === "COMPONENT_STATUS")
        assert.deepStrictEqual(statuses, told.slice(told.length - statuses.length))
        updates.push(...told.slice(0, told.length - statuses.length))
      }
      for (const step of steps) {
        if (step === "change") source.change()
        else if (step === "seal") source.seal()
        else if (step === "start over") reader.startOver()
        else if (step === "come back") {
          reader.resume({
            componentId: source.id,
            epoch: source.epoch,
            revision: updates.at(-1)?.revision ?? 0,
            index: 0
          })
        }
        if (step === "read") read()
        else for (const behind of [reader, other]) behind.wake()
      }
      source.change()
      source.seal()
      reader.wake()
      read()
      let newest = 0
      for (const { payload, revision } of updates) {
        assert.isAtLeast(revision, newest)
        newest = revision
        assert.strictEqual(payload.state.count, revision)
        if (payload.signedState !== undefined) assert.strictEqual(payload.signedState, `of ${revision}`)
      }
      assert.deepStrictEqual(updates.at(-1)?.payload, {
        state: source.encoded,
        signedState: `of ${source.revision}`
      })
    }),
  { arbitrary: { runs: 500 } }
)

it("a token of a state that has changed since is not lost, however often that happens", () => {
  const source = new Counted()
  const reader = new StateCursor(source, { client: new ClientInfo(undefined, "client"), encoder, cursorWoke: () => {} })
  reader.announce()
  const tokens: Array<string | undefined> = []
  for (let second = 0; second < 5; second++) {
    source.seal()
    source.change()
    reader.wake()
    const batches: Array<Batch> = []
    reader.take(batches)
    for (const text of batches.flatMap(({ texts }) => texts)) {
      tokens.push((JSON.parse(text) as Update).payload.signedState)
    }
  }
  assert.deepStrictEqual(
    tokens.filter((token) => token !== undefined),
    [0, 1, 2, 3, 4].map((revision) => `of ${revision}`)
  )
})
