/** What a frame weighs is read off its text: as large and as deep as it is, and for less than it costs to parse it. */
import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { FrameScan, type Text } from "../../../src/server/wire/FrameScan.ts"

const perValue = 32

/** The arrays and objects in a value, and how many of them are inside each other. */
const shapeOf = (value: unknown): { readonly values: number; readonly depth: number } => {
  if (typeof value !== "object" || value === null) return { values: 0, depth: 0 }
  const inner = Object.values(value).map(shapeOf)
  return {
    values: inner.reduce((sum, { values }) => sum + values, 1),
    depth: 1 + Math.max(0, ...inner.map(({ depth }) => depth))
  }
}

const scanned = (text: Text, count: number, isArray = true) => {
  const scan = new FrameScan(text, isArray)
  return Array.from({ length: count }, () => {
    scan.next()
    return { size: scan.size, depth: scan.depth }
  })
}

/** A text that counts how many of its characters were looked at one by one, and how often it was searched. */
const counting = (text: string) => {
  const work = { looks: 0, searches: 0 }
  const counted: Text = {
    length: text.length,
    charCodeAt: (index) => {
      work.looks++
      return text.charCodeAt(index)
    },
    indexOf: (part, from) => {
      work.searches++
      return text.indexOf(part, from)
    }
  }
  return { counted, work }
}

/** What strings are made of that could be taken for something else, short and long. */
const Piece = Schema.Literals([
  "[",
  "]",
  "{",
  "}",
  ",",
  '"',
  "\\",
  '\\"',
  ":",
  "é",
  " ",
  "x".repeat(40),
  '"'.repeat(40)
])
const Text = Schema.Array(Piece).pipe((pieces) => pieces.check(Schema.isMaxLength(6)))
const joined = (pieces: ReadonlyArray<string>) => pieces.join("")

describe("a frame", () => {
  it.prop(
    "a frame has messages that are each as large and deep as alone",
    [Schema.Array(Schema.Json), Schema.Array(Text), Schema.Literals([0, 1])],
    ([values, pieces, indent]) => {
      const strings = pieces.map(joined)
      const messages = [...values, ...strings, { [strings.join("")]: [strings, {}] }]
      const texts = messages.map((message) => JSON.stringify(message, undefined, indent))
      const expected = messages.map((message, index) => {
        const { depth, values } = shapeOf(message)
        return { depth, size: (texts[index] ?? "").length + values * perValue }
      })
      assert.deepStrictEqual(scanned(`[${texts.join(",")}]`, messages.length), expected)
      for (const [index, text] of texts.entries()) assert.deepStrictEqual(scanned(text, 1, false), [expected[index]])
    }
  )

  it("a frame may have white space wherever JSON may", () => {
    assert.deepStrictEqual(
      scanned(' \n[ {"a" : [ 1 , 2 ]} , 3 ] ', 2).map(({ depth }) => depth),
      [2, 0]
    )
  })

  const size = 100_000
  const hostile: ReadonlyArray<readonly [what: string, text: string]> = [
    ["empty arrays", `[{"a":[${"[],".repeat(size)}0]}]`],
    ["empty objects", `[{"a":[${"{},".repeat(size)}0]}]`],
    ["arrays inside each other", `[${"[".repeat(size)}${"]".repeat(size)}]`],
    ["one long text", `["${"x".repeat(size)}"]`],
    ["escaped quotes", `["${'\\"'.repeat(size)}"]`],
    ["escaped backslashes", `["${"\\\\".repeat(size)}"]`],
    ["backslashes before a quote", `["${"\\\\".repeat(size)}\\"${"x".repeat(size)}"]`],
    ["short texts", `[[${'"a",'.repeat(size)}0]]`],
    ["texts just too long to be looked through", `[[${`"${"x".repeat(33)}",`.repeat(size)}0]]`]
  ]

  for (const [what, text] of hostile) {
    it(`a frame of ${what} is measured in one pass`, () => {
      JSON.parse(text)
      const { counted, work } = counting(text)
      scanned(counted, 1)
      // Each character at most once, and a backslash before a quote once more.
      assert.isAtMost(work.looks, text.length * 2)
      assert.isAtMost(work.searches, text.length / 16 + 2)
    })
  }

  it("a frame that is one long string is not read character by character", () => {
    const { counted, work } = counting(`["${"x".repeat(size)}"]`)
    scanned(counted, 1)
    assert.isBelow(work.looks, 100)
  })
})
