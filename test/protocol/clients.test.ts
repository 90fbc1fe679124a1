/** The clients of examples/clients, which know nothing of fibra but its open protocol: what they do, and what they show. */
import { execFile, spawnSync } from "node:child_process"
import { fileURLToPath } from "node:url"
import { assert, layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import type { Page } from "playwright-core"
import { findings } from "../support/axe.ts"
import { Chromium } from "../support/Chromium.ts"
import { layerShowcase, Server } from "./Server.ts"

const program = fileURLToPath(new URL("../../examples/clients/counter.py", import.meta.url))

/** A Python that has websockets; the first in the PATH may be another than the one the system installs modules for. */
const python = ["python3", "/usr/bin/python3"].find(
  (python) => spawnSync(python, ["-c", "import websockets"], { timeout: 60_000 }).status === 0
)

const run = (file: string, args: ReadonlyArray<string>): Effect.Effect<string> =>
  Effect.callback((resume) => {
    const child = execFile(file, args, { timeout: 60_000 }, (error, stdout, stderr) =>
      resume(error === null ? Effect.succeed(stdout) : Effect.die(new Error(stdout + stderr, { cause: error })))
    )
    return Effect.sync(() => child.kill())
  })

const printed = `state {"count": 8}
state {"count": 10}
heard Milestone: {"count": 10}
total 10
refused LimitReached {"_tag": "LimitReached", "max": 100}
state {}
heard Said: {"name": "Python", "text": "hello", "at": "…"}
resumed True 2
state {"count": 10}
state {}
state {"count": 11}
total 11
state {"count": 11}
rehydrated {"count": 11}
`

const shows = (page: Page, label: string, text: string) =>
  Effect.promise(() => page.getByLabel(label, { exact: true }).filter({ hasText: text }).waitFor())

const says = (page: Page, status: string) =>
  Effect.promise(() => page.getByRole("status").filter({ hasText: status }).waitFor())

const click = (page: Page, button: string) =>
  Effect.promise(() => page.getByRole("button", { name: button, exact: true }).click())

const kept = (page: Page) =>
  Effect.promise(() =>
    page.evaluate(() => JSON.parse(sessionStorage.getItem("live") ?? "{}") as Readonly<Record<string, string>>)
  )

layer(Layer.merge(layerShowcase, Chromium.layer), { excludeTestServices: true, timeout: 120_000 })("a client", (it) => {
  it.effect.skipIf(python === undefined)(
    "a client in Python counts, chats, resumes and restores its state (skipped without websockets)",
    () =>
      Effect.gen(function* () {
        const output = yield* run(python ?? "", [program, (yield* Server).url])
        assert.strictEqual(output.replace(/"at": "[^"]*"/, '"at": "…"'), printed)
      })
  )

  it.effect(
    "a client in plain JavaScript counts, says where it ends, gets what others say, and has nothing that axe would find",
    () =>
      Effect.gen(function* () {
        const { complaints, page } = yield* Chromium.open(`${(yield* Server).origin}/clients/`)
        yield* says(page, "Connected, in a new session.")
        yield* shows(page, "Count", "0")
        yield* click(page, "+10")
        yield* shows(page, "Count", "10")
        yield* shows(page, "Heard", 'Milestone {"count":10}')
        for (let count = 20; count <= 100; count += 10) {
          yield* click(page, "+10")
          yield* shows(page, "Count", String(count))
        }
        yield* click(page, "+1")
        yield* Effect.promise(() => page.getByRole("alert").filter({ hasText: "No further than 100." }).waitFor())
        yield* Effect.promise(() => page.getByLabel("Message").fill("hello"))
        yield* click(page, "Send")
        yield* shows(page, "Heard", "Page: hello")
        for (const colorScheme of ["light", "dark"] as const) {
          yield* Effect.promise(() => page.emulateMedia({ colorScheme }))
          assert.deepStrictEqual(yield* findings(page), [], colorScheme)
        }
        yield* click(page, "Reset")
        yield* shows(page, "Count", "0")
        assert.deepStrictEqual(complaints, [])
      })
  )

  it.effect("a client in plain JavaScript resumes its session after a break and after a reload", () =>
    Effect.gen(function* () {
      const { complaints, page } = yield* Chromium.open(`${(yield* Server).origin}/clients/`)
      yield* says(page, "Connected, in a new session.")
      yield* click(page, "+10")
      yield* shows(page, "Count", "10")
      yield* click(page, "Break the connection")
      yield* says(page, "Disconnected.")
      yield* says(page, "Connected, in the same session.")
      yield* click(page, "+1")
      yield* shows(page, "Count", "11")
      yield* Effect.promise(() => page.reload())
      yield* says(page, "Connected, in the same session.")
      yield* shows(page, "Count", "11")
      assert.deepStrictEqual(complaints, [])
    })
  )

  it.effect("a client in plain JavaScript restores its state when its session is gone", () =>
    Effect.gen(function* () {
      const { complaints, page } = yield* Chromium.open(`${(yield* Server).origin}/clients/`)
      yield* says(page, "Connected, in a new session.")
      const { signedState } = yield* kept(page)
      yield* click(page, "+10")
      yield* shows(page, "Count", "10")
      yield* Effect.promise(() =>
        page.waitForFunction(
          (before) => JSON.parse(sessionStorage.getItem("live") ?? "{}").signedState !== before,
          signedState
        )
      )
      // As after a restart of the server: nobody knows the session any more.
      yield* Effect.promise(() =>
        page.evaluate(() => {
          const kept = JSON.parse(sessionStorage.getItem("live") ?? "{}")
          sessionStorage.setItem("live", JSON.stringify({ ...kept, sessionToken: "nobody's" }))
        })
      )
      yield* Effect.promise(() => page.reload())
      yield* says(page, "Connected, in a new session.")
      yield* shows(page, "Count", "10")
      yield* click(page, "+1")
      yield* shows(page, "Count", "11")
      assert.deepStrictEqual(complaints, [])
    })
  )
})
