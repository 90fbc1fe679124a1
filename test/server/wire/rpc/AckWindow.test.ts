import { assert, describe, it } from "@effect/vitest"
import { batchesPerAcknowledgement } from "../../../../src/LiveProtocol.ts"
import { AckWindow } from "../../../../src/server/wire/rpc/AckWindow.ts"

const windowBatches = batchesPerAcknowledgement + 4
const windowBytes = 1000
const bounds = { windowBatches, windowBytes }

/** A window after batches of these sizes were sent. */
const sent = (...sizes: ReadonlyArray<number>): AckWindow => {
  const window = new AckWindow()
  for (const bytes of sizes) window.count(bytes)
  return window
}

const batches = (count: number, bytes: number) => Array.from({ length: count }, () => bytes)

describe("the window of a stream of batches", () => {
  it("numbers its batches from 1", () => {
    const window = sent()
    assert.deepStrictEqual([window.next, window.received], [1, 0])
    window.count(1)
    window.count(1)
    assert.deepStrictEqual([window.next, window.received], [3, 0])
  })

  it("is open until as many batches are out as a client acknowledges together, whatever their size", () => {
    assert.isTrue(sent().isOpen(bounds))
    assert.isTrue(sent(...batches(batchesPerAcknowledgement - 1, windowBytes * 100)).isOpen(bounds))
    assert.isFalse(sent(...batches(batchesPerAcknowledgement, windowBytes * 100)).isOpen(bounds))
  })

  it("is closed when windowBytes are out, and not one byte before", () => {
    const small = batches(batchesPerAcknowledgement, 1)
    assert.isTrue(sent(...small, windowBytes - batchesPerAcknowledgement - 1).isOpen(bounds))
    assert.isFalse(sent(...small, windowBytes - batchesPerAcknowledgement).isOpen(bounds))
  })

  it("is closed when windowBatches are out, however small", () => {
    assert.isTrue(sent(...batches(windowBatches - 1, 0)).isOpen(bounds))
    assert.isFalse(sent(...batches(windowBatches, 0)).isOpen(bounds))
  })

  it("opens when the client has batches, and is as wide as before when it has all", () => {
    const window = sent(...batches(windowBatches, 0))
    assert.isTrue(window.acknowledge(1))
    assert.deepStrictEqual([window.isOpen(bounds), window.received, window.next], [true, 1, windowBatches + 1])
    window.count(0)
    assert.isFalse(window.isOpen(bounds))
    assert.isTrue(window.acknowledge(windowBatches + 1))
    for (let batch = 1; batch < windowBatches; batch++) window.count(0)
    assert.isTrue(window.isOpen(bounds))
    window.count(0)
    assert.isFalse(window.isOpen(bounds))
  })

  it("counts each batch that is out as their average, and those that have arrived not at all", () => {
    const count = batchesPerAcknowledgement + 2
    const window = sent(windowBytes * 2 - count + 1, ...batches(count - 1, 1))
    // Two of them arrive: what is left is exactly the share of the others.
    const left = (windowBytes * 2 * (count - 2)) / count
    assert.isTrue(window.acknowledge(2))
    assert.isAbove(left, windowBytes)
    assert.isFalse(window.isOpen(bounds))
    assert.isTrue(window.acknowledge(count))
    for (const bytes of batches(batchesPerAcknowledgement, 0)) window.count(bytes)
    window.count(windowBytes - 1)
    assert.isTrue(window.isOpen(bounds))
    window.count(1)
    assert.isFalse(window.isOpen(bounds))
  })

  it("has room again for the share of the bytes that has arrived", () => {
    const count = batchesPerAcknowledgement * 2
    const window = new AckWindow()
    const bounds = { windowBatches: count * 2, windowBytes }
    for (const bytes of batches(count, windowBytes / count)) window.count(bytes)
    assert.isFalse(window.isOpen(bounds))
    // Half of them, then a quarter of the rest.
    assert.isTrue(window.acknowledge(count / 2))
    window.count(windowBytes / 2 - 1)
    assert.isTrue(window.isOpen(bounds))
    window.count(1)
    assert.isFalse(window.isOpen(bounds))
  })

  it("takes an acknowledgement once, and none of what was not sent", () => {
    const window = sent(1, 1, 1)
    assert.isFalse(window.acknowledge(0))
    assert.isTrue(window.acknowledge(2))
    assert.isFalse(window.acknowledge(2))
    assert.isFalse(window.acknowledge(1))
    assert.strictEqual(window.received, 2)
    assert.isTrue(window.acknowledge(99))
    assert.deepStrictEqual([window.received, window.next], [3, 4])
    assert.isFalse(window.acknowledge(99))
  })
})
