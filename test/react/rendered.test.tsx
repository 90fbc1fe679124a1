// @vitest-environment happy-dom
/** A page that a server has rendered with the state of real instances, and that is hydrated with them. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { HttpServerRequest } from "effect/http"
import { TestClock } from "effect/testing"
import { LiveSsr } from "fibra/server"
import {
  LiveProvider,
  readSsr,
  type SsrData,
  ssrOf,
  useComponent,
  useEvent,
  useField,
  useSuspenseComponent
} from "fibra/react"
import { LiveTest } from "fibra/testing"
import { act, StrictMode, Suspense, useState } from "react"
import { hydrateRoot } from "react-dom/client"
import { renderToString } from "react-dom/server"
import { Gate, Lab } from "../support/Lab.ts"
import { onPage, Page } from "../support/page.tsx"

const shared = { props: { start: 3 }, key: "shared" }
const own = { props: { start: 1 } }

/** What views have shown, each time that they were rendered. */
const shown: Array<string> = []

const show = (text: string) => {
  shown.push(text)
  return <p>{text}</p>
}

const Shared = () => {
  const { connected, loading, state } = useComponent(Lab, shared)
  return show(`shared ${state.count}${connected ? "!" : ""}${loading ? "?" : ""}`)
}

const Own = () => {
  const lab = useComponent(Lab, own, ({ count }, { loading }) => `own ${count}${loading ? "?" : ""}`)
  return show(lab)
}

const Views = () => (
  <>
    <Shared />
    <Own />
  </>
)

/** Renders a page for a visitor, on which both are mounted, and the shared one has been there before. */
const rendered = Effect.gen(function* () {
  const live = yield* LiveTest
  const before = yield* live.mount(Lab, shared)
  yield* before.call.Add({ by: 4 })
  const request = HttpServerRequest.fromWeb(new Request("http://test/"))
  yield* LiveSsr.mount(Lab, shared, request)
  yield* LiveSsr.mount(Lab, own, request)
  return { before, ssr: (yield* LiveSsr.page(request)).data }
})

const htmlOf = (ssr: SsrData | undefined, views = <Views />) =>
  renderToString(<LiveProvider ssr={ssr && ssrOf(ssr)}>{views}</LiveProvider>)

/** Hydrates a page, and gives what React has complained about. */
const hydrate = Effect.fnUntraced(function* (data: SsrData, views = <Views />) {
  const live = yield* LiveTest
  const { drawn } = yield* Page
  const ssr = ssrOf(data)
  const { client, ...page } = yield* live.connect({ ssr })
  const element = document.createElement("div")
  element.innerHTML = htmlOf(data, views)
  const complaints: Array<unknown> = []
  shown.length = 0
  const app = (
    <StrictMode>
      <LiveProvider client={client} ssr={ssr}>
        {views}
      </LiveProvider>
    </StrictMode>
  )
  const root = yield* Effect.promise(() =>
    act(() => hydrateRoot(element, app, { onRecoverableError: (error) => complaints.push(error) }))
  )
  const first = element.textContent
  yield* drawn(page.settle)
  yield* Effect.addFinalizer(() => drawn(Effect.sync(() => root.unmount())))
  return { complaints, element, first, page }
})

