import { Context, Effect, type Layer, Schema } from "effect"
import { Rpc } from "effect/rpc"
import { Component, type Principal, Upload } from "fibra"
import { Authorization } from "fibra/server"
import { describe, expect, test } from "tstyche"

class Retro extends Component.Service<Retro>()("Retro", {
  props: { team: Schema.String },
  state: { title: Schema.String, cards: Schema.Array(Schema.String) },
  initial: () => ({ title: "", cards: [] }),
  writable: ["title"],
  actions: [Rpc.make("Add", { payload: { text: Schema.String } }), Rpc.make("Clear")],
  uploads: { photo: Upload.policy({ maxFileSize: "1 MB" }) }
}) {}

class Plain extends Component.Service<Plain>()("Plain", { state: {}, initial: () => ({}) }) {}

class Teams extends Context.Service<Teams, { readonly has: (team: string) => Effect.Effect<boolean> }>()("Teams") {}
class Audit extends Context.Service<Audit, { readonly isOpen: Effect.Effect<boolean> }>()("Audit") {}

describe("the rights of a component", () => {
  test("are typed by its contract", () => {
    Authorization.for(Retro, {
      mount: ({ key, props }, principal) => {
        expect(key).type.toBe<string | undefined>()
        expect(props).type.toBe<{ readonly team: string }>()
        expect(principal).type.toBe<Principal | undefined>()
        return Effect.succeed(true)
      },
      call: {
        Add: ({ text }, caller) => {
          expect(text).type.toBe<string>()
          expect(caller).type.toBe<Authorization.RightsCaller>()
          return Effect.succeed(true)
        }
      },
      set: {
        title: (value) => {
          expect(value).type.toBe<string>()
          return Effect.succeed(true)
        }
      },
      upload: { photo: ({ size }) => Effect.succeed(size < 10) },
      join: (room, { principal }) => Effect.succeed(room === principal?.id)
    })
  })

  test("may need services, each its own", () => {
    const rights = Authorization.for(Retro, {
      mount: ({ props }) => Teams.use((teams) => teams.has(props.team)),
      call: { Clear: () => Audit.use(({ isOpen }) => isOpen), Add: Authorization.signedIn }
    })
    expect(rights).type.toBe<Layer.Layer<never, never, Teams | Audit>>()
    expect(Authorization.for(Retro, { join: Authorization.role("lead") })).type.toBe<Layer.Layer<never>>()
    expect(Authorization.denyByDefault).type.toBe<Layer.Layer<never>>()
  })

  test("are about what it has, and nothing else", () => {
    expect(Authorization.for).type.not.toBeCallableWith(Retro, { call: { Remove: Authorization.anyone } })
    expect(Authorization.for).type.not.toBeCallableWith(Retro, { set: { titel: Authorization.anyone } })
    expect(Authorization.for).type.not.toBeCallableWith(Retro, { upload: { video: Authorization.anyone } })
    expect(Authorization.for).type.not.toBeCallableWith(Retro, { mont: Authorization.anyone })
    expect(Authorization.for).type.not.toBeCallableWith(Plain, { call: { Add: Authorization.anyone } })
    expect(Authorization.for).type.not.toBeCallableWith("Retro", {})
    expect(Authorization.for).type.toBeCallableWith(Plain, { mount: Authorization.anyone })
  })

  test("answer yes or no, and do not fail", () => {
    expect(Authorization.for).type.not.toBeCallableWith(Retro, { mount: () => true })
    expect(Authorization.for).type.not.toBeCallableWith(Retro, { mount: () => Effect.succeed("yes") })
    expect(Authorization.for).type.not.toBeCallableWith(Retro, { mount: () => Effect.fail("no") })
  })

  test("may be in words", () => {
    expect(
      Authorization.anyOf(Authorization.role("lead", "owner"), Authorization.claim("team", "red", 7))
    ).type.toBe<Authorization.Rule>()
    expect(Authorization.role).type.not.toBeCallableWith()
    expect(Authorization.anyOf).type.not.toBeCallableWith()
  })
})
