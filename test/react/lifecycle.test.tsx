// @vitest-environment happy-dom
import { assert, describe, it, vi } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { type LiveComponent, useComponent, type ViewOptions } from "fibra/react"
import { LiveTest } from "fibra/testing"
import { lazy, Suspense, use, useState } from "react"
import { Gate, Lab } from "../support/Lab.ts"
import { onPage, Page } from "../support/page.tsx"

type Options = ViewOptions<typeof Lab>

const make = () => {
  const told: Array<string> = []
  const seen = {} as { lab: LiveComponent<typeof Lab> }
  const listener: Options = {
    onConnect: ({ status }) => void told.push(`connect ${status}`),
    onMount: ({ state }) => void told.push(`mount ${state.count}`),
    onRehydrate: ({ state }) => void told.push(`rehydrate ${state.count}`),
    onDisconnect: ({ status }) => void told.push(`disconnect ${status}`),
    onError: (error) => void told.push(`error ${error._tag}`),
    onStateChange: (state, before) => void told.push(`state ${before.count} ${state.count}`)
  }
  const View = ({ start = 0, ...options }: Options & { readonly start?: number }) => {
    const lab = useComponent(Lab, { props: { start }, ...listener, ...options })
    Object.assign(seen, { lab })
    return <p>[{lab.state.count}]</p>
  }
  const take = () => told.splice(0)
  return { seen, take, View }
}

describe("what a view is told of its component", () => {
  it.effect("a view is told of each thing once: the mount, changes, errors, a lost connection, a lost server", () =>
    onPage(
      Effect.gen(function* () {
        const { drawn, render } = yield* Page
        const live = yield* LiveTest
        const { seen, take, View } = make()
        yield* render(<View />)
        assert.deepStrictEqual(take(), ["mount 0", "connect synced"])
        yield* render(<View />)
        assert.deepStrictEqual(take(), [])
        yield* drawn(Effect.promise(() => seen.lab.call.Add({ by: 2 })))
        assert.deepStrictEqual(take(), ["state 0 2"])
        yield* drawn(Effect.promise(() => seen.lab.call.Add({ by: 200 })))
        assert.deepStrictEqual(take(), ["error TooMuch"])
        yield* drawn(live.disconnect)
        assert.deepStrictEqual(take(), ["disconnect reconnecting"])
        yield* drawn(live.reconnect)
        assert.deepStrictEqual(take(), ["connect synced"])
        yield* drawn(TestClock.adjust("1 second"))
        yield* drawn(live.kill)
        yield* drawn(Effect.andThen(live.start, live.reconnect))
        assert.deepStrictEqual(take(), ["disconnect reconnecting", "rehydrate 2", "connect synced"])
      })
    )
  )

  it.effect("a view is told by the functions of its last render, and by none when it is gone", () =>
    onPage(
      Effect.gen(function* () {
        const { drawn, render } = yield* Page
        const { seen, take, View } = make()
        const late: Array<number> = []
        yield* render(<View />)
        yield* render(<View onStateChange={({ count }) => void late.push(count)} />)
        take()
        yield* drawn(Effect.promise(() => seen.lab.call.Add({ by: 1 })))
        assert.deepStrictEqual([take(), late], [[], [1]])
        yield* render(null)
        assert.deepStrictEqual(take(), [])
      })
    )
  )

  it.effect("a view with debug has its component's life in the log, without the values", () =>
    onPage(
      Effect.gen(function* () {
        const { drawn, render } = yield* Page
        const live = yield* LiveTest
        const logged = vi.spyOn(console, "log").mockImplementation(() => {})
        const { seen, View } = make()
        yield* render(<View debug />)
        yield* drawn(Effect.promise(() => seen.lab.call.Prepend({ text: "a private matter" })))
        yield* drawn(Effect.promise(() => seen.lab.call.Add({ by: 200 })))
        yield* drawn(live.disconnect)
        const text = logged.mock.calls.flat().map(String).join("\n")
        logged.mockRestore()
        for (const line of [
          '"Lab" is synced',
          '"Lab" has changed: items',
          '"Lab" has an error',
          '"Lab" is reconnecting'
        ])
          assert.include(text, line)
        assert.notInclude(text, "private")
      })
    )
  )
})

