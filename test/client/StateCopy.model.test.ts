/** A copy of a state is what the server holds, however the changes come, or asks for the whole. */
import "../support/Work.ts"
import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { type PatchedEvent, type SnapshotEvent, StateCopy } from "../../src/client/StateCopy.ts"
import * as Patch from "../../src/Patch.ts"
import * as StateCodec from "../../src/StateCodec.ts"
import { isLinear } from "../support/Work.ts"

interface State {
  readonly list: ReadonlyArray<{ readonly id: number }>
  readonly n: number
}

const codec = () => StateCodec.make<State>({ list: Schema.Array(Schema.Struct({ id: Schema.Int })), n: Schema.Int })

const componentId = "c" as PatchedEvent["componentId"]

/** The states of a server, and the changes between them. */
const history = (states: ReadonlyArray<StateCodec.Encoded>, epoch = 1): ReadonlyArray<PatchedEvent> =>
  states.slice(1).map((state, i) => ({
    _tag: "Patched",
    componentId,
    epoch,
    revision: i + 1,
    patch: Patch.diff(states[i] as StateCodec.Encoded, state)
  }))

const snapshot = (state: StateCodec.Encoded, revision: number, epoch = 1): SnapshotEvent => ({
  _tag: "Snapshot",
  componentId,
  epoch,
  revision,
  state: structuredClone(state) as never
})

const states = Array.from({ length: 12 }, (_, n) => ({ list: Array.from({ length: n }, (_, id) => ({ id })), n }))

describe("the copy of a state", () => {
  it.prop(
    "the copy of a state is the newest that followed, in whatever groups the changes come, some again and some never",
    {
      groups: Schema.Array(
        Schema.Struct({ from: Schema.Literals([-3, -1, 0, 0, 0, 0, 1]), count: Schema.Literals([0, 1, 2, 5]) })
      ).check(Schema.isMaxLength(8)),
      merged: Schema.Boolean
    },
    ({ groups, merged }) => {
      const changes = history(states)
      let asked = 0
      const copy = new StateCopy(codec(), () => void asked++)
      copy.snapshot(snapshot(states[0] as StateCodec.Encoded, 0))
      let revision = 0
      let isMissing = false
      for (const { count, from } of groups) {
        const first = Math.max(0, revision + from)
        let group = changes.slice(first, first + count)
        if (merged && group.length > 1) {
          const last = first + group.length
          const patch = Patch.diff(states[first] as StateCodec.Encoded, states[last] as StateCodec.Encoded)
          group = [{ ...(group[0] as PatchedEvent), from: first, revision: last, patch }]
        }
        if (group.length === 0) continue
        const last = first + (merged ? Math.min(count, changes.length - first) : group.length)
        const taken = copy.patchedTogether(group)
        const follows =
          first <= revision && !(merged && group.length === 1 && first < revision && count > 1 && last > revision)
        if (isMissing || (last > revision && !follows)) {
          assert.strictEqual(taken, "missing")
          isMissing = true
        } else if (last <= revision) assert.strictEqual(taken, "known")
        else {
          assert.strictEqual(taken, "new")
          revision = last
        }
        assert.deepStrictEqual<unknown>(copy.state, states[revision])
        assert.deepStrictEqual(copy.version, { epoch: 1, revision: isMissing ? -1 : revision })
        assert.strictEqual(asked, isMissing ? 1 : 0)
      }
      copy.snapshot(snapshot(states[11] as StateCodec.Encoded, 11))
      assert.deepStrictEqual<unknown>(copy.state, states[11])
      assert.deepStrictEqual(copy.version, { epoch: 1, revision: 11 })
    },
    { arbitrary: { runs: 500 } }
  )

  it("the copy of a state takes none of the changes that came together when one does not fit or is of another epoch", () => {
    const changes = history(states)
    const [first, second] = changes as [PatchedEvent, PatchedEvent]
    for (const bad of [
      { ...second, patch: [["splice", ["list"], 7, 1, []]] as Patch.Patch },
      { ...second, epoch: 2 }
    ]) {
      let asked = 0
      const copy = new StateCopy(codec(), () => void asked++)
      assert.strictEqual(copy.patchedTogether([first]), "missing")
      copy.snapshot(snapshot(states[0] as StateCodec.Encoded, 0))
      assert.strictEqual(copy.patchedTogether([first, bad]), "missing")
      assert.strictEqual(asked, 2)
      assert.deepStrictEqual<unknown>(copy.state, states[0])
      assert.strictEqual(copy.patchedTogether([first]), "missing")
      assert.strictEqual(asked, 2)
    }
  })

  it("the copy of a state keeps what changes that came together do not touch", () => {
    const copy = new StateCopy(codec(), () => {})
    copy.start({ epoch: 1, revision: 2 }, structuredClone(states[2]) as never)
    const before = copy.state
    copy.patchedTogether(history(states).slice(2, 4))
    assert.strictEqual(copy.state?.list[1], before?.list[1])
    copy.patchedTogether([{ _tag: "Patched", componentId, epoch: 1, revision: 5, patch: [["set", ["n"], 9]] }])
    assert.strictEqual(copy.state?.list.length, 4)
    const { list } = copy.state as State
    copy.patchedTogether([{ _tag: "Patched", componentId, epoch: 1, revision: 6, patch: [["set", ["n"], 10]] }])
    assert.strictEqual(copy.state?.list, list)
  })

  it("the work of changes that came together doubles at most with the state and with the changes", () => {
    isLinear([1000, 2000], (size) => {
      const list = Array.from({ length: size }, (_, id) => ({ id }))
      const copy = new StateCopy(codec(), () => {})
      copy.start({ epoch: 1, revision: 0 }, { list, n: 0 })
      const changes = Array.from({ length: size }, (_, i): PatchedEvent => ({
        _tag: "Patched",
        componentId,
        epoch: 1,
        revision: i + 1,
        patch: [
          ["splice", ["list"], i, 1, [{ id: -i }]],
          ["set", ["n"], i]
        ]
      }))
      return () => copy.patchedTogether(changes)
    })
  })
})
