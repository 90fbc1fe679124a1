/** The load generator of the bench neither makes its frames anew nor parses answers: what it sends and reads is the same all the same. */
import { assert, it } from "@effect/vitest"
import { frame, NumberedFrame } from "../../bench/frame.ts"
import { find, key, numberAfter } from "../../bench/scan.ts"

/** The text of a frame of a client. */
const textOf = (bytes: Buffer): string => {
  const start = bytes[1] === (0x80 | 126) ? 8 : 6
  const mask = bytes.subarray(start - 4, start)
  return Buffer.from(bytes.subarray(start).map((byte, index) => byte ^ (mask[index & 3] ?? 0))).toString()
}

it("a frame of which only numbers change is the frame that would be made anew, whatever their lengths", () => {
  const numbers = [0, 1, 9, 10, 99, 100, 12_345, 99_999, 100_000, 7, 4_294_967_296]
  for (const padding of ["", "x".repeat(120), "y".repeat(1000)]) {
    const numbered = new NumberedFrame(`{"id":`, 0, `,"callId":`, 0, `,"settled":`, 1, `,"more":"${padding}"}`)
    const pairs = numbers.flatMap((one) => numbers.map((other) => [one, other] as const))
    // One of them stays while the other changes, and then the other way round.
    for (const [first, second] of [...pairs, ...pairs.map(([one, other]) => [other, one] as const)]) {
      const text = `{"id":${first},"callId":${first},"settled":${second},"more":"${padding}"}`
      assert.strictEqual(textOf(numbered.with(first, second)), text)
      assert.deepStrictEqual(numbered.with(first, second), frame(text))
    }
  }
})

it("what is looked for is found where it first is, within its bounds, and nowhere else", () => {
  const texts = ["", "a", "b", "ab", "ba", "aab", "aba", "abab", "aabaab", "bbabbabb", "abaababaab", "babaababbabaab"]
  for (const text of texts) {
    for (const wanted of texts.filter((wanted) => wanted !== "")) {
      const bytes = Buffer.from(`${wanted}${text}${wanted}`)
      const [start, end] = [wanted.length, wanted.length + text.length]
      const at = text.indexOf(wanted)
      assert.strictEqual(find(bytes, key(wanted), start, end), at < 0 ? -1 : at + start, `${wanted} in ${text}`)
    }
  }
  const message = Buffer.from(`{"revision":120,"state":{"count":7}}"count":9`)
  assert.strictEqual(numberAfter(message, key(`"revision":`), 0, 36), 120)
  assert.strictEqual(numberAfter(message, key(`"count":`), 0, 36), 7)
  assert.strictEqual(numberAfter(message, key(`"index":`), 0, 36), -1)
})