describe("a component that is mounted by hand", () => {
  it.effect("with autoMount false it is mounted by mount, and its calls fail until then", () =>
    onPage(
      Effect.gen(function* () {
        const { drawn, instances, render } = yield* Page
        const { seen, take, View } = make()
        yield* render(<View autoMount={false} />)
        assert.deepInclude(seen.lab, { status: "disconnected", connected: false, loading: false, error: undefined })
        assert.strictEqual(yield* instances, 0)
        const refused = yield* drawn(Effect.promise(() => seen.lab.call.Add({ by: 1 })))
        assert.deepNestedInclude(refused, { ok: false, "error.reason._tag": "InstanceStopped" })
        const { mount } = seen.lab
        take()
        yield* drawn(Effect.sync(mount))
        assert.deepInclude(seen.lab, { status: "synced", connected: true, mount })
        assert.strictEqual(yield* instances, 1)
        yield* drawn(Effect.sync(mount))
        assert.strictEqual((yield* Gate).built, 1)
        yield* render(<View autoMount={false} />)
        assert.strictEqual(seen.lab.status, "synced")
      })
    )
  )

  it.effect("unmounted, its state stays on the page until it is mounted again and there is another", () =>
    onPage(
      Effect.gen(function* () {
        const { drawn, instances, render, text } = yield* Page
        const live = yield* LiveTest
        const { seen, take, View } = make()
        yield* render(<View />)
        yield* drawn(Effect.promise(() => seen.lab.call.Add({ by: 3 })))
        take()
        yield* drawn(Effect.sync(seen.lab.unmount))
        assert.deepInclude(seen.lab, { status: "disconnected", connected: false, componentId: undefined })
        assert.deepStrictEqual([take(), text(), yield* instances], [["disconnect disconnected"], "[3]", 0])
        yield* live.hold
        yield* drawn(Effect.sync(seen.lab.mount))
        assert.deepStrictEqual([seen.lab.status, text()], ["mounting", "[3]"])
        yield* drawn(live.unhold)
        assert.deepStrictEqual([seen.lab.status, text(), yield* instances], ["synced", "[0]", 1])
      })
    )
  )

  it.effect("its state stays on the page, too, when it cannot be mounted again", () =>
    onPage(
      Effect.gen(function* () {
        const { drawn, render, text } = yield* Page
        const live = yield* LiveTest
        const { seen, View } = make()
        yield* render(<View />)
        yield* drawn(Effect.promise(() => seen.lab.call.Add({ by: 3 })))
        yield* drawn(Effect.sync(seen.lab.unmount))
        yield* drawn(live.disconnect)
        yield* drawn(Effect.sync(seen.lab.mount))
        assert.deepStrictEqual([seen.lab.status, text()], ["connecting", "[3]"])
        yield* drawn(TestClock.adjust("31 seconds"))
        assert.deepStrictEqual([seen.lab.status, seen.lab.error?._tag, text()], ["disconnected", "LiveError", "[3]"])
        yield* drawn(live.reconnect)
        assert.deepStrictEqual([seen.lab.status, seen.lab.error, text()], ["synced", undefined, "[0]"])
      })
    )
  )

  it.effect("it follows autoMount when that changes", () =>
    onPage(
      Effect.gen(function* () {
        const { instances, leave, render } = yield* Page
        const { seen, View } = make()
        const counts: Array<number> = []
        for (const autoMount of [false, true, false, true]) {
          yield* render(<View autoMount={autoMount} />)
          counts.push(yield* instances)
        }
        assert.deepStrictEqual(counts, [0, 1, 0, 1])
        assert.strictEqual(seen.lab.status, "synced")
        assert.strictEqual((yield* leave).instances, 0)
      })
    )
  )
})

describe("a view in Suspense", () => {
  it.effect("a view that waits with its siblings mounts once, when it is on the page", () =>
    onPage(
      Effect.gen(function* () {
        const { drawn, instances, render, text } = yield* Page
        const { View } = make()
        let arrive: (module: { default: () => string }) => void = () => {}
        const Late = lazy(() => new Promise<{ default: () => string }>((resolve) => (arrive = resolve)))
        yield* render(
          <Suspense fallback="waiting">
            <View />
            <Late />
          </Suspense>
        )
        assert.deepStrictEqual([text(), yield* instances], ["waiting", 0])
        yield* drawn(Effect.sync(() => arrive({ default: () => "late" })))
        yield* drawn(Effect.void)
        assert.deepStrictEqual([text(), yield* instances, (yield* Gate).built], ["[0]late", 1, 1])
      })
    )
  )

  it.effect("a view that is hidden by a sibling that waits keeps its instance and its state", () =>
    onPage(
      Effect.gen(function* () {
        const { drawn, element, instances, render } = yield* Page
        const { seen, View } = make()
        let arrive: (text: string) => void = () => {}
        const asks: Array<() => void> = []
        const waited = new Promise<string>((resolve) => (arrive = resolve))
        const Sibling = () => {
          const [isAsked, setAsked] = useState(false)
          asks.push(() => setAsked(true))
          return isAsked ? use(waited) : "calm"
        }
        yield* render(
          <Suspense fallback="waiting">
            <View />
            <Sibling />
          </Suspense>
        )
        yield* drawn(Effect.promise(() => seen.lab.call.Add({ by: 4 })))
        yield* drawn(Effect.sync(() => asks.at(-1)?.()))
        assert.include(element.textContent, "waiting")
        assert.strictEqual(yield* instances, 1)
        yield* drawn(Effect.promise(() => seen.lab.call.Add({ by: 1 })))
        yield* drawn(Effect.sync(() => arrive("there")))
        yield* drawn(Effect.void)
        assert.strictEqual(element.textContent, "[5]there")
        assert.strictEqual((yield* Gate).built, 1)
      })
    )
  )
})
