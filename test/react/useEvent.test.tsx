// @vitest-environment happy-dom
import { assert, it } from "@effect/vitest"
import { Effect, Layer, Logger } from "effect"
import { type LiveComponent, useComponent, useEvent } from "fibra/react"
import { LiveTest } from "fibra/testing"
import { useState } from "react"
import { behaviors, components, Lab } from "../support/Lab.ts"
import { onPage, onPageOf, Page } from "../support/page.tsx"
import { warnings } from "../support/warnings.ts"

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
      const ComponentSnapshot = ({ name }: { readonly name: string }) => {
        const lab = useComponent(Lab, { props: { start: 0 } })
        labs.push(lab)
        return <Listener of={lab} name={name} />
      }
      const say = (text: string) => page.drawn(Effect.suspend(() => announce(labs.at(-1) as never, text)))
      yield* page.render(<ComponentSnapshot name="a" />)
      yield* say("one")
      yield* page.render(<ComponentSnapshot name="b" />)
      yield* say("two")
      assert.deepStrictEqual(heard, ["a: one", "b: two"])
      assert.strictEqual(page.text(), "one two")
      yield* page.render(null)
    })
  )
)

it.effect(
  "a handler that throws does not keep the event from the other handlers, and is logged in the client's log",
  () => {
    const log: Array<unknown> = []
    const logger = Logger.layer([warnings(log)])
    const server = LiveTest.layer({ components }).pipe(Layer.provideMerge(behaviors), Layer.provideMerge(logger))
    return onPageOf(
      server,
      Effect.gen(function* () {
        const page = yield* Page
        const heard: Array<string> = []
        const labs: Array<LiveComponent<typeof Lab>> = []
        const ComponentSnapshot = () => {
          const lab = useComponent(Lab, { props: { start: 0 } })
          labs.push(lab)
          useEvent(lab, "Announced", ({ text }) => void heard.push(`before: ${text}`))
          useEvent(lab, "Announced", () => {
            throw new Error("the handler has a bug")
          })
          useEvent(lab, "Announced", ({ text }) => void heard.push(`after: ${text}`))
          return null
        }
        yield* page.render(<ComponentSnapshot />)
        yield* page.drawn(Effect.suspend(() => announce(labs.at(-1) as never, "one")))
        assert.deepStrictEqual(heard, ["before: one", "after: one"])
        assert.deepStrictEqual(log, ['A listener of "Lab" failed'])
        yield* page.render(null)
      })
    )
  }
)
