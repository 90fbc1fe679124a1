// @vitest-environment happy-dom
import { assert, describe, it, vi } from "@effect/vitest"
import { Effect, Exit } from "effect"
import { TestClock } from "effect/testing"
import { type CallResult, type LiveComponent, LiveStatus, useComponent } from "fibra/react"
import { LiveTest } from "fibra/testing"
import { renderToString } from "react-dom/server"
import { Component, memo, type ReactNode, useEffect } from "react"
import { Broken, Gate, Lab, Ticker, Unlisted } from "../support/Lab.ts"
import { onPage, Page } from "../support/page.tsx"

/** What the views of a test have shown, the latest last. */
type BaseState<C extends typeof Lab | typeof Ticker> = Array<LiveComponent<C>>

const LabView = ({ name, seen, start = 0 }: { name?: string; seen?: BaseState<typeof Lab>; start?: number }) => {
  const lab = useComponent(Lab, { props: { start }, ...(name === undefined ? {} : { key: name }) })
  seen?.push(lab)
  return <p>[{lab.state.count}]</p>
}

const last = <A,>(items: ReadonlyArray<A>): A => {
  const item = items.at(-1)
  if (item === undefined) throw new Error("nothing was drawn yet")
  return item
}

const errorOf = (result: CallResult<unknown, unknown>): unknown => (result.ok ? undefined : result.error)

const reasonOf = (result: CallResult<unknown, unknown>) => {
  const error = errorOf(result) as { readonly _tag: string; readonly reason?: { readonly _tag: string } }
  return error.reason?._tag ?? error._tag
}

