/** What a schema marks as secret is taken out of its JSON, wherever it stands. */
import { assert, describe, it } from "@effect/vitest"
import { DateTime, Exit, Option, Redacted, Schema } from "effect"
import { Component } from "fibra"
import * as Redaction from "../src/Redaction.ts"
import type { Json } from "../src/Json.ts"
import type { PureSchema } from "../src/StateCodec.ts"

const secret = Component.secret(Schema.String)

class Login extends Schema.Class<Login>("Login")({ name: Schema.String, password: secret }) {}

interface Tree {
  readonly key: string
  readonly children: ReadonlyArray<Tree>
}

const Tree = Schema.Struct({
  key: secret,
  children: Schema.Array(Schema.suspend((): Schema.Codec<Tree> => Tree))
})

const redacted = (schema: PureSchema, value: unknown): Json => {
  const json = Schema.toCodecJson(schema)
  const encoded = Exit.getSuccess(Schema.encodeUnknownExit(json)(value))
  return Redaction.make(json).redact(Option.getOrThrow(encoded) as Json)
}

const out = Redaction.placeholder

describe("redaction", () => {
  const cases: ReadonlyArray<readonly [what: string, schema: PureSchema, value: unknown, expected: Json]> = [
    ["a field", Schema.Struct({ a: secret, b: Schema.String }), { a: "x", b: "y" }, { a: out, b: "y" }],
    ["a whole value", secret, "x", out],
    ["a number", Schema.Struct({ pin: Component.secret(Schema.Int) }), { pin: 1234 }, { pin: out }],
    ["a field that may be absent", Schema.Struct({ a: Schema.optionalKey(secret) }), { a: "x" }, { a: out }],
    ["a field that is absent", Schema.Struct({ a: Schema.optionalKey(secret) }), {}, {}],
    ["a field without a value", Schema.Struct({ a: Schema.NullOr(secret) }), { a: null }, { a: null }],
    [
      "a field with checks before the mark",
      Schema.Struct({ a: Component.secret(Schema.NonEmptyString) }),
      { a: "x" },
      { a: out }
    ],
    ["a field with checks after it", Schema.Struct({ a: secret.check(Schema.isMinLength(1)) }), { a: "x" }, { a: out }],
    ["a Redacted", Schema.Struct({ a: Schema.Redacted(Schema.String) }), { a: Redacted.make("x") }, { a: out }],
    [
      "a Redacted from its value",
      Schema.Struct({ a: Schema.RedactedFromValue(Schema.String) }),
      { a: Redacted.make("x") },
      { a: out }
    ],
    ["a date", Component.secret(Schema.DateTimeUtc), DateTime.makeUnsafe(0), out],
    [
      "a part of a class",
      Schema.Array(Login),
      [new Login({ name: "ada", password: "x" })],
      [{ name: "ada", password: out }]
    ],
    ["a part of an option", Schema.Option(secret), Option.some("x"), { _tag: "Some", value: out }],
    ["values of a record", Schema.Record(Schema.String, secret), { a: "x", b: "y" }, { a: out, b: out }],
    ["an element of a tuple", Schema.Tuple([Schema.String, secret]), ["a", "x"], ["a", out]],
    ["one form of a union", Schema.Union([Login, Schema.Struct({ token: secret })]), { token: "x" }, { token: out }],
    [
      "a schema in itself",
      Tree,
      { key: "x", children: [{ key: "y", children: [] }] },
      { key: out, children: [{ key: out, children: [] }] }
    ],
    ["something encoded as a whole", Schema.fromJsonString(Schema.Struct({ a: secret })), { a: "x" }, out],
    [
      "something behind a transformation",
      Schema.Struct({ a: secret }).pipe(Schema.encodeKeys({ a: "b" })),
      { a: "x" },
      { b: out }
    ]
  ]
  for (const [what, schema, value, expected] of cases) {
    it(`secrets are taken out of ${what}`, () => assert.deepStrictEqual(redacted(schema, value), expected))
  }

  it("what has no secret stays the same reference, and equal references give equal references", () => {
    const json = Schema.toCodecJson(Schema.Struct({ open: Schema.Array(Schema.Int), list: Schema.Array(Login) }))
    const { redact } = Redaction.make(json)
    const login = { name: "ada", password: "x" }
    const [open, list] = [[1, 2], [login]]
    const first = redact({ open, list }) as { open: Json; list: Json }
    const second = redact({ open, list: [login, { ...login }] }) as { open: Json; list: ReadonlyArray<Json> }
    assert.strictEqual(first.open, open)
    assert.strictEqual(second.list[0], (first.list as ReadonlyArray<Json>)[0])
  })

  it("each secret has a name", () => {
    const json = Schema.toCodecJson(
      Schema.Struct({ users: Schema.Array(Login), keys: Schema.Record(Schema.String, secret) })
    )
    const names: Array<string> = []
    Redaction.make(json).replace(
      { users: [{ name: "ada", password: "x" }], keys: { a: "x" } },
      "state",
      (value, name) => {
        names.push(name)
        return value
      }
    )
    assert.deepStrictEqual(names, ["state.users[].password", "state.keys.*"])
  })
})
