/** Canonical base64: every text that Node would decode to the same bytes, but one, is refused. */
import { assert, describe, it } from "@effect/vitest"
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
