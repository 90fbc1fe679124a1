// @vitest-environment happy-dom
/** docs/react.md: a form that the server checks while it is filled in. */
import { assert, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import { LiveTest } from "fibra/testing"
import { onPageOf, Page } from "../support/page.tsx"
import { Profile, ProfileLayer } from "./Profile.ts"
import { ProfileForm } from "./ProfileForm.tsx"

const server = LiveTest.layer({ components: [Profile] }).pipe(Layer.provide(ProfileLayer))

it.effect("a form is checked by the server while it is filled in, and keeps what is not saved", () =>
  onPageOf(
    server,
    Effect.gen(function* () {
      const { drawn, element, render } = yield* Page
      yield* render(<ProfileForm />)
      const type = (selector: "input" | "textarea", text: string) =>
        drawn(
          Effect.sync(() => {
            const field = element.querySelector(selector)
            const { prototype } = selector === "input" ? HTMLInputElement : HTMLTextAreaElement
            Object.getOwnPropertyDescriptor(prototype, "value")?.set?.call(field, text)
            field?.dispatchEvent(new Event("input", { bubbles: true }))
          })
        )
      const alert = () => element.querySelector("[role=alert]")?.textContent
      yield* type("input", "ada")
      assert.isUndefined(alert())
      yield* drawn(TestClock.adjust("300 millis"))
      assert.strictEqual(alert(), "Taken.")
      assert.strictEqual(element.querySelector("input")?.value, "ada")
      yield* type("input", "bob ")
      yield* type("textarea", "Likes boats.")
      yield* drawn(TestClock.adjust("300 millis"))
      assert.strictEqual(alert(), undefined)
      assert.strictEqual(element.querySelector("input")?.value, "bob")
      assert.isFalse(element.querySelector("button")?.disabled)
      yield* drawn(Effect.sync(() => element.querySelector("form")?.requestSubmit()))
      yield* drawn(Effect.void)
      assert.isTrue(element.querySelector("button")?.disabled)
      assert.strictEqual(element.querySelector("textarea")?.value, "Likes boats.")
    })
  ).pipe(Effect.scoped)
)
