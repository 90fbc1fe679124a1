/** Components of a page without a framework. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, type Scope } from "effect"
import { TestClock } from "effect/testing"
import { LiveStore } from "fibra/store"
import { LiveTest } from "fibra/testing"
import { Profile, ProfileLayer } from "../examples/Profile.ts"
import { behaviors, components, Lab } from "../support/Lab.ts"

const withLive = <A>(test: Effect.Effect<A, unknown, LiveTest | Scope.Scope>) =>
  test.pipe(
    Effect.scoped,
    Effect.provide(
      LiveTest.layer({ components: [...components, Profile] }).pipe(Layer.provide([behaviors, ProfileLayer])),
      { local: true }
    )
  )

/** A page of the client of the test. */
const page = Effect.map(LiveTest, ({ client }) => LiveStore.connect({ client }))

describe("a component store", () => {
  it.effect("a component store mounts with its first listener, and unmounts gcTime after its last", () =>
    withLive(
      Effect.gen(function* () {
        const live = yield* LiveTest
        const store = (yield* page).component(Lab, { props: { start: 3 }, gcTime: "1 minute" })
        yield* live.settle
        assert.strictEqual((yield* live.open).instances, 0)
        const stops = [store.subscribe(() => {}), store.subscribe(() => {})]
        yield* live.settle
        assert.strictEqual((yield* live.open).instances, 1)
        assert.strictEqual(store.getSnapshot().status, "synced")
        // One that comes back in the same task changes nothing, as when React runs effects twice.
        const { componentId } = store.getSnapshot()
        for (const stop of stops) stop()
        const again = store.subscribe(() => {})
        yield* live.settle
        assert.strictEqual(store.getSnapshot().componentId, componentId)
        again()
        yield* TestClock.adjust("59 seconds")
        yield* live.settle
        assert.strictEqual((yield* live.open).instances, 1)
        // Whoever comes meanwhile has the same instance.
        const last = store.subscribe(() => {})
        yield* TestClock.adjust("1 hour")
        yield* live.settle
        assert.deepInclude(store.getSnapshot(), { componentId, activation: "resumed" })
        last()
        yield* live.settle
        yield* TestClock.adjust("1 minute")
        yield* live.settle
        assert.strictEqual((yield* live.open).instances, 0)
      })
    )
  )

  it.effect("a component store shows the same value until something changes, and tells each change once", () =>
    withLive(
      Effect.gen(function* () {
        const live = yield* LiveTest
        const store = (yield* page).component(Lab, { props: { start: 3 } })
        assert.strictEqual(store.getSnapshot(), store.getSnapshot())
        assert.strictEqual(store.getSnapshot().state.count, 3)
        const seen: Array<unknown> = []
        const stop = store.subscribe(() => void seen.push(store.getSnapshot()))
        yield* live.settle
        const result = yield* Effect.promise(() => store.call.Add({ by: 2 }))
        yield* live.settle
        assert.deepStrictEqual(result, { ok: true, value: 5 } as never)
        assert.strictEqual(store.getSnapshot().state.count, 5)
        assert.strictEqual(seen.at(-1), store.getSnapshot())
        assert.lengthOf(seen, new Set(seen).size)
        stop()
      })
    )
  )

  it.effect("a component store calls the callbacks of its options once, and gives events to who asks", () =>
    withLive(
      Effect.gen(function* () {
        const live = yield* LiveTest
        const told: Array<string> = []
        const store = (yield* page).component(Lab, {
          props: { start: 3 },
          onMount: ({ state }) => void told.push(`mounted at ${state.count}`),
          onStateChange: ({ count }) => void told.push(`counted to ${count}`)
        })
        const stops = [1, 2, 3].map(() => store.subscribe(() => {}))
        const deaf = store.on("Announced", ({ text }) => void told.push(text))
        store.on("Another" as never, () => void told.push("of another name"))
        yield* live.settle
        void store.call.Add({ by: 1 })
        void store.call.Announce({ text: "hello" })
        yield* live.settle
        deaf()
        void store.call.Announce({ text: "nobody listens" })
        yield* live.settle
        assert.deepStrictEqual(told, ["mounted at 3", "counted to 4", "hello"])
        for (const stop of stops) stop()
      })
    )
  )

  it.effect("a component store is mounted and unmounted by hand, too", () =>
    withLive(
      Effect.gen(function* () {
        const live = yield* LiveTest
        const store = (yield* page).component(Lab, { props: { start: 3 }, autoMount: false })
        const stop = store.subscribe(() => {})
        yield* live.settle
        assert.strictEqual(store.getSnapshot().status, "disconnected")
        store.mount()
        yield* live.settle
        assert.strictEqual(store.getSnapshot().status, "synced")
        store.unmount()
        yield* live.settle
        assert.strictEqual((yield* live.open).instances, 0)
        stop()
      })
    )
  )
})