describe("a mounted component", () => {
  it.effect("a mounted component has its initial state at the first render, and the server's after that", () =>
    onPage(
      Effect.gen(function* () {
        const page = yield* Page
        const seen: BaseState<typeof Lab> = []
        yield* page.render(<LabView name="shared" start={7} seen={seen} />)
        assert.deepInclude(seen[0], { connected: false, status: "connecting", loading: true, componentId: undefined })
        assert.strictEqual(seen[0]?.state.count, 7)
        assert.deepInclude(last(seen), { connected: true, status: "synced", loading: false, error: undefined })
        assert.match(String(last(seen).componentId), /^Lab-/)
        yield* page.drawn(Effect.promise(() => last(seen).call.Add({ by: 1 })))
        assert.strictEqual(page.text(), "[8]")
      })
    )
  )

  it.effect(
    "a mounted component is one instance on the server, though StrictMode runs every effect twice, and none when the page is left",
    () =>
      onPage(
        Effect.gen(function* () {
          const page = yield* Page
          yield* page.render(<LabView />)
          assert.strictEqual(yield* page.instances, 1)
          assert.strictEqual((yield* Gate).built, 1)
          assert.strictEqual((yield* page.leave).instances, 0)
        })
      )
  )

  it.effect("a view whose props are others whenever it is drawn mounts a few times, and says so once", () =>
    onPage(
      Effect.gen(function* () {
        const logged = vi.spyOn(console, "log").mockImplementation(() => {})
        const page = yield* Page
        let start = 0
        const View = () => {
          // As `Date.now()` and `Math.random()`.
          const { state } = useComponent(Lab, { props: { start: ++start } })
          return <p>[{state.count}]</p>
        }
        yield* page.render(<View />)
        yield* page.drawn(Effect.void)
        const warnings = logged.mock.calls.filter((entry) => String(entry).includes("others at every render"))
        logged.mockRestore()
        assert.isAtMost((yield* Gate).built, 4)
        assert.strictEqual(warnings.length, 1)
        assert.match(page.text(), /^\[\d+\]$/)
      })
    )
  )

  it.effect("a component is one instance for each view, and one for all views with the same key", () =>
    onPage(
      Effect.gen(function* () {
        const page = yield* Page
        const seen: BaseState<typeof Lab> = []
        yield* page.render(
          <>
            <LabView seen={seen} start={1} />
            <LabView start={2} />
            <LabView name="shared" start={3} />
            <LabView name="shared" start={4} />
          </>
        )
        assert.strictEqual(yield* page.instances, 3)
        yield* page.drawn(Effect.promise(() => last(seen).call.Add({ by: 10 })))
        assert.strictEqual(page.text(), "[11][2][3][3]")
      })
    )
  )

  it.effect("a component is mounted anew for other props, another key or contract, and not for equal ones", () =>
    onPage(
      Effect.gen(function* () {
        const page = yield* Page
        const gate = yield* Gate
        const seen: BaseState<typeof Lab> = []
        yield* page.render(<LabView seen={seen} start={1} />)
        yield* page.drawn(Effect.promise(() => last(seen).call.Add({ by: 1 })))
        const { call } = last(seen)
        yield* page.render(<LabView seen={seen} start={1} />)
        assert.deepStrictEqual([page.text(), gate.built], ["[2]", 1])
        assert.strictEqual(last(seen).call, call)
        yield* page.render(<LabView seen={seen} start={5} />)
        const forgotten = page.drawn(TestClock.adjust("5 seconds"))
        assert.deepStrictEqual([page.text(), gate.built, yield* page.instances], ["[5]", 2, 2])
        yield* forgotten
        assert.strictEqual(yield* page.instances, 1)
        yield* page.render(<LabView name="k" seen={seen} start={5} />)
        yield* forgotten
        assert.deepStrictEqual([page.text(), gate.built, yield* page.instances], ["[5]", 3, 1])
      })
    )
  )

  it.effect("a component tells what it waits for: a connection, the server, a connection again", () =>
    onPage(
      Effect.gen(function* () {
        const page = yield* Page
        const live = yield* LiveTest
        const seen: BaseState<typeof Lab> = []
        const statuses = () => seen.map(({ status }) => status).filter((each, at, all) => each !== all[at - 1])
        yield* live.disconnect
        yield* page.render(<LabView seen={seen} />)
        yield* page.drawn(live.reconnect)
        yield* page.drawn(live.disconnect)
        yield* page.drawn(live.reconnect)
        assert.deepStrictEqual(statuses(), ["connecting", "mounting", "synced", "reconnecting", "synced"])
        seen.length = 0
        // The server does not answer yet.
        yield* live.hold
        yield* page.render(<LabView seen={seen} start={2} />)
        assert.deepStrictEqual(statuses(), ["mounting"])
        assert.isTrue(last(seen).loading)
        yield* page.drawn(live.unhold)
        assert.deepStrictEqual(statuses(), ["mounting", "synced"])
      })
    )
  )

  it.effect("a mounted component never shows the state of its previous props", () =>
    onPage(
      Effect.gen(function* () {
        const page = yield* Page
        const seen: BaseState<typeof Lab> = []
        yield* page.render(<LabView seen={seen} start={1} />)
        yield* page.drawn(Effect.promise(() => last(seen).call.Add({ by: 1 })))
        const before = seen.length
        yield* page.render(<LabView seen={seen} start={5} />)
        assert.deepStrictEqual([...new Set(seen.slice(before).map(({ state }) => state.count))], [5])
      })
    )
  )

  it.effect("a view that does not make it onto the page mounts nothing", () =>
    onPage(
      Effect.gen(function* () {
        const page = yield* Page
        const Failing = () => {
          useComponent(Lab, { props: { start: 0 } })
          throw new Error("this view cannot be drawn")
        }
        const complaints = vi.spyOn(console, "error").mockImplementation(() => {})
        yield* page.render(
          <Boundary>
            <Failing />
          </Boundary>
        )
        complaints.mockRestore()
        assert.strictEqual(page.text(), "caught")
        assert.strictEqual((yield* Gate).built, 0)
      })
    )
  )

  it.effect("a view draws what changed and nothing else", () =>
    onPage(
      Effect.gen(function* () {
        const page = yield* Page
        const items: Array<number> = []
        const Items = memo(({ list }: { readonly list: ReadonlyArray<unknown> }) => {
          items.push(list.length)
          return null
        })
        const seen: BaseState<typeof Lab> = []
        const ComponentSnapshot = () => {
          const lab = useComponent(Lab, { props: { start: 0 } })
          seen.push(lab)
          return <Items list={lab.state.items} />
        }
        yield* page.render(<ComponentSnapshot />)
        yield* page.drawn(Effect.promise(() => last(seen).call.Fill({ count: 3 })))
        const [drawn, views] = [items.length, seen.length]
        yield* page.drawn(Effect.promise(() => last(seen).call.Add({ by: 1 })))
        assert.strictEqual(last(seen).state.count, 1)
        assert.isAbove(seen.length, views)
        assert.strictEqual(items.length, drawn)
      })
    )
  )

  it.effect("a component without props needs no options", () =>
    onPage(
      Effect.gen(function* () {
        const page = yield* Page
        const ComponentSnapshot = () => <p>{useComponent(Ticker).status}</p>
        yield* page.render(<ComponentSnapshot />)
        assert.strictEqual(page.text(), "synced")
      })
    )
  )

  it.effect("useComponent without a LiveProvider says that it needs one", () =>
    onPage(
      Effect.sync(() => {
        assert.throws(() => renderToString(<LabView />), /outside of a LiveProvider/)
      })
    )
  )
})

