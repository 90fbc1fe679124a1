import { Schema } from "effect"
import { Component } from "fibra"
import type { MountOptions } from "fibra/client"
import { useComponent } from "fibra/react"
import { describe, expect, test } from "tstyche"

type Contract = Parameters<ReturnType<typeof Component.Service<unknown>>>[1]

class Retro extends Component.Service<Retro>()("Retro", {
  placement: "shared",
  key: Schema.NonEmptyString,
  state: { count: Schema.Int },
  initial: () => ({ count: 0 })
}) {}

class Draft extends Component.Service<Draft>()("Draft", {
  placement: "private",
  state: { text: Schema.String },
  initial: () => ({ text: "" })
}) {}

class Shelf extends Component.Service<Shelf>()("Shelf", {
  key: Schema.Literals(["books", "films"]),
  props: { title: Schema.String },
  state: { count: Schema.Int },
  initial: () => ({ count: 0 })
}) {}

describe("the placement in a contract", () => {
  test("decides how it is mounted", () => {
    expect<MountOptions<typeof Retro>>().type.toBeAssignableFrom({ key: "team-7" })
    expect<MountOptions<typeof Retro>>().type.not.toBeAssignableFrom({})
    expect<MountOptions<typeof Retro>>().type.not.toBeAssignableFrom({ room: "hall" })
    expect<MountOptions<typeof Retro>>().type.not.toBeAssignableFrom({ cacheKey: "mine" })
    expect<MountOptions<typeof Draft>>().type.toBeAssignableFrom({})
    expect<MountOptions<typeof Draft>>().type.toBeAssignableFrom({ room: "hall", cacheKey: "mine" })
    expect<MountOptions<typeof Draft>>().type.not.toBeAssignableFrom({ key: "any" })
  })

  test("decides how a view mounts it", () => {
    expect(useComponent).type.toBeCallableWith(Retro, { key: "team-7" })
    expect(useComponent).type.not.toBeCallableWith(Retro)
    expect(useComponent).type.not.toBeCallableWith(Retro, {})
    expect(useComponent).type.toBeCallableWith(Draft)
    expect(useComponent).type.not.toBeCallableWith(Draft, { key: "any" })
  })

  test("is either when the contract does not say, with the keys of the contract", () => {
    const props = { title: "a" }
    expect<MountOptions<typeof Shelf>>().type.toBeAssignableFrom({ props, key: "books" as const })
    expect<MountOptions<typeof Shelf>>().type.toBeAssignableFrom({ props })
    expect<MountOptions<typeof Shelf>>().type.not.toBeAssignableFrom({ props, key: "shoes" as const })
  })

  test("is private or shared, and keys are texts", () => {
    expect<NonNullable<Contract["placement"]>>().type.toBe<"private" | "shared">()
    expect<NonNullable<Contract["key"]>>().type.toBe<Schema.Codec<string, string>>()
    expect<Component.PlacementOf<typeof Retro>>().type.toBe<"shared">()
    expect<Component.PlacementOf<typeof Shelf>>().type.toBe<"private" | "shared">()
    expect<Component.KeyOf<typeof Shelf>>().type.toBe<"books" | "films">()
    expect(Retro.componentName).type.toBe<"Retro">()
  })
})
