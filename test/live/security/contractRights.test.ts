/** Rights of a component, typed by its contract, and several layers of rights together. */
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Layer, Logger } from "effect"
import { LiveError, type Principal } from "fibra"
import { Authorization } from "fibra/server"
import { LiveTest } from "fibra/testing"
import { AuthorizationFixture, AuthorizationFixtureLayer, Port, served } from "../../support/AuthorizationFixture.ts"
import * as RightsInForce from "../../../src/server/security/RightsInForce.ts"
import { CounterFixture } from "../../support/CounterFixture.ts"
import { connect } from "../../support/JsonSocket.ts"

/** Who may do what in which team: what rights are looked up in. */
class Teams extends Context.Service<Teams, { readonly roleOf: (team: string, person: string) => string | undefined }>()(
  "test/Teams"
) {
  static readonly layer = Layer.succeed(Teams, {
    roleOf: (team, person) =>
      team !== "red" ? undefined : person === "ada" ? "lead" : person === "bob" ? "member" : undefined
  })
}

const roleIn = (key: string | undefined, principal: Principal | undefined) =>
  Teams.useSync((teams) => teams.roleOf(key ?? "", principal?.id ?? ""))

const rights = Authorization.for(AuthorizationFixture, {
  mount: ({ key }, principal) => Effect.map(roleIn(key, principal), (role) => role !== undefined),
  call: {
    Shred: (_, { key, principal }) => Effect.map(roleIn(key, principal), (role) => role === "lead"),
    Note: ({ text }) => Effect.succeed(text !== "forbidden")
  },
  set: { title: (title, { principal }) => Effect.succeed(title !== "" && principal?.id === "ada") },
  join: (room, { principal }) => Effect.succeed(room !== "backstage" || principal?.id === "ada")
}).pipe(Layer.provide(Teams.layer))

const counting = CounterFixture.toLayer(
  Effect.map(CounterFixture, (self) =>
    CounterFixture.of({
      Add: ({ by }) =>
        Effect.map(
          self.update(({ count }) => ({ count: count + by })),
          ({ count }) => count
        )
    })
  )
)

/** A server with these layers of rights beside each other. */
const tested = (...layers: ReadonlyArray<Layer.Layer<never>>) =>
  LiveTest.layer({ components: [AuthorizationFixture, CounterFixture] }).pipe(
    Layer.provide([AuthorizationFixtureLayer, counting, Logger.layer([]), ...layers])
  )

/** What was refused; undefined when it was not. */
const refusal = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.match(effect, {
    onFailure: (error) =>
      error instanceof LiveError.LiveError && error.reason._tag === "NotAllowed" ? error.reason.what : error,
    onSuccess: () => undefined
  })

const as = (
  principal: string | Principal,
  options: { readonly key?: string; readonly room?: string } = { key: "red" }
) =>
  Effect.gen(function* () {
    const live = yield* LiveTest
    return yield* (yield* live.connect({ principal })).mount(AuthorizationFixture, { props: {}, ...options })
  })

const mounting = `Mounting "AuthorizationFixture"`

