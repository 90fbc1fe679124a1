import { assert, describe, it } from "@effect/vitest"
import { ChunkSizer } from "../../src/client/ChunkSizer.ts"
import { UploadWindow } from "../../src/client/UploadWindow.ts"

const KiB = 1024

/** Sends all that may be sent now, and gives the lengths. */
const fill = (window: UploadWindow, now: number): ReadonlyArray<number> => {
  const lengths: Array<number> = []
  for (let part = window.next(); part !== undefined; part = window.next()) {
    lengths.push(part.length)
    window.push(part.length, now)
  }
  return lengths
}

describe("the size of chunks", () => {
  it("doubles while they are stored in a moment, up to what the server proposes", () => {
    const sizer = new ChunkSizer(256 * KiB)
    const sizes = [sizer.size]
    for (let now = 0; now < 5; now++) {
      sizer.stored(now, now + 0.5)
      sizes.push(sizer.size)
    }
    assert.deepStrictEqual(
      sizes,
      [32, 64, 128, 256, 256, 256].map((size) => size * KiB)
    )
  })

  it("halves where a call would wait behind them, and stays above what counts as a message", () => {
    const sizer = new ChunkSizer(256 * KiB)
    for (let now = 0; now < 100_000; now += 5000) sizer.stored(now, now + 2000)
    assert.strictEqual(sizer.size, 8 * KiB)
  })

  it("is not changed by what was sent before the last change", () => {
    const sizer = new ChunkSizer(256 * KiB)
    sizer.stored(0, 2000)
    sizer.stored(100, 2500)
    sizer.stored(1900, 4000)
    assert.strictEqual(sizer.size, 16 * KiB)
    sizer.stored(2000, 4000)
    assert.strictEqual(sizer.size, 8 * KiB)
  })

  it("is never more than a small proposal", () => {
    const sizer = new ChunkSizer(4 * KiB)
    sizer.stored(0, 1)
    sizer.stored(10, 5000)
    assert.strictEqual(sizer.size, 4 * KiB)
  })
})

describe("the window of an upload", () => {
  const begun = (size: number, received = 0) => {
    const window = new UploadWindow(size)
    window.begin({ chunkSize: 64 * KiB, window: 100 * KiB, received })
    return window
  }

  it("lets no more be under way than the server takes", () => {
    const window = begun(1000 * KiB)
    assert.deepStrictEqual(fill(window, 0), [32 * KiB, 32 * KiB, 32 * KiB])
    window.acknowledge(32 * KiB, 10)
    // Twice as large now, and larger than the room there is.
    assert.deepStrictEqual(fill(window, 10), [])
    window.acknowledge(96 * KiB, 20)
    assert.deepStrictEqual(fill(window, 20), [64 * KiB])
  })

  it("sends the last bytes, and nothing behind them", () => {
    const window = begun(33 * KiB)
    assert.deepStrictEqual(fill(window, 0), [32 * KiB, KiB])
    assert.isFalse(window.isStored)
    window.acknowledge(33 * KiB, 1)
    assert.isTrue(window.isStored)
    assert.isTrue(begun(0).isStored)
  })

  it("goes on behind what the server has, even if this connection has not sent it", () => {
    const window = begun(500 * KiB, 64 * KiB)
    assert.deepStrictEqual(window.next(), { offset: 64 * KiB, length: 32 * KiB })
    window.push(32 * KiB, 0)
    window.acknowledge(200 * KiB, 1)
    assert.strictEqual(window.next()?.offset, 200 * KiB)
  })

  it("an older acknowledgement changes nothing, and the same one twice is a doubt", () => {
    const window = begun(500 * KiB)
    fill(window, 0)
    assert.isTrue(window.acknowledge(64 * KiB, 1))
    assert.isFalse(window.acknowledge(32 * KiB, 2))
    assert.strictEqual(window.received, 64 * KiB)
    assert.isFalse(window.isDoubtful)
    assert.isFalse(window.acknowledge(64 * KiB, 3))
    assert.isTrue(window.isDoubtful)
    window.goBack()
    assert.deepStrictEqual([window.sent, window.isWaiting, window.isDoubtful], [64 * KiB, false, false])
  })
})
