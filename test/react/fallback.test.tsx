// @vitest-environment happy-dom
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { type LiveComponent, useComponent } from "fibra/react"
import { LiveTest } from "fibra/testing"
import { Lab } from "../support/Lab.ts"
import { onPage, Page } from "../support/page.tsx"

interface Keeping {
  readonly name?: string
  readonly userId?: string
  readonly keeps?: boolean
  readonly isShared?: boolean
}

const make = () => {
  const seen: Array<LiveComponent<typeof Lab>> = []
  const View = ({ isShared = false, keeps = true, name = "mine", userId }: Keeping) => {
    const user = userId === undefined ? {} : { userId }
    const place = isShared ? { key: name } : { cacheKey: name }
    const lab = useComponent(Lab, { props: { start: 0 }, gcTime: 0, fallbackToLocal: keeps, ...user, ...place })
    seen.push(lab)
    return <p>[{lab.state.count}]</p>
  }
  return { View, last: () => seen.at(-1) as LiveComponent<typeof Lab> }
}

describe("a component with fallbackToLocal", () => {
  for (const isShared of [false, true]) {
    it.effect(`a ${isShared ? "shared" : "private"} one shows its last state while the server is away`, () =>
      onPage(
        Effect.gen(function* () {
          const { drawn, render, text } = yield* Page
          const live = yield* LiveTest
          const { last, View } = make()
          yield* render(<View isShared={isShared} />)
          yield* drawn(Effect.promise(() => last().call.Add({ by: 3 })))
          yield* render(null)
          yield* drawn(live.disconnect)
          yield* render(<View isShared={isShared} />)
          assert.deepStrictEqual([text(), last().status, last().loading], ["[3]", "connecting", true])
          assert.deepInclude(last(), { connected: false, activation: undefined })
          yield* render(<View isShared={isShared} keeps={false} name="mine" key="another view" />)
          assert.strictEqual(text(), "[0]")
          yield* drawn(live.reconnect)
          assert.deepStrictEqual([text(), last().status], ["[3]", "synced"])
        })
      )
    )
  }

  it.effect("the state is kept within a second, also of a page that never says good-bye", () =>
    onPage(
      Effect.gen(function* () {
        const { drawn, render, text } = yield* Page
        const live = yield* LiveTest
        const { last, View } = make()
        yield* render(<View isShared />)
        yield* drawn(Effect.promise(() => last().call.Add({ by: 3 })))
        yield* drawn(TestClock.adjust("1 second"))
        yield* drawn(live.disconnect)
        // Beside the view that is still there.
        yield* render(
          <>
            <View isShared />
            <View isShared key="next" />
          </>
        )
        assert.strictEqual(text(), "[3][3]")
      })
    )
  )

  it.effect("the states and tokens of two users do not meet", () =>
    onPage(
      Effect.gen(function* () {
        const { drawn, render, text } = yield* Page
        const live = yield* LiveTest
        const { last, View } = make()
        yield* render(<View userId="ada" />)
        yield* drawn(Effect.promise(() => last().call.Add({ by: 3 })))
        yield* render(<View userId="bob" />)
        assert.deepStrictEqual([text(), last().activation], ["[0]", "mounted"])
        yield* render(<View userId="ada" />)
        assert.deepStrictEqual([text(), last().activation], ["[3]", "rehydrated"])
        yield* render(null)
        yield* drawn(live.disconnect)
        for (const [user, shown] of [
          ["bob", "[0]"],
          ["ada", "[3]"]
        ] as const) {
          yield* render(<View userId={user} />)
          assert.strictEqual(text(), shown)
        }
      })
    )
  )
})
