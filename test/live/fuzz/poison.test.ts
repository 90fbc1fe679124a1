/** Whatever user code throws, answers or sets, and wherever: the component comes back, and nobody else notices. */
import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Layer, Logger, Schema, type Scope } from "effect"
import { Rpc } from "effect/rpc"
import { TestClock } from "effect/testing"
import { Component } from "fibra"
import { Authorization, SnapshotStore } from "fibra/server"
import { LiveTest } from "fibra/testing"
import * as Thrown from "../../../src/Thrown.ts"
import { anyPoison, names, poison, unsendable } from "../../support/Poison.ts"

type Self = Component.InstanceContext<{}, { readonly n: number; readonly value: unknown }, { Said: typeof Schema.Any }>

/** What user code does where it is asked; what is left out does nothing bad. */
interface Script {
  readonly initial?: () => unknown
  readonly build?: (self: Self, activation: number) => Effect.Effect<unknown, never, Scope.Scope>
  readonly act?: (self: Self) => unknown
  readonly heard?: () => unknown
  readonly view?: (n: number) => unknown
  readonly reduce?: () => unknown
  readonly metadata?: () => unknown
  readonly right?: (of: "mount" | "call" | "set" | "join") => unknown
  readonly store?: (of: "read" | "write" | "spend" | "retire") => unknown
}

let script: Script = {}

class Victim extends Component.Service<Victim>()("Victim", {
  state: { n: Schema.Int, value: Schema.Any },
  initial: () => (script.initial?.() ?? { n: 0, value: null }) as { n: number; value: unknown },
  actions: [Rpc.make("Act", { success: Schema.Any, error: Schema.Any }), Rpc.make("Add"), Rpc.make("Crash")],
  events: { Said: Schema.Any },
  writable: ["n"],
  optimistic: { Add: (state) => (script.reduce?.() ?? { ...state, n: state.n + 1 }) as typeof state },
  presence: {
    metadata: { name: Schema.Any },
    initial: () => (script.metadata?.() ?? { name: "" }) as { name: unknown }
  }
}) {}

const VictimLayer = Victim.toLayer(
  Effect.gen(function* () {
    const self = yield* Victim
    yield* script.build?.(self as never, self.activation) ?? Effect.void
    return Victim.of({
      Act: () => Effect.suspend(() => (script.act?.(self as never) ?? Effect.void) as Effect.Effect<unknown>),
      Add: () => Effect.asVoid(self.update(({ n, value }) => ({ n: n + 1, value }))),
      Crash: () => Effect.die("crash"),
      on: { Said: () => Effect.suspend(() => (script.heard?.() ?? Effect.void) as Effect.Effect<void>) }
    })
  }),
  {
    persist: true,
    maxIdleTime: 0,
    view: (state) => (script.view?.(state.n) ?? state) as typeof state
  }
)

class Neighbour extends Component.Service<Neighbour>()("Neighbour", {
  state: { n: Schema.Int },
  initial: () => ({ n: 0 }),
  actions: [Rpc.make("Add", { success: Schema.Int })]
}) {}

const NeighbourLayer = Neighbour.toLayer(
  Effect.map(Neighbour, (self) =>
    Neighbour.of({
      Add: () =>
        Effect.map(
          self.update(({ n }) => ({ n: n + 1 })),
          ({ n }) => n
        )
    })
  )
)

const store = Layer.effect(
  SnapshotStore.SnapshotStore,
  Effect.map(Effect.service(SnapshotStore.SnapshotStore), (store) => {
    const scripted =
      <Arguments extends ReadonlyArray<unknown>, A, E>(
        of: Parameters<NonNullable<Script["store"]>>[0],
        act: (...args: Arguments) => Effect.Effect<A, E>
      ) =>
      (...args: Arguments) =>
        Effect.suspend(() => (script.store?.(of) ?? act(...args)) as Effect.Effect<A, E>)
    return SnapshotStore.SnapshotStore.of({
      read: scripted("read", store.read),
      write: scripted("write", store.write),
      remove: store.remove,
      spend: scripted("spend", store.spend),
      retire: scripted("retire", store.retire)
    })
  })
).pipe(Layer.provide(SnapshotStore.layerMemory))

const asked =
  (of: Parameters<NonNullable<Script["right"]>>[0]) =>
  ({ component }: { readonly component: string }) =>
    ((component === "Victim" ? script.right?.(of) : undefined) ?? Effect.succeed(true)) as Effect.Effect<boolean>

const rights = Authorization.layer({
  mount: asked("mount"),
  call: asked("call"),
  set: asked("set"),
  join: asked("join")
})

/** All of effect's loggers print what they are given, and one more fails. */
const logging = Logger.layer([
  ...[Logger.formatSimple, Logger.formatLogFmt, Logger.formatJson].map((format) => Logger.map(format, () => {})),
  Logger.make(() => {
    throw new Error("the disk is full")
  })
])