describe("a page that was rendered with LiveSsr", () => {
  it.effect("has the state of the instances, not that of their props", () =>
    onPage(
      Effect.gen(function* () {
        const { ssr } = yield* rendered
        assert.strictEqual(htmlOf(ssr), "<p>shared 7</p><p>own 1</p>")
        assert.strictEqual(htmlOf(undefined), "<p>shared 3?</p><p>own 1?</p>")
        // As it comes out of the script of the page.
        assert.strictEqual(htmlOf(JSON.parse(JSON.stringify(ssr)) as SsrData), "<p>shared 7</p><p>own 1</p>")
      }).pipe(Effect.scoped)
    )
  )

  it.effect("is read whole, or, of a page that was cut off anywhere in it, not at all", () =>
    onPage(
      Effect.gen(function* () {
        const request = HttpServerRequest.fromWeb(new Request("http://test/"))
        yield* LiveSsr.mount(Lab, own, request)
        const { script } = yield* LiveSsr.page(request)
        const element = document.createElement("div")
        document.body.append(element)
        yield* Effect.addFinalizer(() => Effect.sync(() => element.remove()))
        assert.isUndefined(readSsr())
        element.innerHTML = script
        assert.isDefined(readSsr())
        const [begin, end] = [script.indexOf("{"), script.lastIndexOf("}")]
        for (let length = begin; length <= end; length++) {
          element.innerHTML = `${script.slice(0, length)}</script>`
          assert.isUndefined(readSsr(), String(length))
        }
      }).pipe(Effect.scoped)
    )
  )

  it.effect("is hydrated as it is, never shows anything else, and mounts nothing again", () =>
    onPage(
      Effect.gen(function* () {
        const { before, ssr } = yield* rendered
        const { drawn } = yield* Page
        const gate = yield* Gate
        const { complaints, element, first, page } = yield* hydrate(ssr)
        assert.strictEqual(first, "shared 7own 1")
        assert.strictEqual(element.textContent, "shared 7!own 1")
        assert.deepStrictEqual([...new Set(shown)], ["shared 7", "own 1", "shared 7!"])
        assert.deepStrictEqual([complaints, gate.built], [[], 2])
        yield* drawn(Effect.andThen(before.call.Add({ by: 1 }), page.settle))
        assert.strictEqual(element.textContent, "shared 8!own 1")
      }).pipe(Effect.scoped)
    )
  )

  it.effect("keeps what it shows until its components are mounted anew, when its session is gone", () =>
    onPage(
      Effect.gen(function* () {
        const live = yield* LiveTest
        const { ssr } = yield* rendered
        yield* TestClock.adjust("46 seconds")
        yield* live.settle
        const { complaints, element } = yield* hydrate(ssr)
        assert.strictEqual(element.textContent, "shared 7!own 1")
        assert.deepStrictEqual([...new Set(shown)].toSorted(), ["own 1", "shared 7", "shared 7!"])
        assert.deepStrictEqual(complaints, [])
      }).pipe(Effect.scoped)
    )
  )

  it.effect("shows a view that comes later with the state of its props, as any page does", () =>
    onPage(
      Effect.gen(function* () {
        const { ssr } = yield* rendered
        const { drawn } = yield* Page
        const Later = () => {
          const [isThere, setIsThere] = useState(false)
          return isThere ? <Shared /> : <button onClick={() => setIsThere(true)}>show</button>
        }
        const { element } = yield* hydrate(ssr, <Later />)
        yield* TestClock.adjust("11 seconds")
        yield* drawn(Effect.sync(() => element.querySelector("button")?.click()))
        assert.strictEqual(shown[0], "shared 3?")
        assert.strictEqual(element.textContent, "shared 7!")
      }).pipe(Effect.scoped)
    )
  )

  it.effect("suspends no view that was rendered with it", () =>
    onPage(
      Effect.gen(function* () {
        const { ssr } = yield* rendered
        const Waiting = () => show(`shared ${useSuspenseComponent(Lab, shared, ({ count }) => count)}`)
        const { complaints, element, first } = yield* hydrate(
          ssr,
          <Suspense fallback="waiting">
            <Waiting />
          </Suspense>
        )
        assert.deepStrictEqual([first, element.textContent], ["shared 7", "shared 7"])
        assert.deepStrictEqual([...new Set(shown)], ["shared 7"])
        assert.deepStrictEqual([complaints, (yield* Gate).built], [[], 2])
      }).pipe(Effect.scoped)
    )
  )

  it.effect("has fields with the values of the state, and hears events", () =>
    onPage(
      Effect.gen(function* () {
        const { before, ssr } = yield* rendered
        const { drawn } = yield* Page
        const Field = () => {
          const lab = useComponent(Lab, shared)
          const field = useField(lab, "count", { action: "Add" as never })
          const [heard, setHeard] = useState("nothing")
          useEvent(lab, "Announced", ({ text }) => setHeard(text))
          return (
            <p>
              {String(field.value)} {heard}
            </p>
          )
        }
        const { complaints, element, first, page } = yield* hydrate(ssr, <Field />)
        assert.strictEqual(first, "7 nothing")
        yield* drawn(Effect.andThen(before.call.Announce({ text: "hear!" }), page.settle))
        assert.strictEqual(element.textContent, "7 hear!")
        assert.deepStrictEqual(complaints, [])
      }).pipe(Effect.scoped)
    )
  )
})
