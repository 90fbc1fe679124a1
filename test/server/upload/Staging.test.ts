/** Bytes that wait to be stored, in buffers that uploads share one after the other. */
import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { Staging } from "../../../src/server/upload/Staging.ts"

const Step = Schema.Struct({
  upload: Schema.Literals([0, 1]),
  does: Schema.Literals(["add", "add", "add", "take", "store", "end"]),
  size: Schema.Literals([1, 40_000, 65_536, 100_000])
})

describe("bytes that wait to be stored", () => {
  it.prop(
    "are as they came until they are stored, whatever other uploads do and however they end",
    [Schema.Array(Step).check(Schema.isMinLength(10), Schema.isMaxLength(40))],
    ([steps]) => {
      const fresh = () => ({ staging: new Staging(), waiting: "", taken: undefined as Buffer | undefined, text: "" })
      const uploads = [fresh(), fresh()]
      /** Read by stores that did not answer before their uploads ended. */
      const late: Array<readonly [Buffer, string]> = []
      steps.forEach(({ does, size, upload }, index) => {
        const at = uploads[upload] as ReturnType<typeof fresh>
        if (does === "add") {
          const text = String.fromCharCode(33 + (index % 90)).repeat(size)
          at.staging.add(Buffer.from(text))
          at.waiting += text
        } else if (does === "take" && at.taken === undefined) {
          at.taken = at.staging.take()
          at.text = at.waiting
          at.waiting = ""
        } else if (does === "store" && at.taken !== undefined) {
          at.staging.stored()
          at.taken = undefined
        } else if (does === "end") {
          if (at.taken !== undefined) late.push([at.taken, at.text])
          at.staging.clear()
          uploads[upload] = fresh()
        }
        for (const { staging, taken, text, waiting } of uploads) {
          assert.strictEqual(staging.isEmpty, waiting === "")
          if (taken !== undefined) assert.isTrue(taken.equals(Buffer.from(text)))
        }
        for (const [taken, text] of late) assert.isTrue(taken.equals(Buffer.from(text)))
      })
      for (const { staging, waiting } of uploads) assert.isTrue(staging.take().equals(Buffer.from(waiting)))
    },
    { arbitrary: { runs: 300 } }
  )
})
