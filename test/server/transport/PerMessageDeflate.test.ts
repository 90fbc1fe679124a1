/** What is agreed on with a client, and that what it gets is what it was sent, whatever window it has. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { constants, inflateRawSync } from "node:zlib"
import { Deflater } from "../../../src/server/transport/Deflater.ts"
import { PerMessageDeflate } from "../../../src/server/transport/PerMessageDeflate.ts"

interface Read {
  readonly text: string
  readonly isCompressed: boolean
}

/** Reads whole, unmasked text frames, one after the other, as a client with such a window does. */
const read = (bytes: Buffer, windowBits: number): ReadonlyArray<Read> => {
  const messages: Array<Read> = []
  for (let at = 0; at < bytes.length;) {
    assert.include([0x81, 0xc1], bytes[at])
    const isCompressed = bytes[at] === 0xc1
    const short = bytes[at + 1] ?? 0
    const [length, start] =
      short < 126
        ? [short, at + 2]
        : short === 126
          ? [bytes.readUInt16BE(at + 2), at + 4]
          : [Number(bytes.readBigUInt64BE(at + 2)), at + 10]
    const data = bytes.subarray(start, start + length)
    const whole = Buffer.concat([data, Buffer.from([0, 0, 0xff, 0xff])])
    const inflated = isCompressed ? inflateRawSync(whole, { windowBits, finishFlush: constants.Z_SYNC_FLUSH }) : data
    messages.push({ text: inflated.toString(), isCompressed })
    at = start + length
  }
  return messages
}

const accepted = (header: string | undefined) => new PerMessageDeflate({ compressionThreshold: 64 }).accept(header)

describe("an offer", () => {
  const answer = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
  const cases = [
    ["permessage-deflate", answer, 13],
    ["permessage-deflate; client_max_window_bits", answer, 13],
    ["permessage-deflate; client_max_window_bits=8", answer, 13],
    ["permessage-deflate; server_no_context_takeover; client_no_context_takeover", answer, 13],
    ["permessage-deflate;server_max_window_bits=15", `${answer}; server_max_window_bits=15`, 13],
    ['permessage-deflate; server_max_window_bits="12"', `${answer}; server_max_window_bits=12`, 12],
    // The Python library `websockets`.
    [
      "permessage-deflate; server_max_window_bits=12; client_max_window_bits=12",
      `${answer}; server_max_window_bits=12`,
      12
    ],
    ["permessage-deflate; server_max_window_bits=8, permessage-deflate", answer, 13],
    ["x-webkit-deflate-frame, permessage-deflate; server_max_window_bits=9", `${answer}; server_max_window_bits=9`, 9]
  ] as const

  for (const [header, response, windowBits] of cases) {
    it(`an offer ${header} is accepted, with a window of ${windowBits} bits`, () => {
      const offer = accepted(header)
      assert.strictEqual(offer?.response, response)
      assert.strictEqual(offer?.deflater.kind, `websocket deflate ${windowBits}`)
    })
  }

  for (const header of [
    undefined,
    "",
    "x-webkit-deflate-frame",
    "permessage-deflate; server_max_window_bits=8",
    "permessage-deflate; server_max_window_bits=16",
    "permessage-deflate; server_max_window_bits",
    "permessage-deflate; server_no_context_takeover=1",
    "permessage-deflate; client_max_window_bits=7",
    "permessage-deflate; client_max_window_bits; client_max_window_bits",
    "permessage-deflate; toString",
    "permessage-deflate; =; ;",
    "permessage-deflate; mux=yes"
  ]) {
    it(`an offer ${header} is not accepted`, () => assert.isUndefined(accepted(header)))
  }

  it("offers with the same window share a deflater, so that a frame for many clients is made once", () => {
    const compression = new PerMessageDeflate({ compressionThreshold: 64 })
    const deflater = (header: string) => compression.accept(header)?.deflater
    assert.strictEqual(
      deflater("permessage-deflate"),
      deflater("permessage-deflate; client_max_window_bits; server_max_window_bits=13")
    )
    assert.notStrictEqual(deflater("permessage-deflate"), deflater("permessage-deflate; server_max_window_bits=12"))
  })
})

