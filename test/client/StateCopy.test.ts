import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { StateCopy, type PatchedEvent, type SnapshotEvent } from "../../src/client/StateCopy.ts"
import { ComponentId } from "../../src/LiveId.ts"
import type * as Patch from "../../src/Patch.ts"
import { type Encoded, make } from "../../src/StateCodec.ts"

interface State {
  readonly count: number
  readonly names: ReadonlyArray<string>
  readonly since: Date
}

const codec = make<State>({
  count: Schema.Finite,
  names: Schema.Array(Schema.String),
  since: Schema.toCodecJson(Schema.Date)
})
const componentId = ComponentId.make("Counter:1")
const since = "2026-01-01T00:00:00.000Z"

/** The encoded state at a revision. */
const at = (count: number, ...names: ReadonlyArray<string>): Encoded => ({ count, names, since })

const snapshot = (epoch: number, revision: number, state: Encoded): SnapshotEvent => ({
  _tag: "Snapshot",
  componentId,
  epoch,
  revision,
  state: state as SnapshotEvent["state"]
})

const patched = (epoch: number, revision: number, patch: Patch.Patch, from?: number): PatchedEvent => ({
  _tag: "Patched",
  componentId,
  epoch,
  revision,
  patch,
  ...(from === undefined ? {} : { from })
})

const counts = (count: number): Patch.Patch => [["set", ["count"], count]]

/** A copy that has begun at epoch 1, revision 3, and how often it requested a snapshot. */
const begun = () => {
  let requested = 0
  const copy = new StateCopy(codec, () => void requested++)
  copy.start({ epoch: 1, revision: 3 }, at(3, "ada"))
  return { copy, requested: () => requested }
}

