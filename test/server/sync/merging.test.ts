/** What a reader that fell behind is told: never more than the whole state, keys in the order everyone else has them in. */
import "../../support/Work.ts"
import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import * as Patch from "../../../src/Patch.ts"
import { defaults } from "../../../src/server/LiveConfig.ts"
import type { Batch } from "../../../src/server/sync/Batch.ts"
import { ChangeLogs } from "../../../src/server/sync/ChangeLogs.ts"
import { ClientInfo } from "../../../src/server/sync/ClientInfo.ts"
import { StateCursor, type Source } from "../../../src/server/sync/StateCursor.ts"
import type { WireEncoder } from "../../../src/server/sync/WireEncoder.ts"
import { RpcEncoder } from "../../../src/server/wire/rpc/RpcEncoder.ts"
import type { Encoded } from "../../../src/StateCodec.ts"
import { isLinear } from "../../support/Work.ts"

type Event = {
  readonly _tag: "Patched" | "Snapshot"
  readonly revision: number
  readonly from?: number
  readonly patch: Patch.Patch
  readonly state: Encoded
  readonly by?: ReadonlyArray<unknown>
}

class Changing implements Source {
  readonly rank = 0
  readonly id = "changing" as Source["id"]
  readonly key = undefined
  readonly epoch = 1
  readonly clientStatus = undefined
  readonly conflateAfter: number
  readonly logs: ChangeLogs
  readonly refresh = () => {}
  readonly confirm = () => {}
  revision = 0
  encoded: Encoded

  constructor(encoded: Encoded, conflateAfter = defaults.conflateAfter) {
    this.encoded = encoded
    this.conflateAfter = conflateAfter
    this.logs = new ChangeLogs({ ...defaults, conflateAfter })
  }

  become(after: Encoded, by?: string): void {
    const { patch, value } = Patch.change(this.encoded, after)
    this.encoded = value as Encoded
    if (patch.length === 0) return
    this.revision++
    this.logs.append(this, { patch }, by)
  }
}

/** A client, with the state it has come to. */
class Client {
  state: Encoded
  revision: number
  readonly cursor: StateCursor
  readonly told: Array<Event> = []
  size = 0

  constructor(source: Changing, encoder: WireEncoder = RpcEncoder) {
    this.state = JSON.parse(JSON.stringify(source.encoded)) as Encoded
    this.revision = source.revision
    const sink = { client: new ClientInfo(undefined, "client"), encoder, cursorWoke: () => {} }
    this.cursor = new StateCursor(source, sink)
    this.cursor.announce()
  }

  read(): void {
    this.cursor.wake()
    const batches: Array<Batch> = []
    this.cursor.take(batches)
    for (const text of batches.flatMap(({ texts }) => texts)) {
      const event = JSON.parse(text) as Event
      this.told.push(event)
      this.size += text.length
      if (event._tag === "Snapshot") this.state = event.state
      else {
        assert.strictEqual(event.from ?? event.revision - 1, this.revision)
        this.state = Patch.apply(this.state, event.patch) as Encoded
      }
      this.revision = event.revision
    }
  }
}

const call = (callId: number) => JSON.stringify({ connectionId: "c", callId })

const Step = Schema.Struct({
  key: Schema.Literals(["a", "b", "c", "7"]),
  kind: Schema.Literals(["set", "remove", "first", "again"]),
  value: Schema.Literals([1, 2, 3]),
  reads: Schema.Boolean,
  returns: Schema.Boolean
})

