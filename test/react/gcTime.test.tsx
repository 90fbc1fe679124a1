// @vitest-environment happy-dom
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { LiveProvider, type LiveComponent, useComponent, type ViewOptions } from "fibra/react"
import { LiveTest } from "fibra/testing"
import { useState } from "react"
import { Gate, Lab } from "../support/Lab.ts"
import { onPage, Page } from "../support/page.tsx"

type Options = ViewOptions<typeof Lab> & { readonly start?: number; readonly cacheKey?: string }

const make = () => {
  const seen: Array<LiveComponent<typeof Lab>> = []
  const View = ({ start = 0, ...options }: Options) => {
    const lab = useComponent(Lab, { props: { start }, ...options })
    seen.push(lab)
    return <p>[{lab.state.count}]</p>
  }
  const last = () => seen.at(-1) as LiveComponent<typeof Lab>
  const add = (by: number, to = last()) => Effect.promise(() => to.call.Add({ by }))
  return { add, last, seen, View }
}

describe("a component whose view is gone", () => {
  it.effect("a component whose view comes back within gcTime shows its state at once, and is not mounted again", () =>
    onPage(
      Effect.gen(function* () {
        const { drawn, instances, render, text } = yield* Page
        const { add, last, seen, View } = make()
        yield* render(<View />)
        yield* drawn(add(3))
        yield* render(null)
        yield* drawn(TestClock.adjust("4 seconds"))
        const told: Array<string> = []
        const { componentId } = last()
        seen.length = 0
        yield* render(
          <View
            onConnect={({ state }) => void told.push(`connect ${state.count}`)}
            onMount={() => void told.push("mount")}
          />
        )
        assert.deepStrictEqual([...new Set(seen.map(({ state }) => state.count))], [3])
        assert.deepInclude(last(), { connected: true, loading: false, activation: "resumed", componentId })
        assert.deepStrictEqual([text(), told], ["[3]", ["connect 3"]])
        // It is the view's from then on.
        yield* drawn(TestClock.adjust("1 hour"))
        yield* drawn(add(1))
        assert.deepStrictEqual([text(), yield* instances, (yield* Gate).built], ["[4]", 1, 1])
      })
    )
  )

  it.effect("a component whose view does not come back is unmounted after gcTime, and begins anew then", () =>
    onPage(
      Effect.gen(function* () {
        const { drawn, instances, render, text } = yield* Page
        const { add, View } = make()
        for (const [gcTime, before] of [
          [undefined, "4999 millis"],
          ["2 minutes", "119 seconds"]
        ] as const) {
          yield* render(<View gcTime={gcTime} />)
          yield* drawn(add(3))
          yield* render(null)
          yield* drawn(TestClock.adjust(before))
          assert.strictEqual(yield* instances, 1)
          yield* drawn(TestClock.adjust("1 second"))
          assert.strictEqual(yield* instances, 0)
          yield* render(<View gcTime={0} />)
          assert.strictEqual(text(), "[0]")
          yield* render(null)
          assert.strictEqual(yield* instances, 0)
        }
      })
    )
  )

  it.effect("a call of a view that is gone runs as long as its component is kept", () =>
    onPage(
      Effect.gen(function* () {
        const { drawn, render, text } = yield* Page
        const { add, last, View } = make()
        yield* render(<View />)
        const gone = last()
        yield* render(null)
        assert.deepInclude(yield* drawn(add(2, gone)), { ok: true, value: 2 })
        yield* render(<View />)
        assert.strictEqual(text(), "[2]")
      })
    )
  )

  it.effect("a component goes from a view to the one that takes its place, where that asks for the same", () =>
    onPage(
      Effect.gen(function* () {
        const { drawn, instances, render, text } = yield* Page
        const { add, View } = make()
        yield* render(<View key="home" />)
        yield* drawn(add(3))
        yield* render(<View key="basket" />)
        assert.deepStrictEqual([text(), yield* instances], ["[3]", 1])
        yield* render(<View key="basket" start={7} />)
        assert.strictEqual(text(), "[7]")
        yield* render(<View key="basket" start={0} />)
        assert.deepStrictEqual([text(), yield* instances, (yield* Gate).built], ["[3]", 2, 2])
      })
    )
  )

  it.effect("views that ask for the same have their own component each again, in their order", () =>
    onPage(
      Effect.gen(function* () {
        const { drawn, instances, render, text } = yield* Page
        const { add, seen, View } = make()
        const pair = (
          <>
            <View />
            <View />
          </>
        )
        yield* render(pair)
        const second = seen.at(-1)
        yield* drawn(add(5, second))
        assert.strictEqual(text(), "[0][5]")
        yield* render(null)
        yield* render(pair)
        assert.deepStrictEqual([text(), yield* instances], ["[0][5]", 2])
      })
    )
  )

  it.effect("a component is not kept when it was unmounted by hand, nor when its page is left", () =>
    onPage(
      Effect.gen(function* () {
        const { drawn, instances, leave, render } = yield* Page
        const { last, View } = make()
        yield* render(<View />)
        yield* drawn(Effect.sync(() => last().unmount()))
        assert.strictEqual(yield* instances, 0)
        yield* drawn(Effect.sync(() => last().mount()))
        yield* render(null)
        assert.strictEqual(yield* instances, 1)
        yield* drawn(Effect.sync(() => last().unmount()))
        assert.strictEqual(yield* instances, 0)
        yield* render(<View gcTime="1 hour" />)
        yield* render(null)
        assert.strictEqual(yield* instances, 1)
        assert.strictEqual((yield* leave).instances, 0)
      })
    )
  )

  it.effect("a component is not kept for whoever signs in next", () =>
    onPage(
      Effect.gen(function* () {
        const { drawn, instances, render, text } = yield* Page
        const live = yield* LiveTest
        const { add, View } = make()
        const signIn = {} as { as: (token: string) => void }
        const Site = () => {
          const [token, setToken] = useState("ada")
          const [isShown, setShown] = useState(true)
          Object.assign(signIn, { as: setToken })
          return (
            <LiveProvider client={live.client} token={token}>
              <button onClick={() => setShown(!isShown)}>{isShown && <View gcTime="1 hour" />}</button>
            </LiveProvider>
          )
        }
        yield* render(<Site />)
        const toggle = drawn(Effect.sync(() => document.querySelector("button")?.click()))
        yield* drawn(add(3))
        yield* toggle
        assert.strictEqual(yield* instances, 1)
        yield* drawn(Effect.sync(() => signIn.as("bob")))
        assert.strictEqual(yield* instances, 0)
        yield* toggle
        assert.strictEqual(text(), "[0]")
      })
    )
  )

  it.effect("a component is not kept beside another with its cacheKey", () =>
    onPage(
      Effect.gen(function* () {
        const { drawn, instances, render, text } = yield* Page
        const { add, View } = make()
        yield* render(<View cacheKey="mine" />)
        yield* drawn(add(3))
        yield* render(<View cacheKey="mine" start={7} />)
        assert.deepStrictEqual([text(), yield* instances], ["[7]", 1])
      })
    )
  )

  it.effect("no more than 32 components are kept, those that were left last", () =>
    onPage(
      Effect.gen(function* () {
        const { instances, render } = yield* Page
        const { View } = make()
        yield* render(Array.from({ length: 40 }, (_, start) => <View key={start} start={start} />))
        yield* render(null)
        assert.strictEqual(yield* instances, 32)
        yield* render(<View start={39} />)
        assert.deepStrictEqual([yield* instances, (yield* Gate).built], [32, 40])
      })
    )
  )

  it.effect("a component that could not be mounted is not kept", () =>
    onPage(
      Effect.gen(function* () {
        const { drawn, render } = yield* Page
        const live = yield* LiveTest
        const { last, View } = make()
        yield* live.disconnect
        yield* render(<View />)
        yield* drawn(TestClock.adjust("31 seconds"))
        assert.strictEqual(last().error?._tag, "LiveError")
        yield* render(null)
        yield* render(<View />)
        assert.deepInclude(last(), { error: undefined, loading: true })
      })
    )
  )
})
