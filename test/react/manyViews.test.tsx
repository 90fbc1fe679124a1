// @vitest-environment happy-dom
import { assert, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { useComponent } from "fibra/react"
import { LiveConfig } from "fibra/server"
import { LiveTest } from "fibra/testing"
import { behaviors, components, Ticker } from "../support/Lab.ts"
import { onPageOf, Page } from "../support/page.tsx"

const View = () => <i>{useComponent(Ticker).connected ? "+" : "-"}</i>

it.effect("600 views of a page are mounted in few frames, with the limits of every server", () => {
  const frames: Array<string> = []
  const server = LiveTest.layer({
    components,
    onFrame: (from, text) => void (from === "client" && frames.push(text))
  }).pipe(Layer.provideMerge(behaviors), Layer.provide(LiveConfig.layer({ rate: 50.000001 })))
  return onPageOf(
    server,
    Effect.gen(function* () {
      const page = yield* Page
      yield* page.render(Array.from({ length: 600 }, (_, index) => <View key={index} />))
      assert.strictEqual(page.text(), "+".repeat(600))
      assert.strictEqual(yield* page.instances, 600)
      assert.strictEqual(frames.join("").split('"tag":"Mount"').length - 1, 600)
      assert.isBelow(frames.length, 30)
      assert.strictEqual((yield* page.leave).instances, 0)
    })
  ).pipe(Effect.scoped)
})