describe("a reader that fell behind", () => {
  it.prop(
    "a subscriber that fell behind has the keys of a record in the same order as others, and as later ones",
    [Schema.Array(Step).check(Schema.isMinLength(20), Schema.isMaxLength(60))],
    ([steps]) => {
      const source = new Changing({ record: { a: 1, b: 1 }, more: "x".repeat(500) }, 1)
      const [follows, behind] = [new Client(source), new Client(source)]
      for (const { key, kind, reads, returns, value } of steps) {
        const { record } = source.encoded as { readonly record: { readonly [key: string]: number } }
        const { [key]: _, ...rest } = record
        source.become({
          ...source.encoded,
          record:
            kind === "set"
              ? { ...record, [key]: value }
              : kind === "remove"
                ? rest
                : kind === "first"
                  ? { [key]: value, ...rest }
                  : { ...rest, [key]: value }
        })
        follows.read()
        if (reads) behind.read()
        if (returns) behind.cursor.resume({ componentId: source.id, epoch: 1, revision: behind.revision, index: 0 })
      }
      behind.read()
      const later = new Client(source)
      assert.strictEqual(JSON.stringify(behind.state), JSON.stringify(later.state))
      assert.strictEqual(JSON.stringify(follows.state), JSON.stringify(later.state))
    },
    { arbitrary: { runs: 400 } }
  )

  it("a subscriber that fell behind is sent the state, with its calls, where changes are longer", () => {
    const text = (n: number) => `${n}`.padEnd(5000, "x")
    const source = new Changing({ text: text(0) })
    const [behind, returned] = [new Client(source), new Client(source)]
    returned.cursor.leave()
    for (let n = 1; n <= 10; n++) source.become({ text: text(n) }, n === 4 ? call(4) : undefined)
    for (const { cursor } of [behind, returned]) cursor.wake()
    behind.read()
    returned.cursor.resume({ componentId: source.id, epoch: 1, revision: 0, index: 0 })
    returned.read()
    for (const client of [behind, returned]) {
      assert.deepStrictEqual(client.state, source.encoded)
      assert.lengthOf(client.told, 1)
      assert.isBelow(client.size, 5500)
      assert.deepStrictEqual(client.told[0]?.by, [{ connectionId: "c", callId: 4 }])
    }
  })

  it("a subscriber that fell behind by a few small changes is sent them one by one, like everyone else", () => {
    const source = new Changing({ count: 0 })
    const client = new Client(source)
    for (let count = 1; count <= 5; count++) source.become({ count })
    client.read()
    assert.deepStrictEqual(
      client.told.map(({ revision }) => revision),
      [1, 2, 3, 4, 5]
    )
  })

  it("a subscriber whose last state is not known any more is sent the whole state, with the calls that made it", () => {
    const source = new Changing({ text: "" })
    const client = new Client(source)
    client.cursor.leave()
    source.become({ text: "a" })
    client.read()
    for (let n = 0; n < 10; n++) source.become({ text: `${n}`.padEnd(5000, "x") }, call(n))
    // It was told of the first change, and has not got it.
    client.revision = 0
    client.cursor.resume({ componentId: source.id, epoch: 1, revision: 0, index: 0 })
    client.read()
    assert.deepStrictEqual(client.state, source.encoded)
    assert.isBelow(client.size, 6000)
    assert.lengthOf(client.told.at(-1)?.by ?? [], 10)
  })

  it("subscribers that fell behind cost one merge for each revision they are at, and not for each of them", () => {
    const source = new Changing({ list: [] })
    let merges = 0
    const encoder: WireEncoder = {
      ...RpcEncoder,
      merged: (...args) => {
        merges++
        return RpcEncoder.merged(...args)
      }
    }
    const grow = () => source.become({ list: [...(source.encoded["list"] as ReadonlyArray<number>), source.revision] })
    const clients = Array.from({ length: 100 }, () => new Client(source, encoder))
    grow()
    for (const client of clients.filter((_, i) => i % 2 === 0)) client.read()
    for (let n = 0; n < 50; n++) grow()
    for (const { cursor } of clients) cursor.wake()
    for (const client of clients) client.read()
    for (const client of clients) assert.deepStrictEqual(client.state, source.encoded)
    assert.strictEqual(merges, 2)
  })

  it("a subscriber that fell behind costs work that doubles at most when the state does", () => {
    isLinear([1500, 3000], (size) => {
      const source = new Changing({ list: Array.from({ length: size }, (_, id) => ({ id })) })
      const cursors = Array.from({ length: 8 }, () => new Client(source).cursor)
      for (let round = 0; round < 20; round++) {
        const list = source.encoded["list"] as ReadonlyArray<Patch.Json>
        source.become({ list: list.filter((_, i) => i % 25 !== round) })
      }
      return () => {
        for (const cursor of cursors) {
          cursor.wake()
          cursor.take([])
        }
      }
    })
  })
})
