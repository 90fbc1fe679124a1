/** What a client shows is the last state of the server with the reducers of its calls applied, for work that is bounded. */
import "../support/Work.ts"
import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { OptimisticState, type OptimisticUpdate } from "../../src/client/OptimisticState.ts"
import type { CallReference } from "../../src/LiveProtocol.ts"
import * as StateCodec from "../../src/StateCodec.ts"
import { isLinear, workOf } from "../support/Work.ts"

interface State {
  readonly list: ReadonlyArray<number>
  readonly note: { readonly text: string }
  readonly map: ReadonlyMap<string, ReadonlyArray<number>>
}

const fields = {
  list: Schema.Array(Schema.Int),
  note: Schema.Struct({ text: Schema.String }),
  map: Schema.ReadonlyMap(Schema.String, Schema.Array(Schema.Int))
}

const call = (callId: number): CallReference => ({ connectionId: "c" as CallReference["connectionId"], callId })

type Reduce = (state: State, n: number) => State

const reducers = {
  append: (state, n) => ({ ...state, list: [...state.list, n] }),
  drop: (state) => ({ ...state, list: state.list.slice(1) }),
  note: (state, n) => ({ ...state, note: { text: `${n}` } }),
  nothing: (state) => state,
  throws: () => {
    throw new Error("a reducer that fails")
  },
  spoils: (state) => ({ ...state, list: ["no number"] as never }),
  "changes in place": (state, n) => {
    ;(state.list as Array<number>).push(n)
    return state
  }
} satisfies { readonly [name: string]: Reduce }
type Name = keyof typeof reducers
const failing: ReadonlySet<string> = new Set<Name>(["throws", "spoils", "changes in place"])

const kinds = ["add", "add", "add", "add", "change", "change", "answer", "miss", "snapshot", "read", "read"] as const
const Step = Schema.Struct({
  kind: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: kinds.length - 1 })),
  name: Schema.Literals(Object.keys(reducers) as ReadonlyArray<Name>),
  at: Schema.Natural,
  // The server has done what so many calls asked for, the oldest or others, or something else meanwhile.
  count: Schema.Literals([0, 1, 2, 3]),
  isOldest: Schema.Boolean,
  more: Schema.Boolean
})

/** A client and its server: what was called is done there in the order of the calls. */
class Model {
  readonly codec: StateCodec.StateCodec<State>
  readonly optimism: OptimisticState<State>
  readonly reported: Array<string> = []
  server: State
  encoded: StateCodec.Encoded
  pending: Array<{ readonly id: number; readonly name: Name; readonly update: OptimisticUpdate; isComing: boolean }> =
    []
  #ids = 0

  constructor(server: State, isLoose: boolean) {
    this.codec = StateCodec.make<State>(isLoose ? fields : { list: fields.list, note: fields.note })
    this.server = server
    this.encoded = this.codec.encode(server)
    this.optimism = new OptimisticState(this.codec, server, (action) => void this.reported.push(action))
    this.optimism.rebase(this.codec.decode(this.encoded), this.encoded)
  }

  add(name: Name): void {
    const id = ++this.#ids
    const update = this.optimism.add(name, reducers[name] as never, id)
    update.sent(call(id))
    if (!failing.has(name)) this.pending.push({ id, name, update, isComing: false })
  }

  become(server: State, done: ReadonlyArray<number>): void {
    this.server = server
    this.encoded = this.codec.encode(this.codec.decode(this.codec.encode(server)))
    this.optimism.confirm(done.map(call))
    this.pending = this.pending.filter(({ id }) => !done.includes(id))
    this.optimism.rebase(this.codec.decode(this.encoded), this.encoded)
  }

  get expected(): State {
    return this.pending.reduce((state, { id, name }) => (reducers[name] as Reduce)(state, id), this.server)
  }
}

const initial: State = { list: [1, 2, 3], note: { text: "" }, map: new Map() }
const plain = ({ list, note }: State) => ({ list, note })

