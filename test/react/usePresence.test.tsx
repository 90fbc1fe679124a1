// @vitest-environment happy-dom
import { assert, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { useComponent, usePresence } from "fibra/react"
import { LiveTest } from "fibra/testing"
import { RoomFixture, RoomFixtureLayer, Minutes } from "../support/RoomFixture.ts"
import { onPageOf, Page } from "../support/page.tsx"

const hall = LiveTest.layer({ components: [RoomFixture] }).pipe(
  Layer.provide(RoomFixtureLayer),
  Layer.provide(Minutes.layer)
)

it.effect("the page shows everyone in the room, and who comes or goes reaches the last handler, once", () =>
  onPageOf(
    hall,
    Effect.gen(function* () {
      const page = yield* Page
      const live = yield* LiveTest
      const second = yield* live.connect()
      yield* second.mount(RoomFixture, { props: { who: "Ada" }, room: "lobby" })
      const heard: Array<string> = []
      const ComponentSnapshot = ({ name, room }: { readonly name: string; readonly room: string }) => {
        const people = usePresence(useComponent(RoomFixture, { props: { who: "me" }, room }), ({ _tag, person }) => {
          heard.push(`${name}: ${_tag} ${person.metadata.name} ${person.metadata.mood}`)
        })
        return <p>{people.map(({ metadata }) => metadata.name).join(" ")}</p>
      }
      yield* page.render(<ComponentSnapshot name="a" room="lobby" />)
      assert.strictEqual(page.text(), "Ada me")
      // Nobody is new in the first list.
      assert.deepStrictEqual(heard, [])
      const third = yield* live.connect()
      yield* Effect.scoped(
        Effect.gen(function* () {
          yield* page.drawn(third.mount(RoomFixture, { props: { who: "Cy" }, room: "lobby" }))
          assert.strictEqual(page.text(), "Ada me Cy")
          yield* page.render(<ComponentSnapshot name="b" room="lobby" />)
        })
      )
      yield* page.drawn(live.settle)
      assert.strictEqual(page.text(), "Ada me")
      assert.deepStrictEqual(heard, ["a: Joined Cy calm", "b: Left Cy calm"])
      // In another room are others, and that is not news of those.
      yield* page.render(<ComponentSnapshot name="c" room="kitchen" />)
      assert.strictEqual(page.text(), "me")
      assert.lengthOf(heard, 2)
      yield* page.render(null)
    })
  )
)

it.effect("a lost connection makes nobody new, and two views of one room share what they know", () =>
  onPageOf(
    hall,
    Effect.gen(function* () {
      const page = yield* Page
      const live = yield* LiveTest
      const second = yield* live.connect({ principal: "ada" })
      const ada = yield* second.mount(RoomFixture, { props: { who: "Ada" }, room: "lobby" })
      const heard: Array<string> = []
      const ComponentSnapshot = ({ listens }: { readonly listens: boolean }) => {
        const of = useComponent(RoomFixture, { props: { who: "me" }, room: "lobby" })
        const people = usePresence(of, ({ person }) => {
          if (listens) heard.push(`${person.metadata.name} ${person.metadata.mood}`)
        })
        return <p>{people.length},</p>
      }
      yield* page.render([<ComponentSnapshot key="1" listens={true} />, <ComponentSnapshot key="2" listens={false} />])
      assert.strictEqual(page.text(), "2,2,")
      yield* page.drawn(live.disconnect)
      yield* page.drawn(live.reconnect)
      assert.deepStrictEqual(heard, [])
      yield* page.drawn(Effect.exit(ada.call.Mood({ mood: "merry" })))
      assert.deepStrictEqual(heard, ["Ada merry"])
      // The one that comes for the one that goes knows the list at once.
      yield* page.render(<ComponentSnapshot key="3" listens={false} />)
      yield* page.drawn(live.settle)
      assert.strictEqual(page.text(), "2,")
      yield* page.render(null)
    })
  )
)
