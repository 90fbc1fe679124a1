/** Pages that are rendered on a server: what is mounted for them is real, and ends when no browser comes for it. */
import { assert, describe, it, layer } from "@effect/vitest"
import { Cause, Duration, Effect, Exit, Fiber, Layer, Logger, Schema } from "effect"
import { HttpEffect, HttpServerRequest, HttpServerResponse } from "effect/http"
import { TestClock } from "effect/testing"
import { Component } from "fibra"
import { Authentication, Authorization, LiveConfig, LiveSsr, Principals } from "fibra/server"
import { LiveTest } from "fibra/testing"
import { behaviors, Broken, components, Gate, Lab } from "../../support/Lab.ts"

const subject = LiveTest.layer({ components }).pipe(Layer.provideMerge(behaviors))

/** A request for a page, by whoever has this name. */
const asked = (as?: string) =>
  HttpServerRequest.fromWeb(new Request("http://test/", as === undefined ? {} : { headers: { cookie: `as=${as}` } }))

const lab = (request = asked(), start = 3) => LiveSsr.mount(Lab, { props: { start } }, request)

/** What is open on the server, besides the client of the test. */
const waiting = Effect.gen(function* () {
  const { instances, parked } = yield* (yield* LiveTest).open
  return { instances, parked }
})

const nothing = { instances: 0, parked: 0 }

layer(subject)("a page", (it) => {
  it.effect("a page is rendered with an instance that is mounted once, and ends when no browser comes for it", () =>
    Effect.gen(function* () {
      const gate = yield* Gate
      const built = gate.built
      const request = asked()
      const { componentId, state } = yield* lab(request)
      assert.strictEqual(state.count, 3)
      const { data } = yield* LiveSsr.page(request)
      assert.isString(data.session)
      assert.deepStrictEqual(
        data.components.map(({ component, props, revision, status }) => ({ component, props, revision, status })),
        [{ component: "Lab", props: { start: 3 }, revision: 0, status: "running" }]
      )
      assert.strictEqual(data.components[0]?.componentId, componentId)
      assert.isString(data.components[0]?.token)
      yield* TestClock.adjust("44 seconds")
      assert.deepStrictEqual(yield* waiting, { instances: 1, parked: 1 })
      yield* TestClock.adjust("2 seconds")
      assert.deepStrictEqual(yield* waiting, nothing)
      assert.strictEqual(gate.built, built + 1)
    })
  )

  it.effect("a page has one session for all that is mounted on it, and another page has another", () =>
    Effect.gen(function* () {
      const [one, other] = [asked(), asked()]
      yield* Effect.all([lab(one, 1), lab(one, 2)], { concurrency: "unbounded" })
      yield* LiveSsr.mount(Lab, { props: { start: 4 }, key: "shared" }, one)
      yield* lab(other)
      assert.deepStrictEqual(yield* waiting, { instances: 4, parked: 2 })
      const page = yield* LiveSsr.page(one)
      assert.deepStrictEqual(
        page.data.components.map(({ key, state }) => [key, state["count"]]),
        [
          [undefined, 1],
          [undefined, 2],
          ["shared", 4]
        ]
      )
      assert.notStrictEqual(page.data.session, (yield* LiveSsr.page(other)).data.session)
      yield* TestClock.adjust("46 seconds")
      assert.deepStrictEqual(yield* waiting, { instances: 1, parked: 0 })
    })
  )

  it.effect("a page on which nothing is mounted has no session", () =>
    Effect.gen(function* () {
      const request = asked()
      assert.deepStrictEqual((yield* LiveSsr.page(request)).data, { components: [] })
      const refused = yield* Effect.flip(LiveSsr.mount(Broken, {}, request))
      assert.strictEqual(refused._tag === "LiveError" && refused.reason._tag, "ComponentCrashed")
      assert.deepStrictEqual((yield* LiveSsr.page(request)).data, { components: [] })
      assert.deepStrictEqual(yield* waiting, { instances: 1, parked: 0 })
      // What could not be mounted takes nothing from the others.
      yield* lab(request)
      assert.isString((yield* LiveSsr.page(request)).data.session)
      yield* TestClock.adjust("46 seconds")
    })
  )

  it.effect("a page with props or a key that are none is refused, as over the wire, and nothing waits for it", () =>
    Effect.gen(function* () {
      const before = yield* waiting
      const reasons = yield* Effect.forEach(
        [lab(asked(), 0.5), LiveSsr.mount(Lab, { props: { start: 1 }, key: "" }, asked())],
        Effect.flip
      )
      assert.deepStrictEqual(
        reasons.map((error) => error._tag === "LiveError" && error.reason._tag),
        ["PropsRejected", "KeyRejected"]
      )
      assert.deepStrictEqual(yield* waiting, before)
    })
  )

  it.effect("a page that nobody waits for any more while it is mounted leaves nothing behind", () =>
    Effect.gen(function* () {
      const before = yield* waiting
      const mounting = yield* Effect.forkChild(LiveSsr.mount(Slow, {}, asked()), { startImmediately: true })
      yield* Fiber.interrupt(mounting)
      assert.deepStrictEqual(yield* waiting, before)
    }).pipe(Effect.provide(slow, { local: true }))
  )

  it.effect("a response is nobody else's, whatever its route says", () =>
    Effect.gen(function* () {
      const context = yield* Effect.context<LiveSsr.LiveSsr>()
      const handler = HttpEffect.toWebHandler(
        Effect.gen(function* () {
          const request = yield* HttpServerRequest.HttpServerRequest
          yield* lab(request)
          return HttpServerResponse.text("page", { headers: { "cache-control": "public, max-age=60" } })
        }).pipe(Effect.provideContext(context), Effect.orDie)
      )
      const response = yield* Effect.promise(() => handler(new Request("http://test/")))
      assert.strictEqual(response.headers.get("cache-control"), "private, no-store")
      yield* TestClock.adjust("46 seconds")
    })
  )
})