describe("an optimistic state", () => {
  it.prop(
    "an optimistic state is the last state of the server with the updates of pending calls, whatever happened",
    { steps: Schema.Array(Step).check(Schema.isMinLength(20), Schema.isMaxLength(60)), isLoose: Schema.Boolean },
    ({ isLoose, steps }) => {
      const model = new Model(initial, isLoose)
      const { optimism } = model
      const check = () => assert.deepStrictEqual(plain(optimism.state), plain(model.expected))
      for (const step of steps) {
        switch (kinds[step.kind]) {
          case "add":
            model.add(step.name)
            break
          case "answer": {
            const one = model.pending[step.at % model.pending.length]
            if (one === undefined) break
            optimism.remove(one.update)
            if (!one.isComing) model.pending = model.pending.filter((other) => other !== one)
            break
          }
          case "change": {
            const done = model.pending
              .filter(({ isComing }) => !isComing)
              .slice(step.isOldest ? 0 : 1)
              .slice(0, step.count)
            let server = done.reduce((state, { id, name }) => (reducers[name] as Reduce)(state, id), model.server)
            if (step.more) server = { ...server, list: [0, ...server.list] }
            model.become(
              server,
              done.map(({ id }) => id)
            )
            break
          }
          case "miss":
            for (const one of model.pending.slice(0, step.count)) {
              one.isComing = true
              optimism.expect([call(one.id)])
            }
            break
          case "snapshot": {
            const came = model.pending.filter(({ isComing }) => isComing)
            const server = came.reduce((state, { id, name }) => (reducers[name] as Reduce)(state, id), model.server)
            optimism.snapshot()
            model.pending = model.pending.filter(({ isComing }) => !isComing)
            model.become(server, [])
            break
          }
          case "read":
            check()
        }
      }
      check()
    },
    { arbitrary: { runs: 500 } }
  )

  it("an optimistic state stays the same value when the server did what was expected, and its fields do in any case", () => {
    const model = new Model(initial, false)
    for (let i = 0; i < 3; i++) model.add("append")
    const shown = model.optimism.state
    model.become(reducers.append(model.server, 1), [1])
    assert.strictEqual(model.optimism.state, shown)
    model.become({ ...model.server, list: [0, ...model.server.list] }, [])
    assert.notStrictEqual(model.optimism.state, shown)
    assert.strictEqual(model.optimism.state.note, shown.note)
  })

  it("an optimistic state shows nothing of a call that the server has ended without doing anything", () => {
    const model = new Model(initial, false)
    for (let i = 0; i < 3; i++) model.add("append")
    // The second did nothing, and the first what was expected.
    model.become(reducers.append(model.server, 1), [2, 1])
    assert.deepStrictEqual(model.optimism.state.list, [1, 2, 3, 1, 3])
  })

  it("an optimistic state reports an update that fails once, and shows the others", () => {
    const model = new Model(initial, false)
    for (const name of ["append", "throws", "spoils", "changes in place", "append"] as const) model.add(name)
    assert.deepStrictEqual(model.reported, ["throws", "spoils", "changes in place"])
    assert.deepStrictEqual(model.optimism.state.list, [1, 2, 3, 1, 5])
    // It did not fail when it was made, and does on what the server says now.
    let fails = false
    model.optimism.add("later", ((state: State) => (fails ? reducers.throws() : state)) as never, 0)
    fails = true
    model.become({ ...model.server, list: [9] }, [])
    assert.deepStrictEqual(model.optimism.state.list, [9, 1, 5])
    assert.deepStrictEqual(model.reported.slice(3), ["later"])
    model.become({ ...model.server, list: [8] }, [])
    assert.deepStrictEqual(model.optimism.state.list, [8, 1, 5])
    assert.lengthOf(model.reported, 4)
  })

  it("an optimistic state is the server's own when no call is under way, and its fields stay what they are", () => {
    const model = new Model(initial, false)
    assert.strictEqual(new OptimisticState(model.codec, initial, () => undefined).state, initial)
    const first = model.optimism.state
    model.optimism.rebase({ ...first }, model.encoded)
    assert.strictEqual(model.optimism.state, first)
    for (const other of [{ list: first.list }, { ...first, more: undefined }, { list: first.list, more: first.note }]) {
      model.optimism.rebase(other as never, model.encoded)
      assert.strictEqual(model.optimism.state, other as never)
    }
    // Two that differ in which field is undefined.
    model.optimism.rebase({ list: first.list, more: undefined } as never, model.encoded)
    model.optimism.rebase({ list: first.list, other: undefined } as never, model.encoded)
    assert.deepStrictEqual(Object.keys(model.optimism.state), ["list", "other"])
    model.add("note")
    model.optimism.confirm([call(1)])
    const server = model.codec.decode({ ...model.encoded, note: { text: "1" } })
    model.optimism.rebase(server, model.codec.encode(server))
    assert.strictEqual(model.optimism.state, server)
  })

  it("an optimistic state counts each call once, whether it was sent again, has failed, or is not its own", () => {
    const model = new Model(initial, false)
    const { optimism } = model
    for (const name of ["append", "throws", "append", "append"] as const) model.add(name)
    const [first, second, third] = model.pending as [
      (typeof model.pending)[0],
      (typeof model.pending)[0],
      (typeof model.pending)[0]
    ]
    // The second is sent again after the connection was lost.
    second.update.sent(call(30))
    // The first ends without having done anything, and nobody has called the fifth.
    optimism.remove(first.update)
    optimism.remove(first.update)
    optimism.expect([call(5)])
    for (const gone of [first.id, 2, second.id, 5]) model.become(model.server, [gone])
    assert.deepStrictEqual(optimism.state.list, [1, 2, 3, second.id, third.id])
    optimism.confirm([call(30)])
    optimism.rebase({ ...initial, list: [second.id] }, undefined)
    assert.deepStrictEqual(optimism.state.list, [second.id, third.id])
    optimism.confirm([call(third.id)])
    optimism.rebase({ ...initial, list: [] }, undefined)
    assert.deepStrictEqual(optimism.state.list, [])
    // What has failed and is sent all the same is not waited for.
    const failed = optimism.add("throws", reducers.throws as never, 0)
    failed.sent(call(40))
    optimism.add("append", reducers.append as never, 41).sent(call(41))
    optimism.confirm([call(40)])
    optimism.confirm([call(41)])
    optimism.rebase({ ...initial, list: [9] }, undefined)
    assert.deepStrictEqual(optimism.state.list, [9])
  })

  it("an optimistic state does not apply updates again while nobody reads it", () => {
    const model = new Model(initial, false)
    let applied = 0
    const reduce = ((state: State, n: number) => ((applied += 1), reducers.note(state, n))) as never
    for (let id = 1; id <= 50; id++) model.optimism.add("note", reduce, id).sent(call(id))
    assert.strictEqual(applied, 50)
    for (let id = 1; id <= 10; id++) model.become({ ...initial, note: { text: `other ${id}` } }, [id])
    // The first was not what was expected, and is found by doing it; from then on the state is to be made anew.
    assert.strictEqual(applied, 51)
    assert.strictEqual(model.optimism.state.note.text, "50")
    assert.strictEqual(applied, 51 + 40)
  })

  it("an optimistic state takes back what a reducer has changed in place in a Map", () => {
    const model = new Model({ ...initial, map: new Map([["a", [1]]]) }, true)
    const { map } = model.optimism.state
    const push = (state: State) => {
      ;(state.map as Map<string, Array<number>>).get("a")?.push(2)
      ;(state.map as Map<string, Array<number>>).set("b", [])
      return state
    }
    const update = model.optimism.add("push", push as never, 0)
    assert.deepStrictEqual(
      model.optimism.state.map,
      new Map([
        ["a", [1, 2]],
        ["b", []]
      ])
    )
    const other = model.optimism.add("note", reducers.note as never, 7)
    assert.deepStrictEqual(
      model.optimism.state.map,
      new Map([
        ["a", [1, 2]],
        ["b", []]
      ])
    )
    // Both are applied again when somebody else has changed something.
    model.optimism.rebase({ ...initial, map }, undefined)
    assert.deepStrictEqual(model.optimism.state.map.get("a"), [1, 2])
    assert.deepStrictEqual(map, new Map([["a", [1]]]))
    model.optimism.remove(update)
    assert.deepStrictEqual(model.optimism.state, { ...initial, map: new Map([["a", [1]]]), note: { text: "7" } })
    assert.strictEqual(model.optimism.state.map, map)
    model.optimism.remove(other)
    assert.strictEqual(model.optimism.state.map, map)
  })
})

