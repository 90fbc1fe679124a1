/** The composables in an effect scope of their own, without a page. */
import { assert, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import { LiveTest } from "fibra/testing"
import { livePlugin, LiveStore, useAction, useComponent, useConnection, useEvent, useField } from "fibra/vue"
import { createApp, effectScope, watch } from "vue"
import { Profile, ProfileLayer } from "../examples/Profile.ts"
import { behaviors, components, Lab } from "../support/Lab.ts"

const withLive = Effect.provide(
  LiveTest.layer({ components: [...components, Profile] }).pipe(Layer.provide([behaviors, ProfileLayer])),
  { local: true }
)

it.effect("a composable shows its component, is followed by what reads it, and is released with its scope", () =>
  Effect.gen(function* () {
    const live = yield* LiveTest
    const app = createApp({}).use(livePlugin(LiveStore.connect({ client: live.client })))
    const scope = effectScope()
    const seen: Array<number> = []
    const heard: Array<string> = []
    const view = app.runWithContext(() =>
      scope.run(() => {
        const lab = useComponent(Lab, { props: { start: 3 } })
        watch(
          () => lab.state.count,
          (count) => void seen.push(count),
          { immediate: true, flush: "sync" }
        )
        useEvent(lab, "Announced", ({ text }) => void heard.push(text))
        return { lab, add: useAction(lab, "Add"), connection: useConnection() }
      })
    )
    if (view === undefined) return assert.fail("the scope is over")
    const { add, connection, lab } = view
    yield* live.settle
    assert.deepStrictEqual([lab.status, lab.connected, connection.status], ["synced", true, "connected"])
    void add.run({ by: 2 })
    assert.isTrue(add.pending)
    void lab.call.Announce({ text: "hello" })
    yield* live.settle
    assert.deepStrictEqual([add.data, add.pending], [5, false])
    assert.deepStrictEqual([seen, heard], [[3, 5], ["hello"]])
    scope.stop()
    yield* live.settle
    yield* TestClock.adjust("5 seconds")
    yield* live.settle
    assert.strictEqual((yield* live.open).instances, 0)
  }).pipe(Effect.scoped, withLive)
)

it.effect("a composable of a field takes what an input says, and commits it when the input is left", () =>
  Effect.gen(function* () {
    const live = yield* LiveTest
    const app = createApp({}).use(livePlugin(LiveStore.connect({ client: live.client })))
    const scope = effectScope()
    const name = app.runWithContext(() =>
      scope.run(() => useField(useComponent(Profile), "name", { debounce: "1 hour" }))
    )
    if (name === undefined) return assert.fail("the scope is over")
    yield* live.settle
    name.input.onInput({ target: { value: "Bob " } } as never)
    assert.deepStrictEqual([name.input.value, name.isDirty], ["Bob ", true])
    name.input.onBlur()
    yield* live.settle
    assert.deepStrictEqual([name.value, name.isDirty, name.error], ["Bob", false, undefined])
    scope.stop()
    yield* live.settle
    yield* TestClock.adjust("5 seconds")
    yield* live.settle
    assert.strictEqual((yield* live.open).instances, 0)
  }).pipe(Effect.scoped, withLive)
)

it("a composable where no page is provided says what to do", () => {
  assert.throws(() => createApp({}).runWithContext(() => effectScope().run(() => useConnection())), /livePlugin/)
})
