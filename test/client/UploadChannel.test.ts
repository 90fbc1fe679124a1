import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { UploadChannel } from "../../src/client/UploadChannel.ts"

const KiB = 1024

/** A socket that sends nothing until the test says so. */
const makeSocket = () => {
  const frames: Array<Uint8Array> = []
  const socket = {
    frames,
    waiting: 0,
    buffered: () => socket.waiting,
    sendBytes: (frame: Uint8Array) => {
      frames.push(frame)
      socket.waiting += frame.length
      return true
    }
  }
  return socket
}

const chunk = (uploadId: string, size: number) => ({ uploadId, offset: 5, bytes: new Uint8Array(size).fill(7) })
const always = () => true

describe("the uploads of a connection", () => {
  it.effect("a frame has its header, and the bytes behind it", () =>
    Effect.gen(function* () {
      const socket = makeSocket()
      assert.isTrue(yield* new UploadChannel(socket).send(chunk("u1", 3), always))
      const [frame = new Uint8Array()] = socket.frames
      const length = new DataView(frame.buffer).getUint32(0, true)
      assert.deepStrictEqual(JSON.parse(new TextDecoder().decode(frame.subarray(4, 4 + length))), {
        uploadId: "u1",
        offset: 5
      })
      assert.deepStrictEqual([...frame.subarray(4 + length)], [7, 7, 7])
    })
  )

  it.effect("no more than 256 KiB wait in the socket, of all uploads together, and they take turns", () =>
    Effect.gen(function* () {
      const socket = makeSocket()
      const channel = new UploadChannel(socket)
      const sending = yield* Effect.forkChild(
        Effect.forEach(["a", "b"], (id) => Effect.repeat(channel.send(chunk(id, 100 * KiB), always), { times: 9 }), {
          concurrency: 2
        })
      )
      let most = 0
      for (let tick = 0; tick < 100; tick++) {
        yield* TestClock.adjust("20 millis")
        most = Math.max(most, socket.waiting)
        socket.waiting = Math.max(0, socket.waiting - 50 * KiB)
      }
      yield* Fiber.join(sending)
      assert.strictEqual(socket.frames.length, 20)
      assert.isAtMost(most, 256 * KiB)
      const ids = socket.frames.map(
        (frame) => /"uploadId":"(\w)"/.exec(new TextDecoder().decode(frame.subarray(4, 40)))?.[1]
      )
      // The first found room at once.
      assert.deepStrictEqual(ids.slice(3, 9), ["b", "a", "b", "a", "b", "a"])
    })
  )

  it.effect("a socket that takes everything at once is not waited for", () =>
    Effect.gen(function* () {
      const socket = makeSocket()
      const send = new UploadChannel(socket).send(chunk("a", 256 * KiB), always)
      const sending = yield* Effect.forkChild(Effect.repeat(send, { times: 49 }))
      for (let tick = 0; tick < 60; tick++) {
        yield* TestClock.adjust("1 millis")
        socket.waiting = 0
      }
      assert.strictEqual(socket.frames.length, 50)
      yield* Fiber.join(sending)
    })
  )

  it.effect("what the server has stored is not in the socket any more: the next chunk waits for no timer", () =>
    Effect.gen(function* () {
      const socket = makeSocket()
      socket.waiting = 256 * KiB
      const channel = new UploadChannel(socket)
      const sending = yield* Effect.forkChild(channel.send(chunk("a", KiB), always))
      yield* TestClock.adjust("1 second")
      socket.waiting = 0
      channel.event({ _tag: "UploadReceived", uploadId: "a", received: 5 })
      // The clock stands still, as that of a page in the background nearly does.
      assert.isTrue(yield* Fiber.join(sending))
    })
  )

  it.effect("a chunk that is not wanted any more is not sent when there is room", () =>
    Effect.gen(function* () {
      const socket = makeSocket()
      socket.waiting = 256 * KiB
      let isWanted = true
      const sending = yield* Effect.forkChild(new UploadChannel(socket).send(chunk("a", KiB), () => isWanted))
      yield* TestClock.adjust("1 second")
      isWanted = false
      socket.waiting = 0
      yield* TestClock.adjust("1 second")
      assert.isFalse(yield* Fiber.join(sending))
      assert.deepStrictEqual(socket.frames, [])
    })
  )
})
