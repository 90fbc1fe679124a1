/** The rights in docs/security.md do what is said there. */
import { assert, layer } from "@effect/vitest"
import { Context, Effect, Layer, Schema } from "effect"
import { Component } from "fibra"
import { Authorization } from "fibra/server"
import { LiveTest } from "fibra/testing"
import { Board } from "../../examples/board/Board.ts"
import { BoardLayer } from "../../examples/board/BoardLayer.ts"

/** Who is in which team. */
class Teams extends Context.Service<
  Teams,
  {
    readonly roleOf: (
      team: string | undefined,
      person: string | undefined
    ) => Effect.Effect<"member" | "lead" | undefined>
  }
>()("app/Teams") {}

// #region rights
// A board belongs to the team of its key; cards are removed by whoever leads it.
const authorization = Authorization.layer({
  mount: Effect.fnUntraced(function* ({ component, key, principal }) {
    const teams = yield* Teams // taken from where the layer is provided with it
    return component !== "Board" || (yield* teams.roleOf(key, principal?.id)) !== undefined
  }),
  call: Effect.fnUntraced(function* ({ action, component, key, principal }) {
    if (component !== "Board" || action !== "Remove") return true
    const teams = yield* Teams
    return (yield* teams.roleOf(key, principal?.id)) === "lead"
  })
})
// #endregion rights

// #region contract
const BoardRights = Authorization.for(Board, {
  mount: ({ key }, principal) =>
    Teams.use((teams) => Effect.map(teams.roleOf(key, principal?.id), (role) => role !== undefined)),
  call: {
    Remove: (_, { key, principal }) =>
      Teams.use((teams) => Effect.map(teams.roleOf(key, principal?.id), (role) => role === "lead")),
    Add: Authorization.signedIn // or in words: anyone, role("lead"), claim("team", "red"), anyOf(…)
  }
})
// #endregion contract

// #region writable
class Draft extends Component.Service<Draft>()("Draft", {
  state: { title: Schema.String.check(Schema.isMaxLength(80)), words: Schema.Int },
  initial: () => ({ title: "", words: 0 }),
  writable: ["title"] // and nothing else
}) {}
// #endregion writable

const teams = Layer.succeed(Teams, {
  roleOf: (team, person) =>
    Effect.succeed(team !== "team-7" ? undefined : person === "ada" ? "lead" : person === "bob" ? "member" : undefined)
})

const subject = (rights: Layer.Layer<never, never, Teams>) =>
  LiveTest.layer({ components: [Board] }).pipe(Layer.provide([BoardLayer, rights.pipe(Layer.provide(teams))]))

const holds = Effect.gen(function* () {
  const live = yield* LiveTest
  const board = Effect.fnUntraced(function* (principal: string, key: string) {
    return yield* (yield* live.connect({ principal })).mount(Board, { key })
  })
  const [ada, bob] = [yield* board("ada", "team-7"), yield* board("bob", "team-7")]
  const id = yield* bob.call.Add({ title: "a card" })
  const refusal = yield* Effect.flip(bob.call.Remove({ id }))
  assert.include(refusal.message, `Calling "Remove" of "Board" is not allowed.`)
  // What was guessed is taken back.
  assert.lengthOf((yield* bob.state).cards, 1)
  yield* ada.call.Remove({ id })
  assert.isEmpty((yield* bob.state).cards)
  for (const [person, key] of [
    ["eve", "team-7"],
    ["ada", "team-8"]
  ] as const) {
    const error = yield* Effect.flip(board(person, key))
    assert.include(error.message, `Mounting "Board" is not allowed.`)
  }
}).pipe(Effect.scoped)

layer(subject(authorization))("the rights of the documentation", (it) => {
  it.effect("the rights of the example let the team see its board, and its lead remove a card", () => holds)

  it("the example has a field that clients may set", () => {
    assert.deepStrictEqual(Array.from(Draft.codec.writable.keys()), ["title"])
  })
})

layer(subject(BoardRights))("the rights of a contract in the documentation", (it) => {
  it.effect("the rights of the contract in the example do the same", () => holds)
})
