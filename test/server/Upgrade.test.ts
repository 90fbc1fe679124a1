import { assert, describe, it } from "@effect/vitest"
import { isAllowedOrigin } from "../../src/server/Upgrade.ts"

describe("the origin of a page", () => {
  const cases = [
    ["same-origin", undefined, "example.org", true],
    ["same-origin", "https://example.org", "example.org", true],
    ["same-origin", "http://127.0.0.1:3000", "127.0.0.1:3000", true],
    ["same-origin", "https://example.org", "example.org:8080", false],
    ["same-origin", "https://example.org.evil.example", "example.org", false],
    ["same-origin", "null", "example.org", false],
    ["same-origin", "not a url", "example.org", false],
    ["same-origin", "https://example.org", undefined, false],
    [["https://app.example.org"], "https://app.example.org", "api.example.org", true],
    [["https://app.example.org"], "https://example.org", "example.org", false],
    [[], undefined, "example.org", true],
    ["any", "https://evil.example", "example.org", true]
  ] as const

  for (const [allowed, origin, host, expected] of cases) {
    it(`${origin} on ${host} is ${expected ? "let in" : "kept out"} when ${String(allowed)} may come`, () => {
      assert.strictEqual(isAllowedOrigin(allowed, origin, host), expected)
    })
  }
})