const list = (size: number) => Array.from({ length: size }, (_, i) => i)

describe("the work of an optimistic state", () => {
  /** A state of which the reducers are cheap, however large it is. */
  const prepared = (size: number, name: Name = "note") => {
    const model = new Model({ ...initial, list: list(size * 10) }, false)
    for (let i = 0; i < size; i++) model.add(name)
    assert.lengthOf(model.pending, size)
    return model
  }
  const sizes = [200, 400]

  it("the work of an optimistic state doubles at most with the calls", () => {
    isLinear(sizes, (size) => {
      const model = new Model({ ...initial, list: list(size * 10) }, false)
      return () => {
        for (let i = 0; i < size; i++) model.add("note")
      }
    })
  })

  it("the work of an optimistic state doubles at most with the calls when somebody else changes something", () => {
    isLinear(sizes, (size) => {
      const model = prepared(size)
      const server = { ...model.server, list: [...model.server.list, 1] }
      return () => {
        model.become(server, [])
        return model.optimism.state
      }
    })
  })

  it("the work of an optimistic state doubles at most with the calls when the server does each as expected", () => {
    isLinear(sizes, (size) => {
      const model = prepared(size)
      const { codec, optimism, server } = model
      return () => {
        let last = { state: server, encoded: model.encoded }
        for (const { id } of model.pending) {
          const state = codec.freeze({ ...last.state, note: { text: `${id}` } }, last.state)
          const encoded = codec.encode(state, { from: last.state, to: last.encoded })
          optimism.confirm([call(id)])
          optimism.rebase(state, encoded)
          assert.strictEqual(optimism.state.note.text, `${size}`)
          last = { state, encoded }
        }
      }
    })
  })

  it("the work of an optimistic state doubles at most with the calls when they come one after the other", () => {
    isLinear(sizes, (size) => {
      const model = new Model(initial, false)
      const { codec, optimism } = model
      const states = list(size).map((i) => codec.freeze({ ...model.server, note: { text: `other ${i}` } }))
      const encoded = states.map((state) => codec.encode(state))
      optimism.add("append", reducers.append as never, 0)
      return () => {
        states.forEach((state, i) => {
          optimism.add("note", reducers.note as never, i).sent(call(i))
          optimism.confirm([call(i)])
          optimism.rebase(state, encoded[i])
          assert.strictEqual(optimism.state.note, state.note)
        })
      }
    })
  })

  it("the work of an optimistic state doubles at most with the calls when they fail one after the other", () => {
    isLinear(sizes, (size) => {
      const model = prepared(size)
      return () => {
        for (const { update } of model.pending) model.optimism.remove(update)
        assert.strictEqual(model.optimism.state.note.text, "")
      }
    })
  })

  it("the work of an optimistic state doubles at most with the calls when the server does each in another way", () => {
    isLinear(sizes, (size) => {
      const model = prepared(size)
      const { codec, optimism } = model
      const states = model.pending.map(({ id }) => codec.freeze({ ...model.server, note: { text: `other ${id}` } }))
      const previous = { from: model.server, to: model.encoded }
      const encoded = states.map((state) => codec.encode(state, previous))
      return () => {
        model.pending.forEach(({ id }, i) => {
          optimism.confirm([call(id)])
          optimism.rebase(states[i] as State, encoded[i])
          assert.strictEqual(optimism.isCostly, model.pending.length - i - 1 > 32)
        })
        assert.strictEqual(optimism.state.note.text, `other ${size}`)
      }
    })
  })

  it("the work of an optimistic state does not depend on the size of what neither side has changed", () => {
    const work = (size: number) => {
      const model = new Model({ ...initial, list: list(size) }, false)
      for (let i = 0; i < 50; i++) model.add("note")
      const { codec, encoded, optimism, server } = model
      const state = codec.freeze({ ...server, note: { text: "other" } }, server)
      const after = codec.encode(state, { from: server, to: encoded })
      return workOf(() => {
        optimism.rebase(state, after)
        return optimism.state
      })
    }
    work(100)
    // The engine now and then counts blocks of its own; ten times the list would be thousands of elements more.
    assert.isBelow(work(10_000), work(1000) + 4000)
  })
})
