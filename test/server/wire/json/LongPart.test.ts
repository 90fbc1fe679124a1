/** Parts of files that are read from the bytes of their message: whatever is read is what `JSON.parse` would read. */
import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import * as LongPart from "../../../../src/server/wire/json/LongPart.ts"

const data = Buffer.alloc(15_000, "fibra").toString("base64")

/** What messages are made of, and what they are not. */
const pieces = [
  "{",
  "}",
  "[",
  "]",
  ",",
  ":",
  " ",
  '"',
  "\\",
  `"data":"${data}"`,
  `"data" : "${data}"`,
  `"data":"AAAA"`,
  '"data":1',
  '"data"',
  `"${data}"`,
  `"a${data}\\"data\\":"`,
  '"payload":{',
  '"type":"FILE_UPLOAD_CHUNK"',
  '"type":"FILE_UPLOAD_CANCEL"',
  '"uploadId":"\\u0061\\"data\\":\\""',
  '"chunkIndex":0'
]

/** Many of them begin as a message does. */
const Text = Schema.Struct({
  isMessage: Schema.Boolean,
  rest: Schema.Array(Schema.Literals(pieces)).check(Schema.isMaxLength(7))
})

const agrees = (text: string) => {
  const part = LongPart.read(Buffer.from(text))
  if (part === undefined) return false
  assert.deepStrictEqual({ ...part.fields, data: part.data.toString() }, JSON.parse(text))
  return true
}

describe("a long part", () => {
  it.prop(
    "is read as JSON.parse would read it, or not at all, whatever surrounds it",
    [Text],
    ([{ isMessage, rest }]) => {
      agrees(isMessage ? `{"type":"FILE_UPLOAD_CHUNK",${rest.join(",")}}` : rest.join(""))
    },
    { arbitrary: { runs: 3000 } }
  )

  it("is read in any order of its fields, and with spaces", () => {
    const fields = ['"type":"FILE_UPLOAD_CHUNK"', `"data" : "${data}"`, '"chunkIndex":7', '"uploadId":"\\"data\\":"']
    for (let turn = 0; turn < fields.length; turn++) {
      fields.push(fields.shift() ?? "")
      assert.isTrue(agrees(`{ ${fields.join(" , ")} }`))
    }
  })

  it("is left to JSON.parse where its data is not the only one, not its own, escaped or short", () => {
    const type = '"type":"FILE_UPLOAD_CHUNK"'
    const texts = [
      `{${type},"data":"${data}","data":"AAAA"}`,
      `{${type},"payload":{"data":"${data}"}}`,
      `[{${type},"data":"${data}"}]`,
      `{${type},"data":"${data}\\u0041"}`,
      `{${type},"data":"AAAA"}`,
      `{${type},"data":["${data}"]}`,
      `{"type":"CALL_ACTION","data":"${data}"}`,
      `{${type},"data":"${data}"`,
      `{${type},"name":"${"n".repeat(5000)}","data":"${data}"}`
    ]
    for (const text of texts) assert.isUndefined(LongPart.read(Buffer.from(text)), text.slice(0, 80))
  })
})
