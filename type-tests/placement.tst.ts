import { Schema } from "effect"
import { Component } from "fibra"
import { describe, expect, test } from "tstyche"

type Contract = Parameters<ReturnType<typeof Component.Service<unknown>>>[1]

class Retro extends Component.Service<Retro>()("Retro", {
  placement: "shared",
  key: Schema.NonEmptyString,
  state: { count: Schema.Int },
  initial: () => ({ count: 0 })
}) {}

describe("the placement in a contract", () => {
  test("is private or shared, and keys are texts", () => {
    expect<NonNullable<Contract["placement"]>>().type.toBe<"private" | "shared">()
    expect<NonNullable<Contract["key"]>>().type.toBe<Schema.Codec<string, string>>()
    expect(Retro.componentName).type.toBe<"Retro">()
  })
})