/** Whose first state ends scripts, where somebody lets it. */
class Nasty extends Component.Service<Nasty>()("Nasty", {
  props: { text: Schema.String },
  state: { text: Schema.String },
  initial: ({ text }) => ({ text })
}) {}

describe("the script of a page", () => {
  it.effect("ends nowhere but at its end, and has what was mounted", () =>
    Effect.gen(function* () {
      const request = asked()
      const text = "</script><!-- <script> & \u2028 \u2029"
      yield* LiveSsr.mount(Nasty, { props: { text } }, request)
      const { data, script } = yield* LiveSsr.page(request)
      const [, json = ""] = /^<script type="application\/json" id="fibra-ssr">(.*)<\/script>$/s.exec(script) ?? []
      assert.notMatch(json, /[<>&\u2028\u2029]/)
      assert.deepStrictEqual(JSON.parse(json), data)
      assert.strictEqual(data.components[0]?.state["text"], text)
    }).pipe(
      Effect.provide(
        LiveTest.layer({ components: [Nasty] }).pipe(Layer.provide(Nasty.toLayer(Effect.succeed(Nasty.of({}))))),
        { local: true }
      )
    )
  )
})

/** Takes as long to build as a test wants. */
class Slow extends Component.Service<Slow>()("Slow", {
  state: { ready: Schema.Boolean },
  initial: () => ({ ready: false })
}) {}

const slow = LiveTest.layer({ components: [Slow] }).pipe(Layer.provide(Slow.toLayer(Effect.never)))

