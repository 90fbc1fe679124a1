// @vitest-environment happy-dom
/** docs/react.md: a view on a page in memory, in StrictMode, with its server beside it. */
import { assert, layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { LiveProvider } from "fibra/react"
import { LiveTest } from "fibra/testing"
import { act, StrictMode } from "react"
import { createRoot } from "react-dom/client"
import { AddressTaken, Mailer, Signup, SignupLayer } from "./Signup.ts"
import { onPageOf, Page } from "../support/page.tsx"
import { SignupForm } from "./SignupForm.tsx"
import { SignupStep } from "./SignupStep.tsx"

Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: true })

const mailer = Layer.mock(Mailer, {
  welcome: (address) => (address === "ada" ? Effect.fail(new AddressTaken({ address })) : Effect.succeed(1))
})
const test = LiveTest.layer({ components: [Signup] }).pipe(Layer.provide(SignupLayer), Layer.provide(mailer))

layer(test)("docs/react.md", (it) => {
  it.effect("a form calls, shows the typed error, and takes it back after a call that succeeds", () =>
    Effect.gen(function* () {
      // #region page
      const live = yield* LiveTest
      const element = document.body.appendChild(document.createElement("div"))
      const root = yield* Effect.acquireRelease(
        Effect.sync(() => createRoot(element)),
        (root) => Effect.promise(async () => act(() => root.unmount()))
      )
      const page = (
        <StrictMode>
          <LiveProvider client={live.client}>
            <SignupForm />
          </LiveProvider>
        </StrictMode>
      )
      const run = Effect.runPromiseWith(yield* Effect.context<never>())
      const draw = (change: () => void) =>
        Effect.andThen(
          Effect.promise(() => act(async () => change())),
          Effect.promise(() => act(() => run(live.settle))) // React has run its effects by now
        )
      yield* draw(() => root.render(page))
      assert.strictEqual((yield* live.open).instances, 1) // StrictMode mounts once
      // #endregion page

      const submit = (address: string) =>
        Effect.gen(function* () {
          const input = element.querySelector("input")
          yield* draw(() => {
            if (input === null) return
            Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value")?.set?.call(input, address)
            input.dispatchEvent(new Event("input", { bubbles: true }))
          })
          yield* draw(() => element.querySelector("form")?.requestSubmit())
          yield* draw(() => {})
        })
      yield* submit("ada")
      assert.strictEqual(element.querySelector("[role=alert]")?.textContent, "Taken.")
      yield* submit("bob")
      assert.isNull(element.querySelector("[role=alert]"))
      assert.include(element.textContent, "A mail is on its way to bob.")
    })
  )

  it.effect("a view of a part of a state shows that part, and calls", () =>
    onPageOf(
      test,
      Effect.gen(function* () {
        const { drawn, element, render, text } = yield* Page
        yield* render(<SignupStep />)
        assert.strictEqual(text(), "form")
        yield* drawn(Effect.sync(() => element.querySelector("button")?.click()))
        yield* drawn(Effect.void)
        assert.strictEqual(text(), "done")
      })
    ).pipe(Effect.scoped)
  )
})