describe("a call", () => {
  it.effect(
    "a call gives a plain result, which is an exit, too, and never rejects: a success, an error of the action, a refusal of the server",
    () =>
      onPage(
        Effect.gen(function* () {
          const page = yield* Page
          const seen: BaseState<typeof Lab> = []
          yield* page.render(<LabView seen={seen} />)
          const { call } = last(seen)
          const add = (by: number) => page.drawn(Effect.promise(() => call.Add({ by })))
          const added: unknown = yield* add(1)
          assert.deepStrictEqual(added, { ok: true, value: 1 })
          assert.deepStrictEqual((yield* add(1)).exit, Exit.succeed(2))
          assert.isTrue(Exit.isFailure((yield* add(100)).exit))
          assert.strictEqual(reasonOf(yield* add(100)), "TooMuch")
          assert.strictEqual(reasonOf(yield* add(0.5)), "PayloadRejected")
          assert.strictEqual(reasonOf(yield* page.drawn(Effect.promise(() => call.Crash()))), "ComponentCrashed")
        })
      )
  )

  it.effect("a call made while the connection is lost waits for it, within its limit, and runs once", () =>
    onPage(
      Effect.gen(function* () {
        const page = yield* Page
        const live = yield* LiveTest
        const seen: BaseState<typeof Lab> = []
        yield* page.render(<LabView seen={seen} />)
        yield* page.drawn(live.disconnect)
        assert.deepInclude(last(seen), { connected: false, status: "reconnecting" })
        const { call } = last(seen)
        const waiting = call.Add({ by: 1 })
        // A view's calls go by the clock of the page.
        const expired = yield* page.drawn(Effect.promise(() => call.Add({ by: 10 }, { timeout: "1 millis" })))
        assert.deepNestedInclude(errorOf(expired), { "reason._tag": "CallExpired", "reason.outcome": "notRun" })
        assert.strictEqual(page.text(), "[0]")
        yield* page.drawn(live.reconnect)
        assert.deepInclude(yield* page.drawn(Effect.promise(() => waiting)), { ok: true, value: 1 })
        assert.strictEqual(page.text(), "[1]")
      })
    )
  )

  it.effect("a call made before the mount has begun waits for it, and one that waits when its view goes ends", () =>
    onPage(
      Effect.gen(function* () {
        const page = yield* Page
        const live = yield* LiveTest
        const results: Array<Promise<CallResult<unknown, unknown>>> = []
        // The effects of a child run before those of its parent, which mounts.
        const Child = ({ of }: { readonly of: LiveComponent<typeof Lab> }) => {
          useEffect(() => void results.push(of.call.Add({ by: 1 })), [of.call])
          return null
        }
        const ComponentSnapshot = () => <Child of={useComponent(Lab, { props: { start: 0 } })} />
        yield* page.render(<ComponentSnapshot />)
        const mounted = yield* page.drawn(Effect.promise(() => Promise.all(results)))
        assert.deepStrictEqual(
          mounted.map(({ ok }) => ok),
          [true, true]
        )
        yield* page.render(null)
        results.length = 0
        yield* live.disconnect
        yield* page.render(<ComponentSnapshot />)
        assert.strictEqual(results.length, 2)
        yield* page.render(null)
        yield* page.drawn(TestClock.adjust("5 seconds"))
        const left = yield* Effect.promise(() => Promise.all(results))
        assert.deepStrictEqual(left.map(reasonOf), ["InstanceStopped", "InstanceStopped"])
      })
    )
  )

  it.effect("a call on a view that is gone fails", () =>
    onPage(
      Effect.gen(function* () {
        const page = yield* Page
        const seen: BaseState<typeof Lab> = []
        yield* page.render(<LabView seen={seen} />)
        yield* page.render(null)
        yield* page.drawn(TestClock.adjust("5 seconds"))
        assert.isFalse((yield* Effect.promise(() => last(seen).call.Add({ by: 1 }))).ok)
      })
    )
  )

  it.effect("a call that fails is the error of its component until one succeeds, or until it is mounted again", () =>
    onPage(
      Effect.gen(function* () {
        const page = yield* Page
        const live = yield* LiveTest
        const seen: BaseState<typeof Lab> = []
        yield* page.render(<LabView seen={seen} />)
        const add = (by: number) => page.drawn(Effect.promise(() => last(seen).call.Add({ by })))
        yield* add(101)
        assert.strictEqual(last(seen).error?._tag, "TooMuch")
        yield* add(1)
        assert.isUndefined(last(seen).error)
        yield* page.drawn(live.disconnect)
        assert.isUndefined(last(seen).error)
        yield* page.drawn(Effect.promise(() => last(seen).call.Add({ by: 1 }, { timeout: "1 millis" })))
        assert.include(String(last(seen).error?.message), `"Add" of "Lab" waited for 1 ms and did not run`)
        yield* page.drawn(live.reconnect)
        assert.deepInclude(last(seen), { connected: true, error: undefined })
      })
    )
  )
})

