// @vitest-environment happy-dom
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { type LiveComponent, useComponent, useEvent } from "fibra/react"
import { useState } from "react"
import { Lab } from "../live/Lab.ts"
import { onPage, Page } from "./page.tsx"

const announce = (lab: LiveComponent<typeof Lab>, text: string) => Effect.promise(() => lab.call.Announce({ text }))

it.effect("an event reaches the handler of the last render, once, also in a child of what is mounted", () =>
  onPage(
    Effect.gen(function* () {
      const page = yield* Page
      const heard: Array<string> = []
      const labs: Array<LiveComponent<typeof Lab>> = []
      const Listener = ({ of, name }: { readonly of: LiveComponent<typeof Lab>; readonly name: string }) => {
        const [texts, setTexts] = useState<ReadonlyArray<string>>([])
        useEvent(of, "Announced", ({ text }) => {
          heard.push(`${name}: ${text}`)
          setTexts([...texts, text])
        })
        return <p>{texts.join(" ")}</p>
      }
      const View = ({ name }: { readonly name: string }) => {
        const lab = useComponent(Lab, { props: { start: 0 } })
        labs.push(lab)
        return <Listener of={lab} name={name} />
      }
      const say = (text: string) => page.drawn(Effect.suspend(() => announce(labs.at(-1) as never, text)))
      yield* page.render(<View name="a" />)
      yield* say("one")
      yield* page.render(<View name="b" />)
      yield* say("two")
      assert.deepStrictEqual(heard, ["a: one", "b: two"])
      assert.strictEqual(page.text(), "one two")
      yield* page.render(null)
    })
  )
)