describe("the rights of a component", () => {
  it.effect(
    "rights of a contract get what is asked, who asks and where, with their services; what they leave out is allowed",
    () =>
      Effect.gen(function* () {
        const live = yield* LiveTest
        const [ada, bob] = [yield* as("ada"), yield* as("bob")]
        assert.strictEqual(yield* refusal(as("eve")), mounting)
        assert.strictEqual(yield* refusal(as("ada", { key: "blue" })), mounting)
        assert.strictEqual(yield* refusal(live.mount(AuthorizationFixture, { props: {}, key: "red" })), mounting)
        assert.strictEqual(yield* refusal(bob.call.Shred()), `Calling "Shred" of "AuthorizationFixture"`)
        assert.isUndefined(yield* refusal(ada.call.Shred()))
        assert.strictEqual(
          yield* refusal(bob.call.Note({ text: "forbidden" })),
          `Calling "Note" of "AuthorizationFixture"`
        )
        assert.isUndefined(yield* refusal(bob.call.Note({ text: "fine" })))
        assert.isUndefined(yield* refusal(bob.call.WhoCalls()))
        // The other component has no rights.
        assert.isUndefined(yield* refusal(live.mount(CounterFixture, {})))
      }).pipe(Effect.scoped, Effect.provide(tested(rights)))
  )

  it.effect("a right to join gets the room and the owner of the instance", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* refusal(as("bob", { room: "backstage" })), `Joining the room "backstage"`)
      assert.isUndefined(yield* refusal(as("ada", { room: "backstage" })))
      assert.isUndefined(yield* refusal(as("bob", { room: "lobby" })))
    }).pipe(
      Effect.scoped,
      Effect.provide(
        tested(
          Authorization.for(AuthorizationFixture, {
            join: (room, { principal }) => Effect.succeed(room !== "backstage" || principal?.id === "ada")
          })
        )
      )
    )
  )

  it.live("a right to set a field gets its value, and what is not mounted is not a matter of rights", () =>
    Effect.gen(function* () {
      const socket = yield* connect(yield* Port)
      const componentId = yield* socket.mount({ component: "AuthorizationFixture" })
      const set = (id: string, value: string) =>
        socket.request({ type: "PROPERTY_UPDATE", componentId: id, payload: { property: "title", value } })
      assert.deepInclude(yield* set(componentId, "mine"), { success: true })
      assert.deepInclude(yield* set(componentId, "theirs"), { success: false, code: "NotAllowed" })
      assert.deepInclude(yield* set("another", "theirs"), { success: false, code: "NotMounted" })
    }).pipe(
      Effect.scoped,
      Effect.provide(
        served().pipe(
          Layer.provide(
            Authorization.for(AuthorizationFixture, { set: { title: (title) => Effect.succeed(title === "mine") } })
          )
        )
      )
    )
  )

  it("a right to set what is not writable is a mistake that is told at once", () => {
    assert.throws(
      () => Authorization.for(AuthorizationFixture, { set: { count: Authorization.anyone } }),
      /"count" of "AuthorizationFixture", which is not writable/
    )
  })

  for (const [how, mount] of [
    ["dies", () => Effect.die(new Error("the database is gone"))],
    [
      "throws",
      () => {
        throw new Error("the database is gone")
      }
    ],
    ["answers something else", () => Effect.succeed("yes" as unknown as boolean)]
  ] as const) {
    it.effect(`a right of a contract that ${how} allows nothing`, () =>
      Effect.gen(function* () {
        assert.strictEqual(yield* refusal(as("ada")), mounting)
      }).pipe(
        Effect.scoped,
        Effect.provide(tested(Authorization.for(AuthorizationFixture, { mount }), Authorization.layer({})))
      )
    )
  }
})

const noShredding = Authorization.for(AuthorizationFixture, { call: { Shred: () => Effect.succeed(false) } })
const onlyAda = Authorization.layer({ mount: ({ principal }) => Effect.succeed(principal?.id === "ada") })
const counters = Authorization.for(CounterFixture, { mount: Authorization.signedIn })

describe("several layers of rights", () => {
  const holds = Effect.gen(function* () {
    const live = yield* LiveTest
    const ada = yield* as("ada")
    // The lead may shred, and another layer says no.
    assert.strictEqual(yield* refusal(ada.call.Shred()), `Calling "Shred" of "AuthorizationFixture"`)
    assert.isUndefined(yield* refusal(ada.call.WhoCalls()))
    // A member of the team, and not Ada.
    assert.strictEqual(yield* refusal(as("bob")), mounting)
    // A right about all components and one about this.
    assert.strictEqual(yield* refusal(live.mount(CounterFixture, {})), `Mounting "CounterFixture"`)
    const bob = yield* live.connect({ principal: "bob" })
    assert.strictEqual(yield* refusal(bob.mount(CounterFixture, {})), `Mounting "CounterFixture"`)
    assert.isUndefined(yield* refusal((yield* live.connect({ principal: "ada" })).mount(CounterFixture, {})))
  })

  it.effect("layers of rights that are provided beside each other all have to allow it", () =>
    holds.pipe(Effect.scoped, Effect.provide(tested(rights, noShredding, onlyAda, counters)))
  )

  it.effect("layers of rights that are provided one after the other all have to allow it", () =>
    holds.pipe(
      Effect.scoped,
      Effect.provide(
        tested().pipe(
          Layer.provide(noShredding),
          Layer.provide(counters),
          Layer.provide(onlyAda),
          Layer.provide(rights)
        )
      )
    )
  )
})

describe("denyByDefault", () => {
  it.effect("with denyByDefault, what no right is about is refused: mounts, calls and rooms", () =>
    Effect.gen(function* () {
      const live = yield* LiveTest
      const ada = yield* as("ada")
      assert.isUndefined(yield* refusal(ada.call.Shred()))
      assert.strictEqual(yield* refusal(ada.call.Increment()), `Calling "Increment" of "AuthorizationFixture"`)
      assert.strictEqual(yield* refusal(live.mount(CounterFixture, {})), `Mounting "CounterFixture"`)
      assert.isUndefined(yield* refusal(as("ada", { key: "red" })))
    }).pipe(Effect.scoped, Effect.provide(tested(Authorization.denyByDefault, rights)))
  )

  it.effect("with denyByDefault, a component without rights cannot be in a room, and one with them can", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* refusal(as("ada", { room: "lobby" })), `Joining the room "lobby"`)
      assert.isUndefined(yield* refusal(as("ada", {})))
    }).pipe(
      Effect.scoped,
      Effect.provide(
        tested(Authorization.denyByDefault, Authorization.for(AuthorizationFixture, { mount: Authorization.anyone }))
      )
    )
  )
})