describe("a state that survives", () => {
  const views = (seen: BaseState<typeof Lab>, cacheKey?: string) => {
    const ComponentSnapshot = () => {
      const lab = useComponent(Lab, { props: { start: 0 }, ...(cacheKey === undefined ? {} : { cacheKey }) })
      seen.push(lab)
      return <p>[{lab.state.count}]</p>
    }
    return <ComponentSnapshot />
  }
  const activations = (seen: BaseState<typeof Lab>) =>
    seen
      .map(({ activation }) => activation)
      .filter((activation, index, all) => index === 0 || activation !== all[index - 1])

  it.effect("a state says how it came: mounted, resumed after a lost connection, rehydrated after a lost server", () =>
    onPage(
      Effect.gen(function* () {
        const page = yield* Page
        const live = yield* LiveTest
        const seen: BaseState<typeof Lab> = []
        yield* page.render(views(seen))
        yield* page.drawn(Effect.promise(() => last(seen).call.Add({ by: 3 })))
        yield* page.drawn(live.disconnect)
        yield* page.drawn(live.reconnect)
        assert.deepInclude(last(seen), { connected: true, status: "synced", activation: "resumed" })
        yield* page.drawn(TestClock.adjust("1 second"))
        yield* page.drawn(live.kill)
        assert.deepInclude(last(seen), { connected: false, status: "reconnecting", activation: "resumed" })
        assert.strictEqual(page.text(), "[3]")
        yield* page.drawn(Effect.andThen(live.start, live.reconnect))
        assert.deepInclude(last(seen), { connected: true, status: "synced", activation: "rehydrated" })
        assert.strictEqual(page.text(), "[3]")
        assert.deepStrictEqual(activations(seen), [undefined, "mounted", "resumed", "rehydrated"])
      })
    )
  )

  it.effect("a state is there again for a view that was gone, when it has a cacheKey, and not otherwise", () =>
    onPage(
      Effect.gen(function* () {
        const page = yield* Page
        for (const [cacheKey, count, activation] of [
          ["mine", 3, "rehydrated"],
          [undefined, 0, "mounted"]
        ] as const) {
          const seen: BaseState<typeof Lab> = []
          yield* page.render(views(seen, cacheKey))
          yield* page.drawn(Effect.promise(() => last(seen).call.Add({ by: 3 })))
          yield* page.render(null)
          yield* page.drawn(TestClock.adjust("5 seconds"))
          assert.strictEqual(yield* page.instances, 0)
          yield* page.render(views(seen, cacheKey))
          assert.deepInclude(last(seen), { connected: true, activation })
          assert.strictEqual(page.text(), `[${count}]`)
          yield* page.render(null)
          yield* page.drawn(TestClock.adjust("5 seconds"))
        }
      })
    )
  )

  it.effect("another cacheKey has another state", () =>
    onPage(
      Effect.gen(function* () {
        const page = yield* Page
        const seen: BaseState<typeof Lab> = []
        const ComponentSnapshot = ({ name }: { readonly name: string }) => {
          const lab = useComponent(Lab, { props: { start: 0 }, cacheKey: name, gcTime: 0 })
          seen.push(lab)
          return <p>[{lab.state.count}]</p>
        }
        yield* page.render(<ComponentSnapshot name="a" />)
        yield* page.drawn(Effect.promise(() => last(seen).call.Add({ by: 3 })))
        yield* page.render(<ComponentSnapshot name="b" />)
        assert.deepStrictEqual([page.text(), yield* page.instances], ["[0]", 1])
        yield* page.render(<ComponentSnapshot name="a" />)
        assert.deepStrictEqual([page.text(), yield* page.instances], ["[3]", 1])
      })
    )
  )
})

describe("what the server refuses to mount", () => {
  it.effect("a mount that the server refuses says why in `error`, and shows its initial state", () =>
    onPage(
      Effect.gen(function* () {
        const page = yield* Page
        const ComponentSnapshot = () => {
          const unlisted = useComponent(Unlisted)
          const broken = useComponent(Broken)
          return (
            <p>
              {unlisted.state.nothing} {unlisted.error?.message} <LiveStatus of={broken} />
            </p>
          )
        }
        yield* page.render(<ComponentSnapshot />)
        assert.match(page.text(), /^0 "Unlisted" is not available on this server\. .*Not available\.$/)
      })
    )
  )
})

class Boundary extends Component<{ readonly children: ReactNode }> {
  static readonly getDerivedStateFromError = () => ({ failed: true })
  override readonly state = { failed: false }
  override render() {
    return this.state.failed ? "caught" : this.props.children
  }
}
