// @vitest-environment happy-dom
import { assert, describe, it } from "@effect/vitest"
import { Effect, Latch } from "effect"
import { type ActionNamed, type LiveAction, type LiveComponent, useAction, useComponent } from "fibra/react"
import { LiveTest } from "fibra/testing"
import { memo } from "react"
import { Gate, Lab } from "../support/Lab.ts"
import { onPage, Page } from "../support/page.tsx"

type LabAction<Name> = LiveAction<ActionNamed<typeof Lab, Name>>

/** What a view shows, and how often it was drawn. */
interface Seen {
  lab: LiveComponent<typeof Lab>
  add: LabAction<"Add">
  wait: LabAction<"Wait">
  drawn: number
}

const views = () => {
  const seen = { drawn: 0 } as Seen
  const View = ({ start = 0 }: { readonly start?: number }) => {
    const lab = useComponent(Lab, { props: { start } })
    Object.assign(seen, {
      lab,
      add: useAction(lab, "Add"),
      wait: useAction(lab, "Wait"),
      drawn: seen.drawn + 1
    })
    return <p>[{lab.state.count}]</p>
  }
  return { seen, View }
}

/** Begins a call, and does not wait for it. */
const begun = <A,>(call: () => Promise<A>): Effect.Effect<Promise<A>> => Effect.suspend(() => Effect.succeed(call()))

