/** A page in memory: React in StrictMode on a document without a browser, and components on a server without a network. */
import { Context, Effect, Layer, type Scope } from "effect"
import { LiveProvider } from "fibra/react"
import type { LiveSsr } from "fibra/server"
import { LiveTest } from "fibra/testing"
import { act, type ReactNode, StrictMode } from "react"
import { createRoot } from "react-dom/client"
import { behaviors, components, type Gate } from "./Lab.ts"

Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: true })

/** Runs an effect, and gives its result when React has drawn what follows from it. React runs effects when an `act` ends. */
const drawn = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R | LiveTest> =>
  Effect.gen(function* () {
    const live = yield* LiveTest
    const context = yield* Effect.context<R>()
    const exit = yield* Effect.promise(() => act(() => Effect.runPromiseWith(context)(Effect.exit(effect))))
    yield* Effect.promise(() => act(() => Effect.runPromiseWith(context)(live.settle)))
    return yield* exit
  })

/** A page. */
export class Page extends Context.Service<
  Page,
  {
    readonly element: HTMLElement
    readonly text: () => string
    readonly render: (view: ReactNode) => Effect.Effect<void>
    /** Leaves the page, and gives what is open on the server then. */
    readonly leave: Effect.Effect<{ readonly instances: number }>
    readonly instances: Effect.Effect<number>
    readonly drawn: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  }
>()("test/react/Page") {}

const make = Effect.gen(function* () {
  const live = yield* LiveTest
  yield* live.settle
  const element = document.createElement("div")
  document.body.append(element)
  const root = createRoot(element)
  const inPage = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.provideService(drawn(effect), LiveTest, live)
  const leave = inPage(Effect.sync(() => root.unmount()))
  yield* Effect.addFinalizer(() => leave)
  return Page.of({
    element,
    text: () => element.textContent ?? "",
    render: (view) =>
      inPage(
        Effect.sync(() =>
          root.render(
            <StrictMode>
              <LiveProvider client={live.client}>{view}</LiveProvider>
            </StrictMode>
          )
        )
      ),
    leave: Effect.andThen(leave, live.open),
    instances: Effect.map(live.open, ({ instances }) => instances),
    drawn: inPage
  })
})

const lab = LiveTest.layer({ components }).pipe(Layer.provideMerge(behaviors))

/** Runs a test with a page and a server of its own. */
export const onPage = <A, E>(test: Effect.Effect<A, E, Page | LiveTest | LiveSsr.LiveSsr | Gate | Scope.Scope>) =>
  onPageOf(lab, test)

/** Runs a test with a page of this server. */
export const onPageOf = <A, E, R, E2>(
  server: Layer.Layer<R | LiveTest, E2>,
  test: Effect.Effect<A, E, Page | R | LiveTest | Scope.Scope>
) => Effect.provide(test, Layer.effect(Page, make).pipe(Layer.provideMerge(server)), { local: true })