describe("denyByDefault on the open wire", () => {
  it.effect("with denyByDefault, uploads and downloads need a right, too", () =>
    Effect.gen(function* () {
      const rights = yield* RightsInForce.current
      const file = { name: "a.png", type: "image/png", size: 1 }
      const asking = { component: "Album", key: undefined, principal: undefined }
      assert.isTrue(rights.guardsDownloads)
      assert.strictEqual(yield* rights.download({ storedName: "a", principal: undefined }) ?? Effect.undefined, false)
      assert.strictEqual(yield* rights.upload({ ...asking, upload: "photo", file }) ?? Effect.undefined, false)
    }).pipe(Effect.provide(Authorization.denyByDefault))
  )

  it.live("with denyByDefault, a field needs a right, too", () =>
    Effect.gen(function* () {
      const socket = yield* connect(yield* Port)
      const componentId = yield* socket.mount({ component: "AuthorizationFixture" })
      const payload = { property: "title", value: "mine" }
      assert.deepInclude(yield* socket.request({ type: "PROPERTY_UPDATE", componentId, payload }), {
        success: false,
        code: "NotAllowed"
      })
      assert.deepInclude(yield* socket.request({ type: "CALL_ACTION", componentId, action: "WhoCalls" }), {
        success: true
      })
    }).pipe(
      Effect.scoped,
      Effect.provide(
        served().pipe(
          Layer.provide([
            Authorization.denyByDefault,
            Authorization.for(AuthorizationFixture, {
              mount: Authorization.anyone,
              call: { WhoCalls: Authorization.anyone }
            })
          ])
        )
      )
    )
  )
})

describe("rights in words", () => {
  const asked = Effect.forEach(
    [
      { id: "plain" },
      { id: "one", claims: { role: "lead" } },
      { id: "list", claims: { roles: ["reader", "owner"] } },
      { id: "else", claims: { role: "reader", roles: "owner" } },
      { id: "red", claims: { team: "red" } },
      { id: "teams", claims: { team: ["blue", "red"] } },
      { id: "blue", claims: { team: "blue" } }
    ],
    (principal) =>
      Effect.map(refusal(Effect.scoped(as(principal))), (refused) => (refused === undefined ? [principal.id] : []))
  ).pipe(Effect.map((ids) => ids.flat()))

  for (const { rule, name, expected } of [
    { name: "anyone", rule: Authorization.anyone, expected: ["plain", "one", "list", "else", "red", "teams", "blue"] },
    { name: "role", rule: Authorization.role("lead", "owner"), expected: ["one", "list", "else"] },
    { name: "claim", rule: Authorization.claim("team", "red"), expected: ["red", "teams"] },
    {
      name: "anyOf",
      rule: Authorization.anyOf(Authorization.role("lead"), Authorization.claim("team", "blue")),
      expected: ["one", "teams", "blue"]
    }
  ]) {
    it.effect(`a right in words looks at the claims of the principal: ${name}`, () =>
      Effect.gen(function* () {
        assert.deepStrictEqual(yield* asked, expected)
      }).pipe(Effect.provide(tested(Authorization.for(AuthorizationFixture, { mount: rule }))))
    )
  }

  it.effect("the same right in words serves calls, and signedIn refuses anonymous clients", () =>
    Effect.gen(function* () {
      const live = yield* LiveTest
      const lead = yield* as({ id: "ada", claims: { role: "lead" } })
      const other = yield* as("bob")
      assert.isUndefined(yield* refusal(lead.call.Shred()))
      assert.strictEqual(yield* refusal(other.call.Shred()), `Calling "Shred" of "AuthorizationFixture"`)
      assert.strictEqual(yield* refusal(live.mount(AuthorizationFixture, { props: {}, key: "red" })), mounting)
    }).pipe(
      Effect.scoped,
      Effect.provide(
        tested(
          Authorization.for(AuthorizationFixture, {
            mount: Authorization.signedIn,
            call: { Shred: Authorization.role("lead") }
          })
        )
      )
    )
  )
})