const subject = LiveTest.layer({ components: [Victim, Neighbour] }).pipe(
  Layer.provide([VictimLayer, NeighbourLayer]),
  Layer.provide([store, rights]),
  Layer.provide(logging)
)

/** What somebody does with the victim, while the script lasts. */
type Provoke = Effect.Effect<unknown, unknown, LiveTest | Scope.Scope>

const mounted = (key: string) => Effect.flatMap(LiveTest, (live) => live.mount(Victim, { key }))
const acts = (key: string) => Effect.flatMap(mounted(key), (victim) => Effect.exit(victim.call.Act()))
const adds = (key: string) => Effect.flatMap(mounted(key), (victim) => Effect.exit(victim.call.Add()))
const crashes = (key: string) =>
  Effect.flatMap(mounted(key), (victim) => Effect.andThen(Effect.exit(victim.call.Crash()), Effect.sleep("1 second")))

/** What is provoked with one value: what user code does, and what a client does meanwhile. */
type Case = readonly [Script, (key: string) => Provoke]

/** Runs the cases one after the other on one server. In the end each component works, and its neighbours have all the time. */
const check = (cases: ReadonlyArray<readonly [name: string, Case]>) =>
  Effect.gen(function* () {
    script = {}
    let calls = 0
    let current = ""
    const live = yield* LiveTest
    const other = yield* live.connect()
    const neighbour = yield* other.mount(Neighbour, {})
    const beside = yield* live.mount(Neighbour, {})
    const works = Effect.gen(function* () {
      calls++
      assert.strictEqual(yield* neighbour.call.Add(), calls, `the neighbour, with ${current}`)
      assert.strictEqual(yield* beside.call.Add(), calls, `the neighbour on the same connection, with ${current}`)
      assert.isTrue((yield* beside.view).connected, `the connection is open, with ${current}`)
    })
    for (const [name, [bad, provoke]] of cases) {
      current = name
      yield* Effect.scoped(
        Effect.gen(function* () {
          script = bad
          yield* Effect.forkScoped(Effect.exit(Effect.scoped(provoke(name))), { startImmediately: true })
          yield* live.settle
          yield* works
          yield* TestClock.adjust("2 seconds")
          script = {}
        })
      )
      yield* works
    }
    // Faulted or not, each is tried again within five minutes.
    yield* TestClock.adjust("6 minutes")
    for (const [name] of cases) {
      current = name
      const victim = yield* live.mount(Victim, { key: name })
      const before = (yield* victim.state).n
      yield* victim.call.Add()
      assert.strictEqual((yield* victim.state).n, before + 1, `the component, with ${name}`)
    }
  }).pipe(Effect.scoped, Effect.provide(subject))

const thrown = (value: unknown) => (): never => {
  throw value
}