describe("useAction", () => {
  it.effect("an action is pending until its answer comes, and then has its value", () =>
    onPage(
      Effect.gen(function* () {
        const { drawn, render } = yield* Page
        const { seen, View } = views()
        yield* render(<View />)
        assert.deepInclude(seen.wait, { pending: false, error: undefined, data: undefined })
        const { run } = seen.wait
        const waited = yield* drawn(begun(() => run()))
        assert.deepInclude(seen.wait, { pending: true, error: undefined, data: undefined })
        assert.isFalse(seen.add.pending)
        yield* drawn(Latch.open((yield* Gate).latch))
        const result: unknown = yield* drawn(Effect.promise(() => waited))
        assert.deepStrictEqual(result, { ok: true, value: "waited" })
        assert.deepInclude(seen.wait, { pending: false, error: undefined, data: "waited", run })
      })
    )
  )

  it.effect("an action keeps its error whatever other actions do, and the component does not have it", () =>
    onPage(
      Effect.gen(function* () {
        const { drawn, render } = yield* Page
        const { seen, View } = views()
        yield* render(<View />)
        yield* drawn(Effect.promise(() => seen.add.run({ by: 101 })))
        assert.strictEqual(seen.add.error?._tag, "TooMuch")
        assert.strictEqual(seen.lab.error, undefined)
        yield* Latch.open((yield* Gate).latch)
        yield* drawn(Effect.promise(() => seen.wait.run()))
        yield* drawn(Effect.promise(() => seen.lab.call.Add({ by: 1 })))
        assert.deepInclude(seen.wait, { error: undefined, data: "waited" })
        assert.strictEqual(seen.add.error?._tag, "TooMuch")
        // Nor does it lose the error of a call of the component.
        yield* drawn(Effect.promise(() => seen.lab.call.Add({ by: 200 })))
        yield* drawn(Effect.promise(() => seen.add.run({ by: 1 })))
        assert.deepInclude(seen.add, { error: undefined, data: 2 })
        assert.strictEqual(seen.lab.error?._tag, "TooMuch")
      })
    )
  )

  it.effect("an action's error goes when it runs again, and its value stays until there is another", () =>
    onPage(
      Effect.gen(function* () {
        const { drawn, render } = yield* Page
        const live = yield* LiveTest
        const { seen, View } = views()
        yield* render(<View />)
        yield* drawn(Effect.promise(() => seen.add.run({ by: 1 })))
        yield* drawn(Effect.promise(() => seen.add.run({ by: 101 })))
        assert.deepInclude(seen.add, { pending: false, data: 1 })
        assert.strictEqual(seen.add.error?._tag, "TooMuch")
        yield* live.hold
        yield* drawn(Effect.sync(() => void seen.add.run({ by: 2 })))
        assert.deepInclude(seen.add, { pending: true, error: undefined, data: 1 })
        yield* drawn(live.unhold)
        yield* drawn(Effect.void)
        assert.deepInclude(seen.add, { pending: false, error: undefined, data: 3 })
      })
    )
  )

  it.effect(
    "an action that runs twice at once is pending until both have ended, and shows what the later one gave",
    () =>
      onPage(
        Effect.gen(function* () {
          const { drawn, render } = yield* Page
          const live = yield* LiveTest
          const { seen, View } = views()
          yield* render(<View />)
          yield* drawn(live.disconnect)
          const { run } = seen.add
          const slow = yield* drawn(begun(() => run({ by: 101 })))
          // The later one ends first: it gives up.
          yield* drawn(Effect.promise(() => run({ by: 1 }, { timeout: "1 millis" })))
          assert.strictEqual(seen.add.pending, true)
          const shown = seen.add.error
          assert.strictEqual(shown?._tag, "LiveError")
          yield* drawn(live.reconnect)
          assert.isFalse((yield* drawn(Effect.promise(() => slow))).ok)
          assert.deepInclude(seen.add, { pending: false, error: shown })
        })
      )
  )

  it.effect("an action that is reset has no error and no value, and what is under way is not shown", () =>
    onPage(
      Effect.gen(function* () {
        const { drawn, render } = yield* Page
        const { seen, View } = views()
        yield* render(<View />)
        yield* drawn(Effect.promise(() => seen.add.run({ by: 1 })))
        yield* drawn(Effect.promise(() => seen.add.run({ by: 101 })))
        yield* drawn(Effect.sync(() => seen.add.reset()))
        assert.deepInclude(seen.add, { pending: false, error: undefined, data: undefined })
        const waited = yield* drawn(begun(() => seen.wait.run()))
        yield* drawn(Effect.sync(() => seen.wait.reset()))
        assert.isFalse(seen.wait.pending)
        yield* drawn(Latch.open((yield* Gate).latch))
        assert.isTrue((yield* drawn(Effect.promise(() => waited))).ok)
        assert.deepInclude(seen.wait, { pending: false, data: undefined })
      })
    )
  )

  it.effect("an action of a component with other props starts anew, and that of before is not shown there", () =>
    onPage(
      Effect.gen(function* () {
        const { drawn, render } = yield* Page
        const { seen, View } = views()
        yield* render(<View />)
        yield* drawn(Effect.promise(() => seen.add.run({ by: 101 })))
        const { run } = seen.add
        const waited = yield* drawn(begun(() => seen.wait.run()))
        yield* render(<View start={5} />)
        assert.deepInclude(seen.add, { pending: false, error: undefined })
        assert.notStrictEqual(seen.add.run, run)
        yield* drawn(Latch.open((yield* Gate).latch))
        yield* drawn(Effect.promise(() => waited))
        assert.deepInclude(seen.wait, { pending: false, error: undefined, data: undefined })
      })
    )
  )

  it.effect("an action whose view is gone draws nothing more, though its call is answered", () =>
    onPage(
      Effect.gen(function* () {
        const { drawn, render } = yield* Page
        const live = yield* LiveTest
        const { seen, View } = views()
        yield* render(<View />)
        yield* live.hold
        const running = yield* drawn(begun(() => seen.add.run({ by: 1 })))
        const { drawn: times } = seen
        yield* render(null)
        yield* drawn(live.unhold)
        yield* drawn(Effect.promise(() => running))
        assert.strictEqual(seen.drawn, times)
      })
    )
  )

  it.effect("an action draws the view that uses it, and no other", () =>
    onPage(
      Effect.gen(function* () {
        const { drawn, render } = yield* Page
        const [parents, children]: [Array<string>, Array<LabAction<"Add">>] = [[], []]
        const Child = memo(({ of }: { readonly of: LiveComponent<typeof Lab> }) => {
          children.push(useAction(of, "Add"))
          return null
        })
        const Parent = () => {
          parents.push("drawn")
          return <Child of={useComponent(Lab, { props: { start: 0 } })} />
        }
        yield* render(<Parent />)
        const [drawnParents, drawnChildren] = [parents.length, children.length]
        // It fails, so that no state changes.
        yield* drawn(Effect.promise(async () => children.at(-1)?.run({ by: 101 })))
        assert.isAbove(children.length, drawnChildren)
        assert.strictEqual(parents.length, drawnParents)
      })
    )
  )
})
