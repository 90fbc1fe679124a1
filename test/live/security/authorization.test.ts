/** Who may mount, call, set and join, and who decides it. */
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Exit, Layer, Logger } from "effect"
import { TestClock } from "effect/testing"
import { LiveError } from "fibra"
import { Authentication, Authorization } from "fibra/server"
import { LiveTest } from "fibra/testing"
import { AuthorizationFixture, AuthorizationFixtureLayer, Port, served } from "../../support/AuthorizationFixture.ts"
import { connect } from "../../support/JsonSocket.ts"

/** What rights are looked up in. */
class Ranks extends Context.Service<Ranks, ReadonlyMap<string, string>>()("test/Ranks") {
  static readonly layer = Layer.succeed(
    Ranks,
    new Map([
      ["ada", "owner"],
      ["bob", "reader"]
    ])
  )
}

const rankOf = (principal: { readonly id: string } | undefined) =>
  Effect.map(Effect.service(Ranks), (ranks) => ranks.get(principal?.id ?? ""))

const rights = Authorization.layer({
  mount: ({ key, principal }) => Effect.map(rankOf(principal), (rank) => rank !== undefined && key !== "vault"),
  call: ({ action, principal }) =>
    Effect.map(rankOf(principal), (rank) => rank === "owner" || (action !== "Shred" && action !== "Note")),
  set: ({ principal, property, value }) =>
    Effect.map(rankOf(principal), (rank) => rank === "owner" && property === "title" && value !== "nonsense"),
  join: ({ room }) => Effect.succeed(room !== "backstage")
}).pipe(Layer.provide(Ranks.layer))

const tested = (layer: Layer.Layer<never>) =>
  LiveTest.layer({ components: [AuthorizationFixture] }).pipe(
    Layer.provide([AuthorizationFixtureLayer, Logger.layer([])]),
    Layer.provide(layer)
  )

/** What was refused, and nothing else. */
const refused = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.map(Effect.flip(effect), (error) =>
    error instanceof LiveError.LiveError && error.reason._tag === "NotAllowed" ? error.reason.what : error
  )

describe("authorization", () => {
  it.effect("authorization is asked for every mount, with its services, and clients do not learn why not", () =>
    Effect.gen(function* () {
      const live = yield* LiveTest
      const [ada, eve] = [yield* live.connect({ principal: "ada" }), yield* live.connect({ principal: "eve" })]
      yield* ada.mount(AuthorizationFixture, { props: {}, key: "shared" })
      assert.strictEqual(
        yield* refused(ada.mount(AuthorizationFixture, { props: {}, key: "vault" })),
        `Mounting "AuthorizationFixture"`
      )
      // Also when it runs already, for somebody else.
      assert.strictEqual(
        yield* refused(eve.mount(AuthorizationFixture, { props: {}, key: "shared" })),
        `Mounting "AuthorizationFixture"`
      )
      assert.strictEqual(
        yield* refused(live.mount(AuthorizationFixture, { props: {} })),
        `Mounting "AuthorizationFixture"`
      )
      // Nothing was activated for those who may not.
      assert.strictEqual((yield* live.open).instances, 1)
    }).pipe(Effect.scoped, Effect.provide(tested(rights)))
  )

  it.effect("authorization is asked for every call in its turn, so that calls keep their order", () =>
    Effect.gen(function* () {
      const live = yield* LiveTest
      const [one, other] = [yield* live.connect({ principal: "ada" }), yield* live.connect({ principal: "bob" })]
      const [ada, bob] = [
        yield* one.mount(AuthorizationFixture, { props: {}, key: "shared" }),
        yield* other.mount(AuthorizationFixture, { props: {}, key: "shared" })
      ]
      yield* Effect.forEach(["a", "b", "c"], (text) => ada.call.Note({ text }), { concurrency: "unbounded" })
      assert.strictEqual(yield* refused(bob.call.Shred()), `Calling "Shred" of "AuthorizationFixture"`)
      assert.strictEqual(yield* bob.call.WhoCalls(), "bob")
      assert.deepStrictEqual((yield* bob.state).notes, ["a", "b", "c"])
      yield* ada.call.Shred()
      assert.deepStrictEqual((yield* bob.state).notes, [])
    }).pipe(Effect.scoped, Effect.provide(tested(rights)))
  )

  const gone = new Error("the database is gone")
  for (const [how, mount] of [
    ["dies", () => Effect.die(gone)],
    [
      "throws",
      () => {
        throw gone
      }
    ]
  ] as const) {
    it.effect(`authorization permits nothing when it ${how}`, () =>
      Effect.gen(function* () {
        const live = yield* LiveTest
        assert.strictEqual(
          yield* refused(live.mount(AuthorizationFixture, { props: {} })),
          `Mounting "AuthorizationFixture"`
        )
      }).pipe(Effect.scoped, Effect.provide(tested(Authorization.layer({ mount }))))
    )
  }

  it.live("authorization is asked for fields that are set, too", () =>
    Effect.gen(function* () {
      const port = yield* Port
      const setter = Effect.fnUntraced(function* (as: string) {
        const socket = yield* connect(port, { as })
        const desk = yield* socket.mount({ component: "AuthorizationFixture" })
        return (value: string) =>
          socket.request({ type: "PROPERTY_UPDATE", componentId: desk, payload: { property: "title", value } })
      })
      const [ada, bob] = [yield* setter("ada"), yield* setter("bob")]
      assert.deepInclude(yield* ada("mine"), { success: true })
      assert.deepInclude(yield* ada("nonsense"), { success: false, code: "NotAllowed" })
      assert.deepInclude(yield* bob("mine"), { success: false, code: "NotAllowed" })
    }).pipe(
      Effect.scoped,
      Effect.provide(
        served().pipe(
          Layer.provide(rights),
          Layer.provide(
            Authentication.layer(({ originalUrl }) =>
              Effect.sync(() => {
                const id = new URL(originalUrl, "http://localhost").searchParams.get("as")
                return id === null ? undefined : { id }
              })
            )
          )
        )
      )
    )
  )
})