/** Where user code may come upon, or bring, such a value. */
const places: Readonly<Record<string, (value: unknown) => Case>> = {
  "an action throws": (value) => [{ act: thrown(value) }, acts],
  "an action dies of": (value) => [{ act: () => Effect.die(value) }, acts],
  "an action dies later of": (value) => [{ act: () => Effect.andThen(Effect.yieldNow, Effect.die(value)) }, acts],
  "an action fails with": (value) => [{ act: () => Effect.fail(value) }, acts],
  "an action answers with": (value) => [{ act: () => Effect.succeed(value) }, acts],
  "an action sets": (value) => [{ act: (self) => self.set({ n: 1, value }) }, acts],
  "an action sets, and goes on,": (value) => [
    { act: (self) => Effect.andThen(self.set({ n: 1, value }), Effect.sleep("1 second")) },
    acts
  ],
  "an action sets in place of the state": (value) => [{ act: (self) => self.set(value as never) }, acts],
  "an action broadcasts": (value) => [{ act: (self) => self.broadcast("Said", value) }, acts],
  "a handler of an event dies of": (value) => [
    { act: (self) => self.broadcast("Said", 1), heard: () => Effect.die(value) },
    acts
  ],
  "a handler of an event fails with": (value) => [
    { act: (self) => self.broadcast("Said", 1), heard: () => Effect.fail(value) },
    acts
  ],
  "the first state cannot be computed, because it throws": (value) => [{ initial: thrown(value) }, mounted],
  "the first state is": (value) => [{ initial: () => ({ n: 0, value }) }, mounted],
  "a build throws": (value) => [{ build: thrown(value) }, mounted],
  "a build dies of": (value) => [{ build: () => Effect.die(value) }, mounted],
  "a build sets": (value) => [{ build: (self) => self.set({ n: 1, value }) }, mounted],
  "a build after a crash dies of": (value) => [
    { build: (_, activation) => (activation === 0 ? Effect.void : Effect.die(value)) },
    crashes
  ],
  "a build after a crash sets, and takes its time,": (value) => [
    {
      build: (self, activation) =>
        activation === 0 ? Effect.void : Effect.andThen(self.set({ n: 1, value }), Effect.sleep("1 second"))
    },
    crashes
  ],
  "a background fiber dies of": (value) => [
    {
      build: () => Effect.forkScoped(Effect.andThen(Effect.sleep("1 second"), Effect.die(value)))
    },
    mounted
  ],
  "a finalizer dies of": (value) => [{ build: () => Effect.addFinalizer(() => Effect.die(value)) }, crashes],
  "a finalizer of what is unmounted throws": (value) => [
    { build: () => Effect.addFinalizer(thrown(value)) },
    (key) => Effect.scoped(mounted(key))
  ],
  "a view throws": (value) => [{ view: thrown(value) }, mounted],
  "a view throws later": (value) => [{ view: (n) => (n === 0 ? undefined : thrown(value)()) }, adds],
  "a view shows": (value) => [{ view: () => ({ n: 0, value }) }, mounted],
  "a reducer throws": (value) => [{ reduce: thrown(value) }, adds],
  "a reducer gives": (value) => [{ reduce: () => ({ n: 0, value }) }, adds],
  "what is known of a client at first throws": (value) => [{ metadata: thrown(value) }, mounted],
  "what is known of a client at first is": (value) => [{ metadata: () => ({ name: value }) }, mounted],
  "what is known of a client later is": (value) => [{ act: (self) => self.track({ name: value }) }, acts],
  ...Object.fromEntries(
    (["mount", "call", "set", "join"] as const).flatMap((of) => {
      const provoke = Effect.fnUntraced(function* (key: string) {
        const live = yield* LiveTest
        const victim = yield* live.mount(Victim, { key })
        yield* Effect.exit(victim.call.Add())
        yield* Effect.exit(live.mount(Victim, { room: "lobby" }))
      })
      const only = (right: () => unknown) => (asked: string) => (asked === of ? right() : undefined)
      return [
        [`a right to ${of} throws`, (value: unknown) => [{ right: only(thrown(value)) }, provoke]],
        [`a right to ${of} dies of`, (value: unknown) => [{ right: only(() => Effect.die(value)) }, provoke]],
        [`a right to ${of} fails with`, (value: unknown) => [{ right: only(() => Effect.fail(value)) }, provoke]],
        [`a right to ${of} is`, (value: unknown) => [{ right: only(() => Effect.succeed(value)) }, provoke]]
      ] as const
    })
  ),
  ...Object.fromEntries(
    (["read", "write", "spend", "retire"] as const).flatMap((of) => {
      const provoke = Effect.fnUntraced(function* (key: string) {
        const live = yield* LiveTest
        const client = yield* live.connect()
        const victim = yield* client.mount(Victim, { key })
        yield* Effect.exit(victim.call.Add())
        const own = yield* client.mount(Victim, {})
        yield* Effect.exit(own.call.Add())
        yield* TestClock.adjust("1 second")
        yield* client.disconnect
        yield* client.reconnect
      })
      const only = (act: () => unknown) => (asked: string) => (asked === of ? act() : undefined)
      return [
        [`a store throws in ${of}`, (value: unknown) => [{ store: only(thrown(value)) }, provoke]],
        [`a store dies in ${of} of`, (value: unknown) => [{ store: only(() => Effect.die(value)) }, provoke]],
        [`a store fails in ${of} with`, (value: unknown) => [{ store: only(() => Effect.fail(value)) }, provoke]],
        [`a store answers in ${of} with`, (value: unknown) => [{ store: only(() => Effect.succeed(value)) }, provoke]]
      ] as const
    })
  )
}

/** For a machine that has other things to do. */
const timeout = 60_000

/** Where values of many megabytes are tried, too: they take their time. */
const isForLarge = /an action throws|an action dies of|a build dies of|a right to call dies of|a store fails in write/

/** The first of the reasons is told by vitest, and it cannot read all of them. */
const readable = (effect: Effect.Effect<void, unknown>) =>
  Effect.catchCause(effect, (cause) => Effect.die(Thrown.toError(Cause.squash(cause))))

describe("the component works again, and its neighbours always, when", () => {
  for (const [where, make] of Object.entries(places)) {
    it.effect(
      `${where} whatever cannot be read`,
      () => {
        const values = isForLarge.test(where) ? names : unsendable
        return readable(Effect.suspend(() => check(values.map((name) => [name, make(poison(name))]))))
      },
      timeout
    )
  }

  it.effect(
    "anything of that kind is inside of anything, anywhere",
    () => {
      const all = Object.entries(places)
      const cases = Array.from({ length: 300 }, (_, seed): readonly [string, Case] => {
        const [where, make] = all[seed % all.length] ?? ["", () => [{}, mounted]]
        return [`seed ${seed}, where ${where}`, make(anyPoison(seed))]
      })
      return readable(check(cases))
    },
    timeout
  )
})
