/** Canonical base64: every text that Node would decode to the same bytes, but one, is refused. */
import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import * as Base64 from "../../../src/server/wire/json/Base64.ts"

describe("Base64.decode", () => {
  it("gives back what was encoded, for every length and every byte", () => {
    for (let length = 0; length < 300; length++) {
      const bytes = Buffer.from(Array.from({ length }, (_, index) => (index * 37 + length) % 256))
      assert.deepStrictEqual(Base64.decode(bytes.toString("base64")), bytes)
    }
  })

  it("refuses any text that is not what its bytes are encoded to", () => {
    const texts = [
      [
        "YQ=",
        "YQ",
        "YQ==\n",
        " YQ==",
        "YQ= =",
        "=YQ=",
        "YR==",
        "YWJ=",
        "YWI==",
        "YWI",
        "YW\nI=",
        "YW-_",
        "YW+/ ",
        "é==="
      ],
      ["====", "Y===", "A", "AB==CD==", "YWI=YWI=", "YQ==YWJj", "YWJj=", "YW=j", "\u0000QQQ", "YWJjZ", "YW*j"]
    ].flat()
    for (const text of texts) {
      assert.isUndefined(Base64.decode(text), JSON.stringify(text))
    }
  })

  it("takes a text of four characters if and only if it is canonical, whatever they are", () => {
    const characters = ["A", "Q", "g", "w", "/", "+", "9", "=", "-", "_", " ", "\n", "é", "*"]
    for (const a of characters) {
      for (const b of characters) {
        for (const c of characters) {
          for (const d of characters) {
            const text = a + b + c + d
            const isCanonical = Buffer.from(text, "base64").toString("base64") === text
            assert.strictEqual(Base64.decode(text) !== undefined, isCanonical, JSON.stringify(text))
          }
        }
      }
    }
  })
})

const Long = Schema.Struct({
  /** Around one, two and three pieces, and very short. */
  length: Schema.Literals([0, 1, 2, 3, 24_574, 24_575, 24_576, 24_577, 49_152, 49_153, 73_728, 80_000]),
  /** Where something else is written, from the end; nowhere when that is before the beginning. */
  at: Schema.Literals([1, 2, 3, 4, 5, 32_768, 32_769, 40_000, 65_536, 65_537, 90_000, 1_000_000]),
  other: Schema.Literals(["A", "/", "=", "==", "-", "_", "\n", " ", "", "AA", "*"])
})

const all = Buffer.from(Array.from({ length: 80_000 }, (_, index) => (index * 37 + (index >> 8)) % 256))

describe("Base64.decodeInPlace", () => {
  it.prop(
    "takes what decode takes, and gives the same bytes",
    [Long],
    ([{ at, length, other }]) => {
      const canonical = all.subarray(0, length)
      const encoded = canonical.toString("base64")
      const text =
        at > encoded.length ? encoded : encoded.slice(0, -at) + other + encoded.slice(encoded.length - at + 1)
      const decoded = Base64.decodeInPlace(Buffer.from(text))
      assert.strictEqual(decoded?.toString("base64"), Base64.decode(text)?.toString("base64"))
      if (text === encoded) assert.isTrue(decoded?.equals(canonical))
    },
    { arbitrary: { runs: 150 } }
  )
})