/** Texts that are worth compressing, and texts that are not; longer than a window, and shorter. */
const Text = Schema.Union([
  Schema.String,
  Schema.Struct({
    part: Schema.String,
    times: Schema.Literals([1, 10, 100, 1000])
  }),
  Schema.Literals([
    "",
    "é".repeat(40),
    "💥".repeat(30_000),
    JSON.stringify(Array.from({ length: 5000 }, (_, i) => i * i))
  ])
])
const textOf = (text: typeof Text.Type) =>
  (typeof text === "string" ? text : text.part.repeat(text.times)).toWellFormed()

const WindowBits = Schema.Literals([9, 10, 12, 13])
const Threshold = Schema.Literals([0, 20, 1024, 1_000_000])

describe("a deflater", () => {
  it.effect.prop(
    "a deflater makes frames that are read as their texts",
    [Schema.Array(Text).check(Schema.isMinLength(1), Schema.isMaxLength(4)), WindowBits, Threshold],
    ([parts, windowBits, threshold]) =>
      Effect.sync(() => {
        const texts = parts.map(textOf)
        const deflater = new Deflater(threshold, windowBits)
        const messages = read(deflater.frames(texts), windowBits)
        assert.deepStrictEqual(
          messages.map(({ text }) => text),
          texts
        )
        for (const { isCompressed, text } of messages) {
          if (Buffer.byteLength(text) < threshold) assert.isFalse(isCompressed)
        }
        assert.deepStrictEqual(
          texts.flatMap((text) => read(deflater.frame(text), windowBits)),
          messages
        )
      }),
    { arbitrary: { runs: 200 } }
  )

  it.effect.prop(
    "a deflater makes templates with a beginning for each client, and compresses what follows once for all",
    [
      Schema.Array(Text).check(Schema.isMinLength(1), Schema.isMaxLength(4)),
      WindowBits,
      Threshold,
      Schema.Array(Schema.Literals(["aaaa-1", "aaaa-2", "zzzz-9"])).check(Schema.isMinLength(1), Schema.isMaxLength(5))
    ],
    ([parts, windowBits, threshold, beginnings]) =>
      Effect.sync(() => {
        const texts = parts.map(textOf)
        const deflater = new Deflater(threshold, windowBits)
        const batch = { texts }
        const template = deflater.template(batch, Buffer.from("aaaa-1"))
        for (const beginning of beginnings) {
          assert.strictEqual(deflater.template(batch, Buffer.from(beginning)), template)
          assert.deepStrictEqual(
            read(template.with(Buffer.from(beginning)), windowBits).map(({ text }) => text),
            texts.map((text) => beginning + text)
          )
        }
        assert.notStrictEqual(deflater.template(batch, Buffer.from("longer")), undefined)
      }),
    { arbitrary: { runs: 200 } }
  )

  it("a deflater compresses messages from the threshold on, when that saves something", () => {
    const deflater = new Deflater(1024, 13)
    const compressed = (text: string) => read(deflater.frame(text), 13).map(({ isCompressed }) => isCompressed)
    assert.deepStrictEqual(compressed("a".repeat(1023)), [false])
    assert.deepStrictEqual(compressed("a".repeat(1024)), [true])
    assert.deepStrictEqual(compressed("é".repeat(512)), [true])
    assert.deepStrictEqual(read(new Deflater(0, 13).frame("abcdefg"), 13), [{ text: "abcdefg", isCompressed: false }])
    const rows = JSON.stringify(Array.from({ length: 500 }, (_, id) => ({ id, text: `item ${id}`, done: false })))
    assert.isBelow(deflater.frame(rows).length, rows.length / 4)
  })
})
