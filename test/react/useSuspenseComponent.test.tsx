// @vitest-environment happy-dom
import { assert, describe, it, vi } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import type { LiveError } from "fibra"
import { type LiveComponent, LiveProvider, useComponent, useSuspenseComponent, type ViewOptions } from "fibra/react"
import { LiveTest } from "fibra/testing"
import { act, Component, type ReactNode, startTransition, StrictMode, Suspense, useState } from "react"
import { hydrateRoot } from "react-dom/client"
import { renderToString } from "react-dom/server"
import { Profile, ProfileLayer } from "../examples/Profile.ts"
import { ProfileCard } from "../examples/ProfileCard.tsx"
import { Gate, Lab, Unlisted } from "../support/Lab.ts"
import { onPage, onPageOf, Page } from "../support/page.tsx"

type Options = ViewOptions<typeof Lab> & { readonly start?: number }

const make = () => {
  const seen: Array<LiveComponent<typeof Lab>> = []
  const View = ({ start = 0, ...options }: Options) => {
    const lab = useSuspenseComponent(Lab, { props: { start }, ...options })
    seen.push(lab)
    return <p>[{lab.state.count}]</p>
  }
  const last = () => seen.at(-1) as LiveComponent<typeof Lab>
  return { last, seen, View }
}

/** Shows the error that it has caught, until it is told to try again. */
class Boundary extends Component<{ readonly children: ReactNode }> {
  static readonly getDerivedStateFromError = (error: LiveError.LiveError) => ({ error })
  override readonly state: { readonly error?: LiveError.LiveError | undefined } = {}
  override render() {
    const { error } = this.state
    if (error === undefined) return this.props.children
    return <button onClick={() => this.setState({ error: undefined })}>{error.reason._tag}</button>
  }
}

const waiting = (view: ReactNode) => <Suspense fallback="waiting">{view}</Suspense>

const click = Effect.sync(() => document.querySelector("button")?.click())