describe("an action store", () => {
  it.effect("an action store has its own pending, data and error, which is not the component's", () =>
    withLive(
      Effect.gen(function* () {
        const live = yield* LiveTest
        const store = (yield* page).component(Lab, { props: { start: 3 } })
        const stop = store.subscribe(() => {})
        yield* live.settle
        const [add, other] = [store.action("Add"), store.action("Add")]
        void add.run({ by: 1 })
        assert.isTrue(add.getSnapshot().pending)
        yield* live.settle
        assert.deepInclude(add.getSnapshot(), { pending: false, data: 4, error: undefined })
        void add.run({ by: 1000 })
        yield* live.settle
        assert.strictEqual(add.getSnapshot().error?._tag, "TooMuch")
        assert.isUndefined(store.getSnapshot().error)
        assert.isUndefined(other.getSnapshot().data)
        add.reset()
        assert.isUndefined(add.getSnapshot().error)
        stop()
      })
    )
  )
})

describe("a field store", () => {
  it.effect("a field store shows what is typed over what the server sends, until the server has taken it", () =>
    withLive(
      Effect.gen(function* () {
        const live = yield* LiveTest
        const profile = (yield* page).component(Profile)
        const name = profile.field("name", { commit: "manual" })
        const seen: Array<string> = []
        const stop = name.subscribe(() => void seen.push(name.getSnapshot().value))
        yield* live.settle
        name.setValue("Bob")
        assert.deepInclude(name.getSnapshot(), { value: "Bob", isDirty: true })
        assert.strictEqual(name.getSnapshot(), name.getSnapshot())
        void profile.call.SetName({ name: "Carol" })
        yield* live.settle
        assert.strictEqual(profile.getSnapshot().state.name, "Carol")
        assert.strictEqual(name.getSnapshot().value, "Bob")
        assert.isTrue(yield* Effect.promise(() => name.commit()))
        yield* live.settle
        assert.deepInclude(name.getSnapshot(), { value: "Bob", isDirty: false, pending: false })
        name.setValue("ada")
        assert.isFalse(yield* Effect.promise(() => name.commit()))
        assert.strictEqual(name.getSnapshot().error?._tag, "NameTaken")
        name.reset()
        assert.deepInclude(name.getSnapshot(), { value: "Bob", error: undefined })
        // It was told as the server's value came, too, not only what was typed.
        void profile.call.SetName({ name: "Dora" })
        yield* live.settle
        assert.strictEqual(seen.at(-1), "Dora")
        stop()
      })
    )
  )

  it.effect("a field store forgets a draft that the server has, whoever brought it there", () =>
    withLive(
      Effect.gen(function* () {
        const live = yield* LiveTest
        const profile = (yield* page).component(Profile)
        const name = profile.field("name", { commit: "manual" })
        const stop = name.subscribe(() => {})
        yield* live.settle
        const follows = Effect.fnUntraced(function* (other: string) {
          void profile.call.SetName({ name: other })
          yield* live.settle
          assert.strictEqual(name.getSnapshot().value, other)
        })
        name.setValue("Bob")
        yield* follows("Bob")
        yield* follows("Carol")
        name.setValue("Carol")
        yield* follows("Dora")
        stop()
      })
    )
  )

  it.effect("a field store commits what is typed when the field is left, and when nobody looks any more", () =>
    withLive(
      Effect.gen(function* () {
        const live = yield* LiveTest
        const profile = (yield* page).component(Profile)
        const name = profile.field("name", { debounce: "1 hour" })
        const about = profile.field("about", { debounce: "1 hour", action: "Describe" })
        const stopAll = profile.subscribe(() => {})
        const stops = [name.subscribe(() => {}), about.subscribe(() => {})]
        yield* live.settle
        name.setValue("Bob")
        about.setValue("builds")
        name.leave()
        yield* live.settle
        assert.deepStrictEqual(profile.getSnapshot().state, { name: "Bob", about: "" })
        for (const stop of stops) stop()
        yield* live.settle
        assert.deepStrictEqual(profile.getSnapshot().state, { name: "Bob", about: "builds" })
        stopAll()
      })
    )
  )
})