describe("a right to set that is left out", () => {
  const asked: Array<string> = []
  const callOnly = Authorization.layer({
    call: ({ action, payload }) =>
      Effect.sync(() => {
        asked.push(`${action}: ${String(payload)}`)
        return !action.startsWith("set ")
      })
  })

  it.live("authorization without a right to set asks the right to call, with the action `set <property>`", () =>
    Effect.gen(function* () {
      const socket = yield* connect(yield* Port)
      const componentId = yield* socket.mount({ component: "AuthorizationFixture" })
      const payload = { property: "title", value: "mine" }
      assert.deepInclude(yield* socket.request({ type: "PROPERTY_UPDATE", componentId, payload }), {
        success: false,
        code: "NotAllowed",
        reason: { _tag: "NotAllowed", what: `Setting "title" of "AuthorizationFixture"` }
      })
      assert.deepInclude(yield* socket.request({ type: "CALL_ACTION", componentId, action: "Shred" }), {
        success: true
      })
      assert.deepStrictEqual(asked, ["set title: mine", "Shred: undefined"])
    }).pipe(Effect.scoped, Effect.provide(served().pipe(Layer.provide(callOnly))))
  )
})

describe("a right", () => {
  const mounted = Effect.gen(function* () {
    const live = yield* LiveTest
    const room = { props: {}, room: "lobby" } as const
    const mounting = yield* Effect.forkChild(Effect.scoped(refused(live.mount(AuthorizationFixture, room))), {
      startImmediately: true
    })
    yield* TestClock.adjust("5 seconds")
    yield* live.settle
    assert.deepInclude(yield* live.open, { instances: 0, rooms: 0 })
    return mounting.pollUnsafe()
  })
  const asked = { mount: `Mounting "AuthorizationFixture"`, join: `Joining the room "lobby"` }
  for (const name of ["mount", "join"] as const) {
    it.effect(`that does not answer grants nothing after authenticationTimeout: ${name}`, () =>
      Effect.gen(function* () {
        assert.deepStrictEqual(yield* mounted, Exit.succeed(asked[name]))
      }).pipe(
        Effect.scoped,
        Effect.provide(tested(Authorization.layer({ [name]: () => Effect.uninterruptible(Effect.never) })))
      )
    )

    for (const answer of ["no", 1, {}, [], Promise.resolve(false)] as ReadonlyArray<unknown>) {
      it.effect(`that answers anything but true grants nothing: ${name}, ${JSON.stringify(answer)}`, () =>
        Effect.gen(function* () {
          assert.deepStrictEqual(yield* mounted, Exit.succeed(asked[name]))
        }).pipe(
          Effect.scoped,
          Effect.provide(tested(Authorization.layer({ [name]: () => Effect.succeed(answer as boolean) })))
        )
      )
    }
  }
})

describe("an anonymous client, where nobody is asked", () => {
  const nobody = Authentication.layer(() => Effect.undefined)
  const desk = (anonymous?: boolean) =>
    LiveTest.layer({ components: [AuthorizationFixture] }).pipe(
      Layer.provide(
        AuthorizationFixture.toLayer(Effect.die("not built"), anonymous === undefined ? {} : { anonymous })
      ),
      Layer.provide(Logger.layer([]))
    )
  const outcome = Effect.gen(function* () {
    const live = yield* LiveTest
    const error = yield* Effect.flip(live.mount(AuthorizationFixture, { props: {} }))
    // Whoever is let in finds a component that cannot be built.
    return error.reason._tag === "NotAllowed" ? "refused" : "let in"
  }).pipe(Effect.scoped)

  for (const { anonymous, authentication, expected } of [
    { anonymous: undefined, authentication: false, expected: "let in" },
    { anonymous: undefined, authentication: true, expected: "refused" },
    { anonymous: true, authentication: true, expected: "let in" },
    { anonymous: false, authentication: false, expected: "refused" }
  ]) {
    const says = anonymous === undefined ? "that says nothing" : `that says ${anonymous}`
    it.effect(
      `an anonymous client is ${expected} by a component ${says}, ${authentication ? "with" : "without"} authentication`,
      () =>
        Effect.gen(function* () {
          assert.strictEqual(yield* outcome, expected)
        }).pipe(Effect.provide(desk(anonymous).pipe(Layer.provide(authentication ? nobody : Layer.empty))))
    )
  }
})