describe("the copy of a state", () => {
  it("is empty until it begins, and requests a snapshot once for all the changes that come before", () => {
    let requested = 0
    const copy = new StateCopy(codec, () => void requested++)
    assert.deepStrictEqual([copy.state, copy.encoded, copy.version], [undefined, undefined, { epoch: 0, revision: 0 }])
    assert.strictEqual(copy.patched(patched(0, 1, counts(1))), "missing")
    assert.strictEqual(copy.patched(patched(0, 2, counts(2))), "missing")
    assert.deepStrictEqual([copy.state, requested], [undefined, 1])
    // A patch of the whole state is no beginning, either.
    const another = new StateCopy(codec, () => {})
    assert.strictEqual(another.patched(patched(0, 1, [["set", [], at(1)]])), "missing")
    assert.isUndefined(another.state)
    assert.strictEqual(copy.snapshot(snapshot(0, 2, at(2))), "new")
    assert.strictEqual(copy.state?.count, 2)
  })

  it("has the decoded state, the encoded one and the version it began with", () => {
    const { copy, requested } = begun()
    assert.deepStrictEqual(copy.state, { count: 3, names: ["ada"], since: new Date(since) })
    assert.deepStrictEqual(copy.encoded, at(3, "ada"))
    assert.deepStrictEqual(copy.version, { epoch: 1, revision: 3 })
    assert.strictEqual(requested(), 0)
  })

  it("takes the change that follows, and keeps what it did not touch", () => {
    const { copy, requested } = begun()
    const before = copy.state
    assert.strictEqual(copy.patched(patched(1, 4, counts(4))), "new")
    assert.deepStrictEqual(copy.state, { count: 4, names: ["ada"], since: new Date(since) })
    assert.strictEqual(copy.state?.since, before?.since)
    assert.deepStrictEqual(copy.encoded, at(4, "ada"))
    assert.deepStrictEqual([copy.version, requested()], [{ epoch: 1, revision: 4 }, 0])
  })

  it("takes a merged change that begins where it is, and no other", () => {
    const { copy, requested } = begun()
    assert.strictEqual(copy.patched(patched(1, 9, counts(9), 3)), "new")
    assert.deepStrictEqual([copy.state?.count, copy.version.revision, requested()], [9, 9, 0])
    assert.strictEqual(copy.patched(patched(1, 12, counts(12), 8)), "missing")
    assert.deepStrictEqual([copy.state?.count, copy.version.revision, requested()], [9, -1, 1])
  })

  it("stays as it is at a change that it has", () => {
    const { copy, requested } = begun()
    for (const revision of [2, 3]) assert.strictEqual(copy.patched(patched(1, revision, counts(9))), "known")
    assert.deepStrictEqual([copy.state?.count, copy.version, requested()], [3, { epoch: 1, revision: 3 }, 0])
  })

  it.each<{ readonly name: string; readonly event: PatchedEvent }>([
    { name: "one is missing before it", event: patched(1, 5, counts(5)) },
    { name: "it is of another epoch", event: patched(2, 4, counts(4)) },
    { name: "it is of another epoch, though its revision is not newer", event: patched(2, 3, counts(4)) },
    { name: "it was made for another state", event: patched(1, 4, [["append", ["count"], "x"]]) }
  ])("requests a snapshot, once, and stays as it is when a change does not fit: $name", ({ event }) => {
    const { copy, requested } = begun()
    assert.strictEqual(copy.patched(event), "missing")
    assert.deepStrictEqual([copy.encoded, copy.version, requested()], [at(3, "ada"), { epoch: 1, revision: -1 }, 1])
    // Not even the change that would follow is taken: the server was told that the whole state is needed.
    assert.strictEqual(copy.patched(patched(1, 4, counts(4))), "missing")
    assert.deepStrictEqual([copy.state?.count, requested()], [3, 1])
    assert.strictEqual(copy.snapshot(snapshot(1, 6, at(6))), "new")
    assert.deepStrictEqual([copy.state?.count, copy.version], [6, { epoch: 1, revision: 6 }])
    assert.strictEqual(copy.patched(patched(1, 7, counts(7))), "new")
    assert.strictEqual(copy.patched(patched(1, 9, counts(9))), "missing")
    assert.strictEqual(requested(), 2)
  })

  it("takes a snapshot that is as new as itself, of a later or of another epoch, and no older one", () => {
    const { copy } = begun()
    assert.strictEqual(copy.snapshot(snapshot(1, 2, at(2))), "known")
    assert.deepStrictEqual([copy.state?.count, copy.version.revision], [3, 3])
    assert.strictEqual(copy.snapshot(snapshot(1, 3, at(33))), "new")
    assert.strictEqual(copy.state?.count, 33)
    assert.strictEqual(copy.snapshot(snapshot(2, 1, at(1))), "new")
    assert.deepStrictEqual([copy.state?.count, copy.version], [1, { epoch: 2, revision: 1 }])
  })

  it("that waits for a snapshot still waits after an older one", () => {
    const { copy } = begun()
    copy.patched(patched(1, 5, counts(5)))
    assert.strictEqual(copy.snapshot(snapshot(1, 2, at(2))), "known")
    assert.strictEqual(copy.version.revision, -1)
  })

  it("begins anew with any state, also an older one, and waits for nothing then", () => {
    const { copy } = begun()
    copy.patched(patched(1, 5, counts(5)))
    copy.start({ epoch: 1, revision: 1 }, at(1, "ada"))
    assert.deepStrictEqual([copy.state?.count, copy.version], [1, { epoch: 1, revision: 1 }])
    assert.strictEqual(copy.patched(patched(1, 2, counts(2))), "new")
  })

  it("has nothing to build on when it was to begin with a state that cannot be read", () => {
    const { copy, requested } = begun()
    assert.throws(() => copy.start({ epoch: 1, revision: 4 }, { count: "four", names: [], since }))
    assert.isUndefined(copy.encoded)
    assert.strictEqual(copy.patched(patched(1, 4, counts(4))), "missing")
    assert.strictEqual(requested(), 1)
  })

  it("stays as it is at a snapshot that cannot be read", () => {
    const { copy } = begun()
    assert.throws(() => copy.snapshot(snapshot(1, 4, { count: "four", names: [], since })))
    assert.deepStrictEqual([copy.state?.count, copy.encoded, copy.version.revision], [3, at(3, "ada"), 3])
  })
})