describe("useSuspenseComponent", () => {
  it.effect("a view that is suspended is shown with the server's state, and mounts once", () =>
    onPage(
      Effect.gen(function* () {
        const { drawn, instances, leave, render, text } = yield* Page
        const live = yield* LiveTest
        const told: Array<string> = []
        const { last, seen, View } = make()
        yield* live.hold
        yield* render(
          waiting(<View onMount={() => void told.push("mount")} onConnect={() => void told.push("connect")} />)
        )
        assert.strictEqual(text(), "waiting")
        // Longer than a view that is gone is waited for.
        yield* drawn(TestClock.adjust("20 seconds"))
        yield* drawn(live.unhold)
        yield* drawn(Effect.void)
        assert.strictEqual(text(), "[0]")
        assert.isTrue(seen.every(({ loading }) => !loading))
        assert.deepStrictEqual(told, ["mount", "connect"])
        assert.deepInclude(last(), { status: "synced", activation: "mounted" })
        yield* drawn(TestClock.adjust("1 hour"))
        yield* drawn(Effect.promise(() => last().call.Add({ by: 2 })))
        assert.deepStrictEqual([text(), yield* instances, (yield* Gate).built], ["[2]", 1, 1])
        assert.strictEqual((yield* leave).instances, 0)
      })
    )
  )

  it.effect("views that are suspended together have an instance each, and with one key the same", () =>
    onPage(
      Effect.gen(function* () {
        const { drawn, instances, render, text } = yield* Page
        const { View } = make()
        const Shared = () => <p>{useSuspenseComponent(Lab, { props: { start: 3 }, key: "k" }, ({ count }) => count)}</p>
        yield* render(
          waiting(
            <>
              <View />
              <View />
              <Shared />
              <Shared />
            </>
          )
        )
        for (let turn = 0; turn < 4; turn++) yield* drawn(Effect.void)
        assert.deepStrictEqual([text(), yield* instances], ["[0][0]33", 3])
        yield* drawn(TestClock.adjust("1 hour"))
        assert.strictEqual(yield* instances, 3)
      })
    )
  )

  it.effect("a page may wait for many views at once: each is mounted once", () =>
    onPage(
      Effect.gen(function* () {
        const { drawn, instances, leave, render, text } = yield* Page
        const live = yield* LiveTest
        const { View } = make()
        yield* live.hold
        yield* render(
          Array.from({ length: 100 }, (_, index) => (
            <Suspense key={index}>
              <View start={index} />
            </Suspense>
          ))
        )
        yield* drawn(live.unhold)
        for (let turn = 0; turn < 4; turn++) yield* drawn(Effect.void)
        assert.strictEqual(text(), Array.from({ length: 100 }, (_, index) => `[${index}]`).join(""))
        assert.deepStrictEqual([yield* instances, (yield* Gate).built], [100, 100])
        assert.strictEqual((yield* leave).instances, 0)
      })
    )
  )

  it.effect("a view whose component cannot be mounted throws the error to its boundary, and tries anew with it", () =>
    onPage(
      Effect.gen(function* () {
        const { drawn, render, text } = yield* Page
        const live = yield* LiveTest
        const complaints = vi.spyOn(console, "error").mockImplementation(() => {})
        const Refused = () => useSuspenseComponent(Unlisted).status
        yield* render(<Boundary key="refused">{waiting(<Refused />)}</Boundary>)
        yield* drawn(Effect.void)
        assert.strictEqual(text(), "UnknownComponent")
        const { View } = make()
        yield* live.disconnect
        yield* render(<Boundary key="offline">{waiting(<View />)}</Boundary>)
        assert.strictEqual(text(), "waiting")
        yield* drawn(TestClock.adjust("30500 millis"))
        yield* drawn(Effect.void)
        assert.strictEqual(text(), "Disconnected")
        yield* drawn(TestClock.adjust("1 second"))
        yield* drawn(live.reconnect)
        yield* drawn(click)
        yield* drawn(Effect.void)
        complaints.mockRestore()
        assert.deepStrictEqual([text(), (yield* Gate).built], ["[0]", 1])
      })
    )
  )

  it.effect("a view that asks for something else waits for it, and in a transition shows what it had meanwhile", () =>
    onPage(
      Effect.gen(function* () {
        const { drawn, element, instances, render } = yield* Page
        const live = yield* LiveTest
        const { last, View } = make()
        const show = {} as { start: (start: number) => void }
        const Choice = () => {
          const [start, setStart] = useState(1)
          Object.assign(show, { start: setStart })
          return waiting(<View start={start} />)
        }
        yield* render(<Choice />)
        yield* drawn(Effect.void)
        const mine = last()
        yield* live.hold
        yield* drawn(Effect.sync(() => startTransition(() => show.start(2))))
        assert.strictEqual(element.textContent, "[1]")
        yield* drawn(live.unhold)
        yield* drawn(Effect.void)
        assert.strictEqual(element.textContent, "[2]")
        yield* drawn(Effect.promise(() => mine.call.Add({ by: 10 })))
        yield* live.hold
        yield* drawn(Effect.sync(() => show.start(3)))
        assert.include(element.textContent, "waiting")
        yield* drawn(Effect.sync(() => show.start(1)))
        // It is still there.
        assert.strictEqual(element.textContent, "[11]")
        yield* drawn(live.unhold)
        yield* drawn(TestClock.adjust("5 seconds"))
        assert.strictEqual(yield* instances, 1)
      })
    )
  )

  it.effect("what is waited for is not taken by a view that does not wait", () =>
    onPage(
      Effect.gen(function* () {
        const { drawn, instances, render, text } = yield* Page
        const live = yield* LiveTest
        const { View } = make()
        const Plain = () => <p>{useComponent(Lab, { props: { start: 0 } }).status}</p>
        yield* live.hold
        yield* render(waiting(<View />))
        yield* render(
          <>
            {waiting(<View />)}
            <Plain />
          </>
        )
        yield* drawn(live.unhold)
        yield* drawn(Effect.void)
        assert.deepStrictEqual([text(), yield* instances], ["[0]synced", 2])
      })
    )
  )

  it.effect("a view that was left before it was shown leaves nothing behind", () =>
    onPage(
      Effect.gen(function* () {
        const { drawn, instances, render } = yield* Page
        const live = yield* LiveTest
        const { View } = make()
        yield* live.hold
        yield* render(waiting(<View />))
        yield* render(null)
        yield* drawn(live.unhold)
        assert.strictEqual(yield* instances, 1)
        yield* drawn(TestClock.adjust("5 seconds"))
        assert.strictEqual(yield* instances, 0)
      })
    )
  )

  it.effect("a view whose Suspense is above its LiveProvider does not try for ever, and the log says why", () =>
    onPage(
      Effect.gen(function* () {
        const { drawn, render, text } = yield* Page
        const live = yield* LiveTest
        const logged = vi.spyOn(console, "log").mockImplementation(() => {})
        const { View } = make()
        yield* render(
          waiting(
            <LiveProvider client={live.client}>
              <View />
            </LiveProvider>
          )
        )
        for (let turn = 0; turn < 4; turn++) yield* drawn(Effect.void)
        const lines = logged.mock.calls.flat().map(String).join("\n")
        logged.mockRestore()
        assert.strictEqual(text(), "waiting")
        assert.include(lines, "nor is its LiveProvider")
        assert.isAtMost((yield* Gate).built, 2)
        assert.strictEqual((yield* live.open).instances, 0)
      })
    )
  )

  it.effect(
    "a view that a server has rendered shows the initial state, and is hydrated when there is the server's",
    () =>
      onPage(
        Effect.gen(function* () {
          const { drawn } = yield* Page
          const live = yield* LiveTest
          const { View } = make()
          const app = (
            <StrictMode>
              <LiveProvider client={live.client}>{waiting(<View start={3} />)}</LiveProvider>
            </StrictMode>
          )
          vi.stubGlobal("window", undefined)
          const html = renderToString(app)
          vi.unstubAllGlobals()
          assert.include(html, "<p>[<!-- -->3<!-- -->]</p>")
          assert.strictEqual((yield* Gate).built, 0)
          const element = document.createElement("div")
          element.innerHTML = html
          const complaints: Array<unknown> = []
          const root = yield* Effect.promise(() =>
            act(() => hydrateRoot(element, app, { onRecoverableError: (error) => complaints.push(error) }))
          )
          for (let turn = 0; turn < 3; turn++) yield* drawn(Effect.void)
          assert.deepStrictEqual([element.textContent, complaints, (yield* Gate).built], ["[3]", [], 1])
          yield* drawn(Effect.sync(() => root.unmount()))
        })
      )
  )

  it.effect("the card of the documentation is shown when the profile is there", () =>
    onPageOf(
      LiveTest.layer({ components: [Profile] }).pipe(Layer.provide(ProfileLayer)),
      Effect.gen(function* () {
        const { drawn, element, render } = yield* Page
        yield* render(<ProfileCard />)
        yield* drawn(Effect.void)
        assert.isNotNull(element.querySelector("h2"))
      })
    ).pipe(Effect.scoped)
  )
})
