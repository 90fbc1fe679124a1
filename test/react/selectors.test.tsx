// @vitest-environment happy-dom
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { useComponent } from "fibra/react"
import { LiveTest } from "fibra/testing"
import { renderToString } from "react-dom/server"
import { LiveProvider } from "fibra/react"
import { Profiler } from "react"
import { Lab } from "../support/Lab.ts"
import { onPage, Page } from "../support/page.tsx"

const options = { props: { start: 0 }, key: "shared" }

/** Another page does this. */
const elsewhere = (action: "Add" | "Fill", by: number) =>
  Effect.scoped(
    Effect.gen(function* () {
      const live = yield* LiveTest
      const lab = yield* live.mount(Lab, options)
      yield* action === "Add" ? lab.call.Add({ by }) : lab.call.Fill({ count: by })
      yield* live.settle
    })
  )

describe("a selector", () => {
  it.effect("a view with a selector is rendered by none of five hundred changes of another field", () =>
    onPage(
      Effect.gen(function* () {
        const { drawn, render, text } = yield* Page
        const live = yield* LiveTest
        const renders = { items: 0, label: 0 }
        const Label = () => <b>{useComponent(Lab, options, ({ label }) => `[${label}]`)}</b>
        const Items = () => <i>{useComponent(Lab, options, ({ items }) => items.length)}</i>
        yield* render(
          <>
            <Profiler id="label" onRender={() => void renders.label++}>
              <Label />
            </Profiler>
            <Profiler id="items" onRender={() => void renders.items++}>
              <Items />
            </Profiler>
          </>
        )
        const lab = yield* live.mount(Lab, options)
        const before = { ...renders }
        for (let time = 0; time < 10; time++) yield* drawn(lab.call.Burst({ times: 50 }))
        assert.strictEqual((yield* lab.state).count, 500)
        assert.deepStrictEqual(renders, before)
        yield* drawn(lab.call.Fill({ count: 3 }))
        assert.deepStrictEqual([renders.label, renders.items > before.items, text()], [before.label, true, "[]3"])
      })
    )
  )

  it.effect("a view with a selector is rendered when that part has changed, and for nothing else", () =>
    onPage(
      Effect.gen(function* () {
        const { drawn, element, render } = yield* Page
        const live = yield* LiveTest
        const renders: Array<string> = []
        const Count = () => <b>{useComponent(Lab, options, (state) => state.count)}</b>
        const Items = () => <i>{useComponent(Lab, options, ({ items }) => items.map(({ text }) => text)).join()}</i>
        const on = (id: string) => void renders.push(id)
        yield* render(
          <>
            <Profiler id="count" onRender={on}>
              <Count />
            </Profiler>
            <Profiler id="items" onRender={on}>
              <Items />
            </Profiler>
          </>
        )
        renders.length = 0
        yield* drawn(elsewhere("Add", 2))
        assert.deepStrictEqual(renders, ["count"])
        renders.length = 0
        // The selector gives a new list each time, and it has another value only now.
        yield* drawn(elsewhere("Fill", 2))
        assert.deepStrictEqual(renders, ["items"])
        renders.length = 0
        yield* drawn(Effect.andThen(live.disconnect, live.reconnect))
        yield* drawn(Effect.void)
        assert.deepStrictEqual(renders, [])
        assert.strictEqual(element.innerHTML, "<b>2</b><i>item 0,item 1</i>")
      })
    )
  )

  it.effect("a selector may be another at each render, and what it gives stays the same while its value does", () =>
    onPage(
      Effect.gen(function* () {
        const { drawn, render } = yield* Page
        const seen: Array<{ readonly double: number }> = []
        const View = ({ factor }: { readonly factor: number }) => {
          seen.push(useComponent(Lab, options, ({ count }) => ({ double: count * factor })))
          return null
        }
        yield* render(<View factor={2} />)
        const first = seen.at(-1)
        yield* render(<View factor={2} />)
        yield* render(<View factor={3} />)
        assert.strictEqual(seen.at(-1), first)
        yield* drawn(elsewhere("Add", 5))
        assert.deepStrictEqual(seen.at(-1), { double: 15 })
        yield* render(<View factor={4} />)
        assert.deepStrictEqual(seen.at(-1), { double: 20 })
      })
    )
  )

  it.effect("a selector is given the component, too: its status and its calls", () =>
    onPage(
      Effect.gen(function* () {
        const { drawn, element, render } = yield* Page
        const live = yield* LiveTest
        const View = () => {
          const { add, status } = useComponent(Lab, options, (_, { call, status }) => ({ add: call.Add, status }))
          return <button onClick={() => add({ by: 1 })}>{status}</button>
        }
        yield* render(<View />)
        assert.strictEqual(element.textContent, "synced")
        yield* drawn(Effect.sync(() => element.querySelector("button")?.click()))
        yield* drawn(live.disconnect)
        assert.strictEqual(element.textContent, "reconnecting")
        yield* drawn(live.reconnect)
        const lab = yield* live.mount(Lab, options)
        assert.strictEqual((yield* lab.state).count, 1)
      }).pipe(Effect.scoped)
    )
  )

  it("a selector selects from the initial state where a server renders", () => {
    const View = () => <p>{useComponent(Lab, { props: { start: 4 } }, ({ count }) => count * 2)}</p>
    const html = renderToString(
      <LiveProvider>
        <View />
      </LiveProvider>
    )
    assert.strictEqual(html, "<p>8</p>")
  })
})
