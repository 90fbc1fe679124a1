/** Frames are what RFC 6455 says, whoever reads them, and however often they were used before. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { asciiText, asciiTexts, frame, frames, FrameTemplate } from "../../../src/server/transport/WebSocketFrames.ts"

/** Reads whole, unmasked text frames, one after the other. */
const read = (bytes: Buffer): ReadonlyArray<string> => {
  const texts: Array<string> = []
  for (let at = 0; at < bytes.length;) {
    assert.strictEqual(bytes[at], 0x81)
    const short = bytes[at + 1] ?? 0
    const [length, start] =
      short < 126
        ? [short, at + 2]
        : short === 126
          ? [bytes.readUInt16BE(at + 2), at + 4]
          : [Number(bytes.readBigUInt64BE(at + 2)), at + 10]
    texts.push(bytes.toString("utf8", start, start + length))
    at = start + length
  }
  return texts
}

/** Around the lengths at which a header grows. */
const Length = Schema.Literals([0, 1, 60, 124, 125, 126, 127, 128, 65_400, 65_535, 65_536, 65_537])
const textOf = (length: number, filler: string) => filler.repeat(length).slice(0, length)

describe("frames", () => {
  it.effect.prop(
    "frames are read as the texts they were made of",
    [
      Schema.Array(Schema.Struct({ length: Length, filler: Schema.Literals(["a", "é", "💥"]) })).check(
        Schema.isMinLength(1),
        Schema.isMaxLength(5)
      )
    ],
    ([parts]) =>
      Effect.sync(() => {
        const texts = parts.map(({ filler, length }) => textOf(length, filler).toWellFormed())
        assert.deepStrictEqual(read(frames(texts)), texts)
        assert.deepStrictEqual(
          texts.flatMap((text) => read(frame(text))),
          texts
        )
        const isAscii = (text: string) => /^[\0-\x7f]*$/.test(text)
        const direct = (text: string | undefined) =>
          text === undefined ? undefined : read(Buffer.from(text, "latin1"))
        for (const text of texts) {
          assert.deepStrictEqual(direct(asciiText(text)), isAscii(text) && text.length < 16_000 ? [text] : undefined)
        }
        const together = direct(asciiTexts(texts))
        if (together !== undefined) assert.deepStrictEqual(together, texts)
        else assert.isFalse(texts.every(isAscii) && texts.join("").length < 16_000)
      }),
    { arbitrary: { runs: 100 } }
  )

  it.effect.prop(
    "frames of a template have a beginning for each client, and share what follows",
    [
      Schema.Array(Length).check(Schema.isMinLength(1), Schema.isMaxLength(4)),
      Schema.Array(
        Schema.Struct({ of: Schema.Literals(["aaaa-1", "aaaa-2", "aaab-1", "zzzz-9"]), kept: Schema.Boolean })
      ).check(Schema.isMinLength(1), Schema.isMaxLength(6))
    ],
    ([lengths, uses]) =>
      Effect.sync(() => {
        const texts = lengths.map((length) => textOf(length, "é"))
        const template = FrameTemplate.of(texts, Buffer.from("aaaa-1"))
        assert.isTrue(template.fits(Buffer.from("bbbb-2")))
        assert.isFalse(template.fits(Buffer.from("bbbb-22")))
        const kept: Array<readonly [Buffer, string]> = []
        for (const use of uses) {
          const bytes = template.with(Buffer.from(use.of))
          assert.deepStrictEqual(
            read(bytes),
            texts.map((text) => use.of + text)
          )
          if (!use.kept) continue
          kept.push([bytes, use.of])
          template.keep()
        }
        for (const [bytes, beginning] of kept)
          assert.deepStrictEqual(
            read(bytes),
            texts.map((text) => beginning + text)
          )
      }),
    { arbitrary: { runs: 200 } }
  )
})
