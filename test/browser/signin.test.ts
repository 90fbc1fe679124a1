/** Somebody signs in on a page, out and in again: the page stays, and what was written is there. */
import { createServer } from "node:http"
import { fileURLToPath } from "node:url"
import { NodeHttpServer, NodeServices } from "@effect/platform-node"
import { assert, layer } from "@effect/vitest"
import { Effect, Layer, Logger } from "effect"
import { HttpRouter, HttpStaticServer } from "effect/http"
import { Authentication, LiveServer, Principals, Secrets, SnapshotStore } from "fibra/server"
import type { Page } from "playwright-core"
import { builtPage } from "../support/builtPage.ts"
import { Chromium } from "../support/Chromium.ts"
import { Port, port } from "../support/AuthorizationFixture.ts"
import { Draft, Kept } from "../fixtures/signin/Draft.ts"

const root = fileURLToPath(new URL("../fixtures/signin", import.meta.url))

const notes = Layer.merge(
  Draft.toLayer(Effect.map(Draft, (self) => Draft.of({ Write: ({ text }) => self.set({ text }) }))),
  Kept.toLayer(Effect.map(Kept, (self) => Kept.of({ Write: ({ text }) => self.set({ text }) })))
)

/** Whoever has a token that begins with a name is let in under it. */
const named = Authentication.layer((request) => {
  const token = Authentication.token(request)
  return token === undefined
    ? Effect.fail(new Authentication.Unauthorized({}))
    : Effect.succeed({ id: token.split(".", 1)[0] ?? "" })
})

/** The page, and its server. */
const site = Layer.unwrap(
  Effect.gen(function* () {
    const outDir = yield* builtPage(root)
    return Layer.merge(HttpStaticServer.layer({ root: outDir }), LiveServer.layer({ components: [Draft, Kept] })).pipe(
      (app) => HttpRouter.serve(app, { disableLogger: true, disableListenLog: true }),
      Layer.merge(port),
      Layer.provide(NodeHttpServer.layer(createServer, { port: 0, host: "127.0.0.1" })),
      Layer.provideMerge(Principals.layer),
      Layer.provide([notes, named, Secrets.layerRandom, SnapshotStore.layerMemory, Logger.layer([])]),
      Layer.provide(NodeServices.layer)
    )
  })
)

const form = (page: Page) => page.getByRole("form", { name: "Sign in" })
const note = (page: Page, name: string) => page.getByRole("textbox", { name })

const signIn = (page: Page) =>
  Effect.promise(async () => {
    await form(page).getByLabel("Name").fill("ada")
    await form(page).getByRole("button").click()
    await form(page).waitFor({ state: "detached" })
    await page.getByText("connected", { exact: true }).waitFor()
  })

const write = (page: Page, name: string, text: string) =>
  Effect.promise(async () => {
    await note(page, name).fill(text)
    await reads(page, name, text)
  })

const reads = (page: Page, name: string, text: string) =>
  page.waitForFunction(
    ([name, text]) =>
      Array.from(document.querySelectorAll("label")).some(
        (label) => label.textContent === name && label.querySelector("input")?.value === text
      ),
    [name, text]
  )

layer(Layer.merge(site, Chromium.layer), { excludeTestServices: true, timeout: 120_000 })("a page", (it) => {
  it.effect(
    "a page on which somebody signs out shows where to sign in, and then what was written before",
    () =>
      Effect.gen(function* () {
        const { page } = yield* Chromium.open(`http://127.0.0.1:${yield* Port}/`)
        yield* Effect.promise(() => form(page).waitFor())
        yield* signIn(page)
        yield* write(page, "Draft", "to be continued")
        yield* write(page, "Kept", "on the server")

        // By themselves: the page has no credentials any more.
        yield* Effect.promise(() => page.getByRole("button", { name: "Sign out" }).click())
        yield* Effect.promise(() => form(page).waitFor())
        assert.strictEqual(yield* Effect.promise(() => note(page, "Draft").inputValue()), "to be continued")
        yield* signIn(page)
        yield* Effect.promise(() => reads(page, "Draft", "to be continued"))
        yield* write(page, "Draft", "it is continued")

        // By the server, which ends what was theirs alone, and has what is kept.
        yield* Principals.Principals.use(({ disconnect }) => disconnect({ id: "ada" }))
        yield* Effect.promise(() => form(page).waitFor())
        yield* signIn(page)
        yield* Effect.promise(() => reads(page, "Kept", "on the server"))
        yield* Effect.promise(() => reads(page, "Draft", ""))
        yield* write(page, "Draft", "anew")
      }).pipe(Effect.scoped),
    120_000
  )
})