describe("how much waits for pages", () => {
  const limited = (config: Partial<LiveConfig.Settings>) =>
    subject.pipe(Layer.provide([LiveConfig.layer(config), Logger.layer([])]))

  it.effect("the oldest page gives way to a new one, and no client that was connected does", () =>
    Effect.gen(function* () {
      const live = yield* LiveTest
      yield* live.mount(Lab, { props: { start: 0 } })
      yield* live.disconnect
      const requests = Array.from({ length: 4 }, () => asked())
      for (const request of requests) yield* lab(request)
      assert.deepStrictEqual(yield* waiting, { instances: 3, parked: 3 })
      const pages = yield* Effect.forEach(requests, LiveSsr.page)
      assert.deepStrictEqual(
        pages.map(({ data }) => [data.session !== undefined, data.components.length]),
        [
          [false, 1],
          [false, 1],
          [true, 1],
          [true, 1]
        ]
      )
      yield* live.reconnect
      assert.deepStrictEqual(yield* waiting, { instances: 3, parked: 2 })
    }).pipe(Effect.scoped, Effect.provide(limited({ maxParked: 3 }), { local: true }))
  )

  it.effect("a page that is larger than may wait shows what it has, and nothing waits for it", () =>
    Effect.gen(function* () {
      const request = asked()
      assert.strictEqual((yield* lab(request)).state.count, 3)
      assert.strictEqual((yield* LiveSsr.page(request)).data.session, undefined)
      assert.deepStrictEqual(yield* waiting, nothing)
    }).pipe(Effect.provide(limited({ maxParkedBytes: 100 }), { local: true }))
  )

  it.effect("a page that waits for a build counts from its beginning, and gives way with an initial state", () =>
    Effect.gen(function* () {
      const first = yield* Effect.forkChild(LiveSsr.mount(Slow, {}, asked()), { startImmediately: true })
      assert.deepStrictEqual((yield* waiting).parked, 1)
      const second = yield* Effect.forkChild(LiveSsr.mount(Slow, {}, asked()), { startImmediately: true })
      assert.deepStrictEqual(yield* Fiber.join(first), { state: { ready: false }, componentId: undefined })
      assert.deepStrictEqual((yield* waiting).parked, 1)
      yield* Fiber.interrupt(second)
    }).pipe(
      Effect.provide(slow.pipe(Layer.provide([LiveConfig.layer({ maxParked: 1 }), Logger.layer([])])), { local: true })
    )
  )

  it.effect("where no session waits, a page shows what it has, and nothing waits for it", () =>
    Effect.gen(function* () {
      const request = asked()
      assert.strictEqual((yield* lab(request)).state.count, 3)
      assert.strictEqual((yield* LiveSsr.page(request)).data.session, undefined)
      assert.deepStrictEqual(yield* waiting, nothing)
    }).pipe(Effect.provide(limited({ linger: Duration.zero }), { local: true }))
  )

  it.effect("one component more than a connection may have is rendered with an initial state", () =>
    Effect.gen(function* () {
      const request = asked()
      yield* lab(request, 1)
      assert.deepStrictEqual((yield* lab(request, 2)).componentId, undefined)
      assert.strictEqual((yield* LiveSsr.page(request)).data.components.length, 1)
    }).pipe(Effect.provide(limited({ maxComponents: 1 }), { local: true }))
  )
})

/** Whoever has a cookie is let in under its name, but for some. */
const authentication = Authentication.layer((request) => {
  const name = request.cookies["as"]
  if (name === "stranger") return Effect.fail(new Authentication.Unauthorized({}))
  if (name === "banned") return Effect.fail(new Authentication.Forbidden({}))
  if (name === "sleeper") return Effect.never
  if (name === "bomb") return Effect.die(new Error("authentication broke"))
  return Effect.succeed(name === undefined ? undefined : { id: name })
})

const authorization = Authorization.layer({ mount: ({ principal }) => Effect.succeed(principal?.id !== "mallory") })

const guarded = subject.pipe(Layer.provideMerge(Principals.layer), Layer.provide([authentication, authorization]))

describe("for whom a page is rendered", () => {
  it.effect("a page is its visitor's, whom Authentication tells from its request", () =>
    Effect.gen(function* () {
      const live = yield* LiveTest
      const ada = asked("ada")
      yield* lab(ada)
      assert.deepStrictEqual(yield* waiting, { instances: 1, parked: 1 })
      yield* Principals.Principals.use(({ disconnect }) => disconnect({ id: "ada" }))
      yield* live.settle
      assert.deepStrictEqual(yield* waiting, nothing)
      assert.strictEqual((yield* LiveSsr.page(ada)).data.session, undefined)
    }).pipe(Effect.provide(guarded, { local: true }))
  )

  it.effect("a page is refused as a connection would be, and a mount as over the wire", () =>
    Effect.gen(function* () {
      const tags = yield* Effect.forEach(["stranger", "banned", "mallory"], (name) =>
        Effect.map(Effect.flip(lab(asked(name))), (error) =>
          error._tag === "LiveError" ? error.reason._tag : error._tag
        )
      )
      assert.deepStrictEqual(tags, ["Unauthorized", "Forbidden", "NotAllowed"])
      assert.deepStrictEqual(yield* waiting, nothing)
    }).pipe(Effect.provide(guarded, { local: true }))
  )

  it.effect("nobody gets a page while Authentication is broken, or gives no answer", () =>
    Effect.gen(function* () {
      const sleeping = yield* Effect.forkChild(Effect.exit(lab(asked("sleeper"))), { startImmediately: true })
      yield* TestClock.adjust("1 minute")
      const exits = [yield* Fiber.join(sleeping), yield* Effect.exit(lab(asked("bomb")))]
      assert.deepStrictEqual(
        exits.map((exit) => Exit.isFailure(exit) && Cause.hasDies(exit.cause)),
        [true, true]
      )
      assert.deepStrictEqual(yield* waiting, nothing)
    }).pipe(Effect.provide(guarded, { local: true }))
  )
})
